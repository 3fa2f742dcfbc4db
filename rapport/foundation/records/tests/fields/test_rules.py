import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.records.rules import fields as rules
from rapport.foundation.records.types import FieldKind


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Renewal date", "renewal_date"),
        ("Größe (cm)", "grosse_cm"),
        ("2nd contact", "field_2nd_contact"),
        ("日本", "extra"),
        ("Name", "name_2"),
        ("Value", "value_2"),
    ],
)
def test_name_is_made_of_the_label(label: str, name: str) -> None:
    assert rules.name_from(label, {"name"}) == name


@given(st.text(max_size=200), st.sets(st.sampled_from(["a", "field", "field_2", "name"])))
def test_name_made_of_any_label_can_be_used(label: str, taken: set[str]) -> None:
    assert rules.problem_with_name(rules.name_from(label, taken), taken) == ""


@pytest.mark.parametrize(
    "name", ["", "A", "2nd", "a__b", "a_", "_a", "a-b", "a b", "a" * 49, "id", "custom", "contains;--", "name"]
)
def test_names_that_would_be_misread_are_refused(name: str) -> None:
    assert rules.problem_with_name(name, {"name"})


@pytest.mark.parametrize(
    ("old", "new", "lossless"),
    [
        (FieldKind.TEXT, FieldKind.LONG_TEXT, True),
        (FieldKind.CHOICE, FieldKind.TEXT, True),
        (FieldKind.NUMBER, FieldKind.TEXT, True),
        (FieldKind.TEXT, FieldKind.NUMBER, False),
        (FieldKind.LONG_TEXT, FieldKind.TEXT, False),
        (FieldKind.MONEY, FieldKind.TEXT, False),
        (FieldKind.BOOLEAN, FieldKind.TEXT, False),
        (FieldKind.DATE, FieldKind.INSTANT, False),
        (FieldKind.RELATION, FieldKind.TEXT, False),
        (FieldKind.MONEY, FieldKind.MONEY, True),
    ],
)
def test_kind_may_change_only_without_loss(old: FieldKind, new: FieldKind, lossless: bool) -> None:
    assert rules.may_become(old, new) is lossless


def test_choices_get_values_from_their_labels() -> None:
    choices, problem = rules.checked_choices(
        [{"label": " Gold  card "}, {"label": ""}, {"label": "Silver", "value": "s", "tone": "<b>", "retired": "on"}]
    )

    assert problem == ""
    assert choices == [
        {"value": "gold_card", "label": "Gold card", "tone": "", "retired": False},
        {"value": "s", "label": "Silver", "tone": "", "retired": True},
    ]


def test_same_choice_twice_is_refused() -> None:
    assert rules.checked_choices([{"label": "Gold"}, {"label": "gold"}])[1] == "“gold” is there twice."
