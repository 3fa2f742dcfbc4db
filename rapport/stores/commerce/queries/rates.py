"""The workspace's currency and what others are worth in it."""

from __future__ import annotations

from typing import Any

from django.db import connection

from rapport.stores.commerce.models import Rate
from rapport.stores.commerce.rules.rates import Rates


def home_currency() -> str:
    """The currency of the workspace the connection is in."""
    from rapport.foundation.accounts.models import Workspace
    from rapport.foundation.accounts.tenancy import current_schema

    tenant: Any = getattr(connection, "tenant", None)
    known = getattr(tenant, "currency", "")
    if known:
        return str(known)
    found = Workspace.objects.filter(schema_name=current_schema()).values_list("currency", flat=True).first()
    return found or "EUR"


def rates() -> Rates:
    """All rates there are. One query."""
    return Rates.of(home_currency(), Rate.objects.values_list("currency", "valid_from", "rate"))


def rate_rows() -> list[Rate]:
    """For the settings page: the latest of each currency first."""
    return list(Rate.objects.order_by("currency", "-valid_from"))
