"""Words of the ledger: what comes in, what is answered, what is shown."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import msgspec
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from rapport.foundation.workspace.types import Actor

    Label = str | _StrPromise
else:
    Label = str

NO_PROPERTIES = msgspec.Raw(b"{}")
LATEST_DAYS_AHEAD = 1


class Group(enum.StrEnum):
    """What the timeline is filtered by."""

    CONTACT = "contact"
    WEB = "web"
    ORDERS = "orders"
    SERVICE = "service"

    @property
    def label(self) -> Label:
        return _GROUP_LABELS[self]


_GROUP_LABELS: dict[Group, Label] = {
    Group.CONTACT: pgettext_lazy("group of touch points", "Contact"),
    Group.WEB: pgettext_lazy("group of touch points", "Web"),
    Group.ORDERS: pgettext_lazy("group of touch points", "Orders"),
    Group.SERVICE: pgettext_lazy("group of touch points", "Service"),
}


@dataclass(frozen=True, kw_only=True)
class Channel:
    """How a channel looks and what it belongs to. Channels nobody registered get a fitting guess."""

    name: str
    label: Label
    icon: str = "activity"
    tone: str = ""  # of the round glyph: email, call, visit, case, letter, sms
    group: Group = Group.CONTACT


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a kind reads and looks; what is empty comes from its channel.

    `phrase` is used when a touch point has no subject of its own; names in braces are properties.
    """

    name: str
    label: Label
    phrase: Label = ""
    icon: str = ""
    tone: str = ""
    group: Group | None = None
    quiet: bool = False  # one grey line: something the system noticed, not a meeting


@dataclass(frozen=True, kw_only=True)
class ComposerLink:
    """A tab of the composer that leads to another app's form. It takes the composer's place, so it has the same id."""

    label: Label
    icon: str
    url: Callable[[Actor, UUID], str | None]  # None: not for this actor


class CustomerRef(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Whom a touch point is with: by id, or by what they are known by. At least one of these."""

    id: UUID | None = None
    email: str = ""
    phone: str = ""
    external: dict[str, str | int] = {}  # namespace to id: {"shopify": "1181"}
    cookie: str = ""
    device: str = ""
    page: str = ""  # of one page load, for a visitor who lets nothing be kept; goes with none of the others
    fields: dict[str, Any] = {}  # fill what is empty on the customer: {"name": "Marta Oliveira"}


class NewTouchpoint(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One touch point on its way in, as in the API."""

    customer: CustomerRef
    channel: str
    kind: str
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    direction: str = "none"
    source: str = ""
    source_id: str | int = ""
    subject: str = ""
    amount: Decimal | None = None
    currency: str = ""
    properties: msgspec.Raw = NO_PROPERTIES  # JSON as it came, stored as it came
    content: str = ""
    member_id: UUID | None = None


def new_touchpoint(
    *,
    channel: str,
    kind: str,
    customer_id: UUID | None = None,
    customer: CustomerRef | None = None,
    properties: Mapping[str, Any] | None = None,
    **more: Any,
) -> NewTouchpoint:
    """A touch point from Python: properties as a mapping, the customer by id or by reference."""
    return NewTouchpoint(
        customer=customer or CustomerRef(id=customer_id),
        channel=channel,
        kind=kind,
        properties=msgspec.Raw(msgspec.json.encode(properties)) if properties else NO_PROPERTIES,
        **more,
    )


class Problem(msgspec.Struct, frozen=True, rename={"reason": "message"}):
    """What is wrong with one value of an item: a JSON pointer inside the item, and a sentence that says what to mend."""

    pointer: str
    reason: str


class Refused(msgspec.Struct, frozen=True):
    """An item that could not even be read."""

    problems: tuple[Problem, ...]


class Status(enum.StrEnum):
    CREATED = "created"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Outcome(msgspec.Struct, omit_defaults=True, gc=False, rename={"problems": "errors"}):
    """What became of one item. A duplicate names the touch point that was there already."""

    status: Status
    id: UUID | None = None
    customer_id: UUID | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Landed:
    """One touch point that has just been committed, for those who listen."""

    id: UUID
    customer_id: UUID
    occurred_at: datetime
    channel: str
    kind: str


@dataclass(frozen=True)
class Appended:
    """A batch that has just been committed in the current workspace."""

    source: str
    batch_id: UUID | None
    touchpoints: tuple[Landed, ...]


AfterAppend = Callable[[Appended], None]


@dataclass(frozen=True, slots=True)
class Written:
    """A batch that is about to be committed. Its rows share `recorded_at`, and their ids lie between first and last."""

    recorded_at: datetime
    first_id: UUID
    last_id: UUID
    count: int


WithAppend = Callable[[Written], None]


@dataclass(slots=True, kw_only=True)
class Entry:
    """One touch point as the timeline shows it. Filled once, by the query, and not changed afterwards."""

    id: UUID
    customer_id: UUID
    occurred_at: datetime
    recorded_at: datetime
    channel: str
    kind: str
    direction: str
    source: str
    subject: str = ""
    amount: Decimal | None = None
    currency: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    content: str = ""
    erased_at: datetime | None = None
    member_id: UUID | None = None
    corrects_id: UUID | None = None
    batch_id: UUID | None = None
    pinned: bool = False
    # How it reads and looks
    headline: str = ""
    summary: str = ""
    label: Label = ""
    channel_label: Label = ""
    icon: str = "activity"
    tone: str = ""
    quiet: bool = False
    member_name: str = ""
    whose: str = ""  # where it is not of the customer whose page this is, but of one of its people
    # What the actor may do with it
    may_edit: bool = False
    may_pin: bool = False
    may_retract: bool = False

    @property
    def is_long(self) -> bool:
        return len(self.content) > 600
