import pytest
from hypothesis import given

from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import OPERATORS, POSITIVE, TAKES, Condition, Operator
from rapport.foundation.records.tests.conditions.strategies import THING, VOCABULARY, any_json, trees
from rapport.foundation.records.types import FieldKind

ID = "01890000-0000-7000-8000-000000000001"


@given(trees)
def test_a_tree_made_for_the_record_type_has_no_problems(tree: Condition) -> None:
    assert conditions.validate(tree, THING, VOCABULARY) == []


@given(any_json)
def test_validating_never_raises_whatever_the_json(plain: object) -> None:
    for problem in conditions.validate(plain, THING, VOCABULARY):
        assert problem.reason
        assert problem.mend


def test_every_kind_has_operators_and_every_operator_a_shape() -> None:
    assert set(OPERATORS) == set(FieldKind)
    assert {op for ops in OPERATORS.values() for op in ops} == set(TAKES) == set(Operator)
    assert not set(POSITIVE) & set(POSITIVE.values())


@pytest.mark.parametrize(
    ("plain", "pointer"),
    [
        ({"field": "shoe_size", "op": "is", "value": 1}, "/field"),
        ({"field": "text", "op": "at_least", "value": 1}, "/op"),
        ({"field": "text", "op": "is", "value": 7}, "/value"),
        ({"field": "text", "op": "is", "value": ""}, "/value"),
        ({"field": "text", "op": "is", "value": "a\x00b"}, "/value"),
        ({"field": "text", "op": "is", "value": "\ud800"}, "/value"),
        ({"field": "text", "op": "is", "value": "a" * 501}, "/value"),
        ({"field": "number", "op": "is", "value": "twelve"}, "/value"),
        ({"field": "number", "op": "is", "value": True}, "/value"),
        ({"field": "number", "op": "is", "value": 1e300}, "/value"),
        ({"field": "number", "op": "is", "value": float("nan")}, "/value"),
        ({"field": "number", "op": "between", "value": [5, 1]}, "/value"),
        ({"field": "money", "op": "is", "value": {"amount": "1", "currency": "euros"}}, "/value"),
        ({"field": "money", "op": "between", "value": [{"amount": 1, "currency": "EUR"}, {"amount": 2, "currency": "USD"}]}, "/value"),
        ({"field": "date", "op": "before", "value": "2026-02-30"}, "/value"),
        ({"field": "date", "op": "before", "value": "2026-02-03T10:00"}, "/value"),
        ({"field": "instant", "op": "before", "value": "soon"}, "/value"),
        ({"field": "instant", "op": "before", "value": "0001-01-01T00:00:00+14:00"}, "/value"),
        ({"field": "choice", "op": "any_of", "value": ["gold", "platinum"]}, "/value/1"),
        ({"field": "boolean", "op": "is", "value": "yes"}, "/value"),
        ({"field": "member", "op": "is", "value": "ada"}, "/value"),
        ({"field": "relation", "op": "is", "value": "me"}, "/value"),
        ({"any": []}, "/any"),
        ({"all": [{"all": []}]}, "/all/0/all"),
        ({"relation": "married_to"}, "/relation"),
        ({"relation": "part_of", "quantifier": "count", "op": "at_least", "value": -1}, "/value"),
        ({"relation": "part_of", "quantifier": "count", "op": "at_least", "value": 1.5}, "/value"),
        ({"relation": "part_of", "where": {"field": "nothing", "op": "is_empty"}}, "/where/field"),
        ({"behaviour": {"kind": "drop table; --"}}, "/behaviour/kind"),
        ({"behaviour": {}, "op": "contains", "value": "x"}, "/op"),
        ({"behaviour": {}, "of": "amount"}, "/of"),
        ({"behaviour": {}, "measure": "sum", "op": "more_than", "value": 1}, "/of"),
        ({"behaviour": {}, "measure": "sum", "of": "subject", "op": "more_than", "value": 1}, "/of"),
        ({"behaviour": {}, "measure": "last", "op": "more_than", "value": 1}, "/op"),
        ({"behaviour": {}, "measure": "last", "of": "amount", "op": "more_than", "value": "x"}, "/value"),
        ({"behaviour": {"where": [{"property": "amount", "op": "contains", "value": "1"}]}}, "/behaviour/where/0/op"),
        ({"behaviour": {}, "within": {"from": "yesterday"}}, "/within/from"),
        ({"behaviour": {}, "within": {"from": "2026-02-02", "to": "2026-01-01"}}, "/within"),
        ({"behaviour": {}, "within": {"since": "last", "kind": "a b"}}, "/within/kind"),
        ({"set": "club", "id": ID}, "/set"),
        ({"set": "view", "id": "7"}, "/id"),
    ],
)  # fmt: skip
def test_a_condition_that_does_not_fit_is_refused_at_its_node(plain: object, pointer: str) -> None:
    problems = conditions.validate(plain, THING, VOCABULARY)

    assert [problem.pointer for problem in problems] == [pointer]


def test_an_empty_condition_holds_for_everything() -> None:
    assert conditions.validate({"all": []}, THING, VOCABULARY) == []
    assert conditions.validate({"relation": "part_of", "where": {"all": []}}, THING, VOCABULARY) == []
