import contextlib
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import (
    AllOf,
    AnyOf,
    Attribute,
    Behaviour,
    Condition,
    ConditionError,
    InSet,
    Last,
    Money,
    Not,
    Occurrence,
    Operator,
    PropertyTest,
    Related,
    Since,
    Span,
)
from rapport.foundation.records.tests.conditions.strategies import any_json, trees

OPENED_AND_NOT_ORDERED = (
    '{"all":[{"behaviour":{"kind":"email_opened","channel":"email"},"measure":"count","op":"at_least","value":3,'
    '"within":{"last":30,"unit":"days"}},{"behaviour":{"kind":"order_placed"},"measure":"count","op":"at_most",'
    '"value":0,"within":{"since":"last","kind":"email_opened"}}]}'
)


@given(trees)
def test_a_tree_survives_its_json_form(tree: Condition) -> None:
    assert conditions.decode(conditions.encode(tree)) == tree


@given(trees)
def test_a_tree_survives_being_stored_as_plain_json(tree: Condition) -> None:
    stored = json.loads(conditions.encode(tree))

    assert conditions.encode(conditions.from_json(stored)) == conditions.encode(conditions.decode(json.dumps(stored)))


@given(any_json)
def test_reading_never_raises_and_never_gives_both_a_tree_and_problems(plain: object) -> None:
    tree, problems = conditions.read(plain)

    assert (tree is None) == bool(problems)
    assert all(problem.reason and problem.mend for problem in problems)


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_bytes_give_a_tree_or_a_condition_error(raw: bytes | str) -> None:
    with contextlib.suppress(ConditionError):
        assert isinstance(conditions.decode(raw), conditions.Node)


def test_the_json_of_every_node_reads_as_that_node() -> None:
    text = json.dumps(
        {
            "any": [
                {"not": {"field": "city", "op": "any_of", "value": ["Hamburg", "Bremen"]}},
                {"field": "worth", "op": "at_least", "value": {"amount": "12.50", "currency": "EUR"}},
                {"relation": "works_at", "quantifier": "count", "op": "at_least", "value": 2, "where": {"all": []}},
                {
                    "behaviour": {"where": [{"property": "amount", "op": "more_than", "value": 9.5}]},
                    "measure": "sum",
                    "of": "amount",
                    "op": "more_than",
                    "value": 100,
                    "within": {"since": "first", "kind": "seen"},
                },
                {"set": "import", "id": "x", "is_in": False},
            ]
        }
    )

    tree = conditions.decode(text)

    assert tree == AnyOf(
        (
            Not(Attribute("city", Operator.ANY_OF, ("Hamburg", "Bremen"))),
            Attribute("worth", Operator.AT_LEAST, Money("12.50", "EUR")),
            Related("works_at", "count", Operator.AT_LEAST, 2, AllOf()),
            Behaviour(
                Occurrence(where=(PropertyTest("amount", Operator.MORE_THAN, Decimal("9.5")),)),
                "sum", "amount", Operator.MORE_THAN, 100, Since("first", Occurrence("seen")),
            ),
            InSet("import", "x", False),
        )
    )  # fmt: skip


def test_the_shortest_behaviour_means_at_least_once() -> None:
    tree = conditions.decode('{"behaviour": {"kind": "order_placed"}}')

    assert tree == Behaviour(Occurrence("order_placed"), "count", "", Operator.AT_LEAST, 1)


def test_opened_three_times_and_not_ordered_since_is_one_tree() -> None:
    tree = conditions.decode(OPENED_AND_NOT_ORDERED)

    assert tree == AllOf(
        (
            Behaviour(Occurrence("email_opened", "email"), "count", "", Operator.AT_LEAST, 3, Last(Span(30, "days"))),
            Behaviour(
                Occurrence("order_placed"), "count", "", Operator.AT_MOST, 0, Since("last", Occurrence("email_opened"))
            ),
        )
    )
    assert conditions.encode(tree) == OPENED_AND_NOT_ORDERED


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("", ""),
        ("[" * 30_000, ""),
        ('{"all": ' + "[" * 33_000, ""),
        ('{"field": "a", "op": "is", "value": ' + "9" * 5000 + "}", ""),
        ("[]", ""),
        ("{}", ""),
        ('{"all": [], "any": []}', ""),
        ('{"all": {}}', "/all"),
        ('{"all": [{"field": "a", "op": "is", "value": 1}, 7]}', "/all/1"),
        ('{"field": "a"}', "/op"),
        ('{"field": "a", "op": "resembles", "value": 1}', "/op"),
        ('{"field": "a", "op": "is"}', "/value"),
        ('{"field": "a", "op": "is", "value": null}', "/value"),
        ('{"field": "a", "op": "is", "value": {"a": 1}}', "/value"),
        ('{"field": "a", "op": "is_empty", "value": 1}', "/value"),
        ('{"field": "a", "op": "any_of", "value": []}', "/value"),
        ('{"field": "a", "op": "between", "value": [1, 2, 3]}', "/value"),
        ('{"field": "a", "op": "in_last", "value": {"n": 0, "unit": "days"}}', "/value/n"),
        ('{"field": "a", "op": "in_last", "value": {"n": 1, "unit": "moons"}}', "/value/unit"),
        ('{"field": "a", "op": "is", "value": 1, "sql": "x"}', "/sql"),
        ('{"field": "a", "op": "is", "value": 1, "a/~b": "x"}', "/a~1~0b"),
        ('{"not": {"set": "view", "id": "x", "is_in": "yes"}}', "/not/is_in"),
        ('{"behaviour": {"kind": 7}}', "/behaviour/kind"),
        ('{"behaviour": {"where": [{"property": "amount"}]}}', "/behaviour/where/0/op"),
        ('{"behaviour": {}, "measure": "sum", "of": "amount"}', "/op"),
        ('{"behaviour": {}, "within": {"lately": 1}}', "/within"),
        ('{"not": ' * 9 + '{"all": []}' + "}" * 9, "/not" * 8),
        ('{"all": [' + ",".join(['{"all": []}'] * 150) + "]}", "/all/99"),
    ],
)  # fmt: skip
def test_a_malformed_condition_is_refused_at_its_node(text: str, pointer: str) -> None:
    with pytest.raises(ConditionError) as refused:
        conditions.decode(text)

    assert refused.value.problems[0].pointer == pointer


def test_every_problem_of_a_condition_is_told_at_once() -> None:
    plain = {"all": [{"field": "a", "op": "is"}, {"any": [{"set": "view"}]}, "x"]}

    _tree, problems = conditions.read(plain)

    assert [problem.pointer for problem in problems] == ["/all/0/value", "/all/1/any/0/id", "/all/2"]
