"""What upper apps plug into customers: panels and facts of the customer page, their part of an export, what a merge moves.

    customer_panels.register("timeline", CustomerPanel(position="main", order=20, render=timeline_panel))

`ids` are all ids of the customer: its own first, then those merged into it. On the page of an organisation or household
panels in the middle also get those of its people when the reader asked for them (`?people=1`). The customer was checked
to be visible before anything here is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import UUID

from rapport.foundation.lib.registry import Registry

if TYPE_CHECKING:
    from django.db.models import Exists
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise

    from rapport.foundation.workspace.types import Actor
    from rapport.stores.customers.models import Customer
    from rapport.stores.customers.types import Evidence

    Label = str | _StrPromise

Position = Literal["head", "strip", "left", "main", "right"]  # "head": beside the name; "strip": key numbers below it


@dataclass(frozen=True)
class Panel:
    """One part of the customer page, ready to be drawn: the template sees the page's context and this."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CustomerPanel:
    """Where a part of the customer page stands and how it is made. None from `render`: nothing to show."""

    render: Callable[[HttpRequest, Actor, Customer, Sequence[UUID]], Panel | None]
    position: Position = "right"
    order: int = 100


@dataclass(frozen=True)
class Fact:
    """A line of the facts panel that is not a field of the record."""

    label: Label
    value: Any


@dataclass(frozen=True)
class Holding:
    """How much of one kind hangs on a customer: "312 touch points"."""

    label: Label
    count: int


customer_panels: Registry[CustomerPanel] = Registry("customer panel")
customer_facts: Registry[Callable[[Actor, Customer, Sequence[UUID]], Iterable[Fact]]] = Registry("customer facts")

# Rows in JSON form of an export of everything about one customer, under the name they are registered by.
customer_data: Registry[Callable[[Actor, Sequence[UUID]], Iterable[Mapping[str, Any]]]] = Registry("customer data")

# Whether customers are in use elsewhere, beside what one operation brought: given its id, a condition over OuterRef("pk").
# Who is in use is not removed when the operation that added them is undone, but put into the bin.
customer_uses: Registry[Callable[[UUID], Exists]] = Registry("use of customers")

# Counts for the summary before a merge. Each may run one query.
customer_holdings: Registry[Callable[[Actor, Sequence[UUID]], Holding]] = Registry("customer holding")


class PhaseEvidence(Protocol):
    """Where the life cycle finds out what customers did. Each method runs a fixed number of statements."""

    def evidence(self, ids: Sequence[UUID], kinds: Sequence[str]) -> Iterable[tuple[UUID, Evidence]]:
        """All that stands of these kinds, by the id it was recorded with. Every id of the customers is among `ids`."""

    def touched_since(self, at: datetime, kinds: Sequence[str]) -> Iterable[UUID]:
        """Ids about which something of these kinds was recorded or taken back since."""


phase_evidence: Registry[PhaseEvidence] = Registry("evidence of phases")

# One slot, "worker": asks the worker to tell the phases of marked customers of a schema anew, or with True everyone's whose
# life was told by other rules. Services lie below tasks.
phase_deferrers: Registry[Callable[[str, bool], None]] = Registry("phase deferrer")
