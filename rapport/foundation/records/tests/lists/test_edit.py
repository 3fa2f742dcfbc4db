from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import AllOf, AnyOf, Attribute, Condition, Not, Operator, Related, edit
from rapport.foundation.records.tests.conditions.strategies import THING, VOCABULARY, leaves, trees

A, B, C = (Attribute("text", Operator.IS, letter) for letter in "abc")


def pointers(tree: Condition, pointer: str = "") -> list[str]:
    found = [pointer]
    match tree:
        case AllOf(parts):
            found += [p for at, part in enumerate(parts) for p in pointers(part, f"{pointer}/all/{at}")]
        case AnyOf(parts):
            found += [p for at, part in enumerate(parts) for p in pointers(part, f"{pointer}/any/{at}")]
        case Not(part):
            found += pointers(part, f"{pointer}/not")
        case Related(where=where) if where is not None:
            found += pointers(where, f"{pointer}/where")
    return found


@given(trees, leaves, st.data())
def test_every_change_at_every_pointer_leaves_a_valid_tree(
    tree: Condition, leaf: Condition, data: st.DataObject
) -> None:
    tree = edit.grouped(tree)
    pointer = data.draw(st.sampled_from(pointers(tree)))

    for changed in (
        edit.without(tree, pointer),
        edit.replaced(tree, pointer, leaf),
        edit.added(tree, pointer, leaf),
        edit.added(tree, pointer, leaf, joined_by=AnyOf),
        edit.flipped(tree, pointer),
        edit.negated(tree, pointer),
    ):
        assert conditions.validate(changed, THING, VOCABULARY) == []


@given(trees, st.data())
def test_flipping_and_negating_twice_changes_nothing(tree: Condition, data: st.DataObject) -> None:
    tree = edit.grouped(tree)
    pointer = data.draw(st.sampled_from(pointers(tree)))

    node = edit.node_at(tree, pointer)
    if not isinstance(node, Not):
        assert edit.negated(edit.negated(tree, pointer), pointer) == tree
    if isinstance(node, AllOf | AnyOf):
        back = pointer + ("/any" if isinstance(node, AllOf) else "/all")
        assert edit.node_at(edit.flipped(tree, pointer), f"{back}/0") is not None
    assert edit.flipped(edit.flipped(tree, pointer), pointer) == tree


@given(trees, leaves, st.data())
def test_what_was_put_in_is_found_again(tree: Condition, leaf: Condition, data: st.DataObject) -> None:
    pointer = data.draw(st.sampled_from(pointers(tree)))

    assert edit.node_at(edit.replaced(tree, pointer, leaf), pointer) == leaf


def test_the_last_part_taken_out_takes_its_group_along() -> None:
    tree = AllOf((A, AnyOf((B,)), Not(C)))

    assert edit.without(tree, "/all/1/any/0") == AllOf((A, Not(C)))
    assert edit.without(tree, "/all/2/not") == AllOf((A, AnyOf((B,))))
    assert edit.without(AllOf((A,)), "/all/0") == AllOf()


def test_an_alternative_makes_a_group_with_what_stands_there() -> None:
    assert edit.added(AllOf((A, B)), "/all/1", C, joined_by=AnyOf) == AllOf((A, AnyOf((B, C))))
    assert edit.added(AllOf((A,)), "", B) == AllOf((A, B))
    assert edit.added(AllOf((Related("part_of"),)), "/all/0", A) == AllOf((Related("part_of", where=AllOf((A,))),))


def test_a_pointer_to_nowhere_changes_nothing() -> None:
    tree = AllOf((A,))

    for pointer in ("/all/7", "/any/0", "/all/x", "/all/-1", "/where", "/all/0/not", "/all/²"):
        assert edit.node_at(tree, pointer) is None
        assert edit.without(tree, pointer) == tree
