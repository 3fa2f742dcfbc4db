"""Words of the customers store."""

from __future__ import annotations

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
