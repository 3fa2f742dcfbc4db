"""Words of permission: what may be asked for, what was answered, what the gate says."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Label = str | _StrPromise
else:
    Label = str

RECORD_TYPE: Final = "consent"
ANY: Final = ""  # of a channel or a purpose: every one
LONGEST_LIMIT_DAYS: Final = 366


class PurposeKind(models.TextChoices):
    """What the law asks of a purpose follows from its kind."""

    SERVICE = "service", _("Service")
    MARKETING = "marketing", _("Marketing")
    RESEARCH = "research", _("Research")
    PROFILING = "profiling", _("Profiling")


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What somebody is contacted for, or what is done with what is known of them (profiling)."""

    name: str
    label: Label
    kind: PurposeKind
    help: Label = ""  # as customers read it
    is_own: bool = False  # added by the workspace
    is_retired: bool = False

    @property
    def is_service(self) -> bool:
        return self.kind == PurposeKind.SERVICE


class PointKind(enum.StrEnum):
    """What a contact point of a channel is."""

    EMAIL = "email"
    PHONE = "phone"
    NONE = ""  # the customer, wherever they are: letters, visits, chats


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A way to reach somebody for which permission is kept."""

    name: str
    label: Label
    by: Label  # "by e-mail"
    icon: str
    point: PointKind = PointKind.NONE


class Status(models.TextChoices):
    """What one row of evidence says."""

    GRANTED = "granted", pgettext_lazy("permission", "Granted")
    REFUSED = "refused", pgettext_lazy("permission", "Refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("permission", "Withdrawn")
    EXPIRED = "expired", pgettext_lazy("permission", "Expired")
    PENDING = "pending", pgettext_lazy("permission", "Waiting for confirmation")
    STOPPED = "stopped", pgettext_lazy("permission", "Stopped")
    LIFTED = "lifted", pgettext_lazy("permission", "Stop lifted")
    PAUSED = "paused", pgettext_lazy("permission", "Paused")
    RESUMED = "resumed", pgettext_lazy("permission", "Pause ended")
    LIMITED = "limited", pgettext_lazy("permission", "How often")
    RETRACTED = "retracted", pgettext_lazy("permission", "Taken back")


class Basis(models.TextChoices):
    """The lawful basis, as the General Data Protection Regulation numbers them in article 6(1)."""

    CONSENT = "consent", _("Consent")
    CONTRACT = "contract", _("Contract")
    LEGAL_OBLIGATION = "legal_obligation", _("Legal obligation")
    VITAL_INTEREST = "vital_interest", _("Vital interest")
    PUBLIC_TASK = "public_task", _("Public task")
    LEGITIMATE_INTEREST = "legitimate_interest", _("Legitimate interest")


class Cause(models.TextChoices):
    """Why a contact point was stopped."""

    BOUNCE = "bounce", _("Does not arrive")
    COMPLAINT = "complaint", _("Marked as spam")
    UNSUBSCRIBE = "unsubscribe", _("Unsubscribed")
    BY_HAND = "by_hand", _("Stopped by hand")


class Source(models.TextChoices):
    """At which meeting of customer and firm the evidence came about."""

    FORM = "form", _("Form")
    PREFERENCES = "preferences", _("Preference page")
    CONFIRMATION = "confirmation", _("Confirmed by a link")
    CALL = "call", _("Call")
    VISIT = "visit", _("Visit")
    REPLY = "reply", _("Reply")
    HEADER = "header", _("Unsubscribe button of the mail program")
    PROVIDER = "provider", _("Mail provider")
    CONTRACT = "contract", _("Contract or order")
    IMPORT = "import", _("Import")
    API = "api", _("Another system")
    HAND = "hand", _("Written down by a colleague")
    CLOCK = "clock", _("Passage of time")


class Reason(enum.StrEnum):
    """The code of every answer of the gate. The words stand in rules.words."""

    GRANTED = "granted"
    NOT_ASKED = "not_asked"
    PENDING = "pending"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    BOUNCED = "stopped_bounce"
    COMPLAINED = "stopped_complaint"
    UNSUBSCRIBED = "stopped_unsubscribe"
    STOPPED = "stopped_by_hand"
    PAUSED = "paused"
    QUIET_HOURS = "quiet_hours"
    CAP_REACHED = "cap_reached"
    OWN_LIMIT = "own_limit"
    NO_CONTACT_POINT = "no_contact_point"
    PURPOSE_RETIRED = "purpose_retired"


STOP_REASONS: Mapping[str, Reason] = {
    Cause.BOUNCE: Reason.BOUNCED,
    Cause.COMPLAINT: Reason.COMPLAINED,
    Cause.UNSUBSCRIBE: Reason.UNSUBSCRIBED,
    Cause.BY_HAND: Reason.STOPPED,
}
# These pass by themselves: a message may wait for them.
PASSING = frozenset({Reason.QUIET_HOURS, Reason.CAP_REACHED, Reason.OWN_LIMIT, Reason.PAUSED})


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether somebody may be contacted, and why. `until`: when the answer may change by itself."""

    allowed: bool
    reason: Reason
    words: str
    evidence_id: UUID | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        return self.allowed


_SEAL: Final = object()


@dataclass(frozen=True, kw_only=True)
class Permit:
    """Leave to send one message. Nothing sends without one, and only `services.gate` makes them."""

    id: UUID
    customer_id: UUID
    purpose: str
    channel: str
    contact_point: str
    decided_at: datetime
    valid_until: datetime
    reason: Reason
    evidence_id: UUID
    seal: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("Only services.gate makes permits.")
        object.__setattr__(self, "seal", None)

    def holds_at(self, at: datetime) -> bool:
        """Whether the permit itself still stands; ask `queries.gate.still_holds` before a message leaves."""
        return self.decided_at <= at < self.valid_until
