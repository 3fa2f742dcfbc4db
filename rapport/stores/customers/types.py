"""Words of the customers store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CustomerKind(models.TextChoices):
    PERSON = "person", _("Person")
    ORGANISATION = "organisation", _("Organisation")
    HOUSEHOLD = "household", _("Household")


class IdentityKind(models.TextChoices):
    """How a customer is recognised. One identity belongs to one customer at a time."""

    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone")
    COOKIE = "cookie", _("Browser")
    DEVICE = "device", _("Device")
    EXTERNAL = "external", _("External id")


# Identities that name a known customer, as against those that only recognise a browser or a device.
KNOWN = frozenset({IdentityKind.EMAIL, IdentityKind.PHONE, IdentityKind.EXTERNAL})


class AddressPurpose(models.TextChoices):
    MAIN = "main", _("Main")
    BILLING = "billing", _("Billing")
    SHIPPING = "shipping", _("Shipping")
    VISIT = "visit", _("Visit")


class Phase(models.TextChoices):
    """Where a customer stands in the life cycle; see docs/explanation/life-cycle.md."""

    PROSPECT = "prospect", pgettext_lazy("phase of a customer", "Prospect")
    ONBOARDING = "onboarding", pgettext_lazy("phase of a customer", "Onboarding")  # recruited
    LOYAL = "loyal", pgettext_lazy("phase of a customer", "Loyal")  # retained
    GROWING = "growing", pgettext_lazy("phase of a customer", "Growing")  # extended
    AT_RISK = "at_risk", pgettext_lazy("phase of a customer", "At risk")
    LAPSED = "lapsed", pgettext_lazy("phase of a customer", "Lapsed")
    WON_BACK = "won_back", pgettext_lazy("phase of a customer", "Won back")  # regained
    ENDED = "ended", pgettext_lazy("phase of a customer", "Ended")


# In these somebody is a customer now.
ACTIVE_PHASES = frozenset({Phase.ONBOARDING, Phase.LOYAL, Phase.GROWING, Phase.AT_RISK, Phase.WON_BACK})


class Cause(models.TextChoices):
    """Why a phase began."""

    ADDED = "added", _("Became known to us")
    FIRST_PURCHASE = "first_purchase", _("First purchase")
    PURCHASE = "purchase", _("Bought again")
    NEW_PRODUCT = "new_product", _("Bought something new")
    SILENCE = "silence", _("Silence longer than usual")
    TIME = "time", _("Nothing new bought for a while")
    ENDING = "ending", _("Ended")
    BY_HAND = "by_hand", _("Set by hand")


class FollowUpOutcome(models.TextChoices):
    """What came of a follow-up."""

    SETTLED = "settled", pgettext_lazy("outcome of a follow-up", "Settled")
    BOUGHT = "bought", pgettext_lazy("outcome of a follow-up", "They bought")
    NOT_NOW = "not_now", pgettext_lazy("outcome of a follow-up", "Not now")
    NO_ANSWER = "no_answer", pgettext_lazy("outcome of a follow-up", "No answer")
    LOST = "lost", pgettext_lazy("outcome of a follow-up", "Lost")
    NOT_NEEDED = "not_needed", pgettext_lazy("outcome of a follow-up", "Was not needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One touch point that says something about the phase of a customer."""

    id: UUID
    at: datetime
    kind: str
    channel: str = ""
    reference: str = ""  # number of the order, where there is one
    products: tuple[str, ...] = ()  # categories, or names where there are none
    campaign: str = ""


class CostBasis(models.TextChoices):
    """How the cost of a source is told."""

    EACH = "each", _("for each customer")
    TOTAL = "total", _("in total")


class IdentityKey(NamedTuple):
    """What makes an identity unique, in the order of its index. `value` is normalised."""

    value: str
    kind: str
    namespace: str = ""


NO_FIELDS: Mapping[str, str] = MappingProxyType({})


class IdentitySet(NamedTuple):
    """All that one event says of whom it is about. `fields` fill what is empty on the customer, or begin a new one.

    `visitor_id` stands for somebody who let nothing be kept: an id without an identity, which can never be joined to anyone.
    """

    keys: tuple[IdentityKey, ...] = ()
    customer_id: UUID | None = None
    fields: Mapping[str, str] = NO_FIELDS
    visitor_id: UUID | None = None


class Resolved(NamedTuple):
    """The id to record a touch point with, or the reason why there is none."""

    customer_id: UUID | None
    problem: str = ""
