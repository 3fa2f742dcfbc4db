"""Words of the customers store."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _


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
