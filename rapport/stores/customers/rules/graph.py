"""Where the people around a customer stand in the small drawing, and what is written between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from rapport.stores.customers.types import CustomerKind

HEIGHT, HEIGHT_OF_FEW = 216, 140  # with somebody below the customer, or without
CENTRE = (150, 112)
# Place of the node, of its name, and how the name is set; the first is above, where an employer belongs.
_PLACES = (
    (150, 24, 172, 28, "start"),
    (46, 72, 46, 50, "middle"),
    (254, 72, 254, 50, "middle"),
    (62, 180, 62, 209, "middle"),
    (238, 180, 238, 209, "middle"),
)
MOST = len(_PLACES)
LABEL_AT = 0.45  # of the way from the other to the customer, whose circle is the larger one
LONGEST_NAME = 17
LONGEST_LABEL = 16
ABOVE = ("works_at", "member_of", "parent_firm")


@dataclass(frozen=True)
class Tie:
    """One relationship as the drawing needs it."""

    other_id: UUID
    name: str
    kind: str
    type: str
    label: str
    is_over: bool


@dataclass(frozen=True)
class Node:
    id: UUID
    name: str
    full_name: str
    kind: str
    label: str
    full_label: str
    x: int
    y: int
    name_x: int
    name_y: int
    anchor: str
    label_x: int
    label_y: int
    dashed: bool

    @property
    def is_person(self) -> bool:
        return self.kind == CustomerKind.PERSON

    @property
    def left(self) -> int:
        return self.x - 15

    @property
    def top(self) -> int:
        return self.y - 15

    @property
    def letters_y(self) -> int:
        return self.y + 4


def drawing(ties: Sequence[Tie]) -> list[Node]:
    """The first few ties, one node for each customer: firms and families first, what is over last."""
    first: dict[UUID, Tie] = {}
    for tie in sorted(ties, key=lambda tie: (tie.is_over, tie.type not in ABOVE)):
        first.setdefault(tie.other_id, tie)
    return [_node(tie, place) for tie, place in zip(first.values(), _PLACES, strict=False)]


def height(nodes: Sequence[Node]) -> int:
    return HEIGHT if len(nodes) > 3 else HEIGHT_OF_FEW


def _node(tie: Tie, place: tuple[int, int, int, int, str]) -> Node:
    x, y, name_x, name_y, anchor = place
    return Node(
        id=tie.other_id,
        name=_cut(tie.name, LONGEST_NAME),
        full_name=tie.name,
        kind=tie.kind,
        label=_cut(tie.label, LONGEST_LABEL),
        full_label=tie.label,
        x=x,
        y=y,
        name_x=name_x,
        name_y=name_y,
        anchor=anchor,
        label_x=round(x + LABEL_AT * (CENTRE[0] - x)),
        label_y=round(y + LABEL_AT * (CENTRE[1] - y)) + 4,
        dashed=tie.is_over or tie.type == "knows",
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
