import pytest
from hypothesis import given

from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import Chip, Condition, Vocabulary
from rapport.foundation.records.tests.conditions.strategies import trees
from rapport.foundation.records.types import Choice, Field, FieldKind, RecordType, Relation

ADA = "01890000-0000-7000-8000-000000000001"
CUSTOMER = RecordType(
    name="customer",
    label="Customer",
    plural="Customers",
    icon="users",
    model=lambda: (_ for _ in ()).throw(LookupError("no model")),
    fields=(
        Field(name="city", label="City", kind=FieldKind.TEXT),
        Field(name="tier", label="Value tier", kind=FieldKind.CHOICE, choices=(Choice("gold", "Gold"), Choice("silver", "Silver"))),
        Field(name="worth", label="Worth", kind=FieldKind.MONEY),
        Field(name="owner", label="Owner", kind=FieldKind.MEMBER),
        Field(name="born_on", label="Birthday", kind=FieldKind.DATE),
        Field(name="tags", label="Tags", kind=FieldKind.TAGS),
        Field(name="vip", label="VIP", kind=FieldKind.BOOLEAN),
    ),
)  # fmt: skip
VOCABULARY = Vocabulary(
    record_types={"customer": CUSTOMER},
    relations={"customer": (Relation(name="works_at", label="Works at", target="customer"),)},
    kinds={"email_opened": "E-mail opened"},
    sets={"view": "the view"},
    set_names={("view", ADA): "Value at risk"},
    names={ADA: "Ada Fields"},
)


@given(trees)
def test_every_tree_can_be_said_in_words_even_for_a_record_type_it_was_not_made_for(tree: Condition) -> None:
    said = conditions.describe(tree, CUSTOMER, VOCABULARY)

    assert said.sentence.startswith(said.opening)


@given(trees)
def test_every_chip_points_at_its_node(tree: Condition) -> None:
    plain = conditions.to_json(tree)

    def check(chip: Chip) -> None:
        node = plain
        for step in chip.pointer.split("/")[1:]:
            node = node[int(step)] if isinstance(node, list) else node[step]
        assert chip.node in node
        for child in chip.children:
            check(child)

    for chip in conditions.describe(tree, CUSTOMER, VOCABULARY).chips:
        check(chip)


@pytest.mark.parametrize(
    ("plain", "sentence"),
    [
        ({"all": []}, "All customers"),
        ({"field": "city", "op": "is", "value": "Hamburg"}, "Customers where City is Hamburg"),
        (
            {"all": [
                {"field": "tier", "op": "any_of", "value": ["gold", "silver"]},
                {"any": [{"field": "city", "op": "is_empty"}, {"field": "city", "op": "starts_with", "value": "Ham"}]},
                {"not": {"field": "owner", "op": "is", "value": "me"}},
            ]},
            "Customers where Value tier is Gold or Silver and (City is empty or City starts with Ham) and not (Owner is me)",
        ),
        ({"field": "owner", "op": "none_of", "value": [ADA, "me"]}, "Customers where Owner is not Ada Fields or me"),
        ({"field": "worth", "op": "between", "value": [100, "250.50"]}, "Customers where Worth is between 100 and 250.50"),
        ({"field": "worth", "op": "more_than", "value": {"amount": "9", "currency": "EUR"}}, "Customers where Worth is more than 9 EUR"),
        ({"field": "born_on", "op": "in_next", "value": {"n": 1, "unit": "weeks"}}, "Customers where Birthday is in the next 1 week"),
        ({"field": "tags", "op": "has_all", "value": ["a", "b", "c"]}, "Customers where Tags has all of a, b and c"),
        ({"field": "tags", "op": "has_any", "value": list("abcdef")}, "Customers where Tags has any of a, b, c, d or 2 more"),
        ({"field": "vip", "op": "is", "value": True}, "Customers where VIP is yes"),
        ({"relation": "works_at", "where": {"field": "city", "op": "is", "value": "Delft"}}, "Customers where Works at any customer where City is Delft"),
        ({"relation": "works_at", "quantifier": "none"}, "Customers where Works at no customer"),
        ({"relation": "works_at", "quantifier": "count", "op": "more_than", "value": 2}, "Customers where Works at more than 2 customers"),
        (
            {"all": [
                {"behaviour": {"kind": "email_opened"}, "op": "at_least", "value": 3, "within": {"last": 30, "unit": "days"}},
                {"behaviour": {"kind": "order_placed"}, "op": "at_most", "value": 0, "within": {"since": "last", "kind": "email_opened"}},
            ]},
            "Customers where E-mail opened at least 3 times in the last 30 days and Order placed never since the last E-mail opened",
        ),
        (
            {"behaviour": {"kind": "order_placed", "channel": "web", "where": [{"property": "amount", "op": "more_than", "value": 50}]}, "within": {"from": "2026-01-01", "to": "2026-02-01"}},
            "Customers where Order placed by web whose amount is more than 50 at least once from 2026-01-01 to 2026-02-01",
        ),
        (
            {"behaviour": {"kind": "order_placed"}, "measure": "sum", "of": "amount", "op": "at_least", "value": 1000},
            "Customers where Sum of amount of Order placed is at least 1000",
        ),
        ({"behaviour": {}, "measure": "last", "op": "not_in_last", "value": {"n": 3, "unit": "months"}}, "Customers where Last Any touch point is not in the last 3 months"),
        ({"behaviour": {"kind": "order_placed"}, "measure": "first", "of": "amount", "op": "less_than", "value": 5}, "Customers where amount of First Order placed is less than 5"),
        ({"set": "view", "id": ADA, "is_in": False}, "Customers where not in the view “Value at risk”"),
    ],
)  # fmt: skip
def test_a_condition_reads_as_a_sentence(plain: object, sentence: str) -> None:
    tree = conditions.from_json(plain)

    assert conditions.validate(tree, CUSTOMER, VOCABULARY) == []
    assert str(conditions.describe(tree, CUSTOMER, VOCABULARY)) == sentence
