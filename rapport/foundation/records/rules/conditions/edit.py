"""Changing a tree at a pointer: what the chips of a list do. A tree that was valid stays so."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from rapport.foundation.records.rules.conditions.tree import AllOf, AnyOf, Condition, Node, Not, Related


def grouped(tree: Condition) -> AllOf | AnyOf:
    """The tree as a group, which is what a list shows."""
    return tree if isinstance(tree, AllOf | AnyOf) else AllOf((tree,))


def node_at(tree: Condition, pointer: str) -> Condition | None:
    """The node a pointer leads to; None when it leads nowhere."""
    node: Condition | None = tree
    steps = _steps(pointer)
    while steps:
        match node, steps:
            case (AllOf(parts), ["all", index, *rest]) | (AnyOf(parts), ["any", index, *rest]):
                node = parts[int(index)] if _is_index(index, parts) else None
            case Not(part), ["not", *rest]:
                node = part
            case Related(where=Node() as where), ["where", *rest]:
                node = where
            case _:
                return None
        steps = rest
    return node


def changed(tree: Condition, pointer: str, change: Callable[[Condition], Condition | None]) -> Condition:
    """The tree with one node changed, or dropped where `change` gives None. Groups left empty go too."""
    return _changed(tree, _steps(pointer), change) or AllOf()


def replaced(tree: Condition, pointer: str, node: Condition) -> Condition:
    return changed(tree, pointer, lambda _: node)


def without(tree: Condition, pointer: str) -> Condition:
    return changed(tree, pointer, lambda _: None)


def added(tree: Condition, pointer: str, node: Condition, *, joined_by: type[AllOf] | type[AnyOf] = AllOf) -> Condition:
    """The tree with `node` beside what stands at the pointer: in that group, or in a new group of the two.

    A relation takes it into its `where`.
    """

    def beside(there: Condition) -> Condition:
        if isinstance(there, Related):
            return replace(there, where=_beside(there.where or AllOf(), node, AllOf))
        return _beside(there, node, joined_by)

    return changed(tree, pointer, beside)


def flipped(tree: Condition, pointer: str) -> Condition:
    """The group at the pointer with "and" and "or" exchanged."""

    def flip(there: Condition) -> Condition:
        if isinstance(there, AllOf):
            return AnyOf(there.parts)
        return AllOf(there.parts) if isinstance(there, AnyOf) else there

    return changed(tree, pointer, flip)


def negated(tree: Condition, pointer: str) -> Condition:
    return changed(tree, pointer, lambda there: there.part if isinstance(there, Not) else Not(there))


def _beside(there: Condition, node: Condition, joined_by: type[AllOf] | type[AnyOf]) -> Condition:
    if isinstance(there, joined_by) or (isinstance(there, AllOf | AnyOf) and not there.parts):
        return joined_by((*there.parts, node))
    return joined_by((there, node))


def _changed(node: Condition, steps: list[str], change: Callable[[Condition], Condition | None]) -> Condition | None:
    match node, steps:
        case _, []:
            return change(node)
        case (AllOf(parts), ["all", index, *rest]) | (AnyOf(parts), ["any", index, *rest]) if _is_index(index, parts):
            at = int(index)
            new = _changed(parts[at], rest, change)
            kept = (*parts[:at], *([] if new is None else [new]), *parts[at + 1 :])
            if not kept:
                return None
            return AllOf(kept) if isinstance(node, AllOf) else AnyOf(kept)
        case Not(part), ["not", *rest]:
            new = _changed(part, rest, change)
            return Not(new) if new is not None else None
        case Related(where=Node() as where), ["where", *rest]:
            return replace(node, where=_changed(where, rest, change))
    return node


def _steps(pointer: str) -> list[str]:
    return pointer.split("/")[1:] if pointer else []


def _is_index(text: str, parts: tuple[Condition, ...]) -> bool:
    return text.isascii() and text.isdigit() and int(text) < len(parts)
