"""Which day it is where the workspace is."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.lib import clock


def zone() -> ZoneInfo:
    """The time zone of the workspace the connection is in."""
    tenant: Any = getattr(connection, "tenant", None)
    name = getattr(tenant, "timezone", "") or (
        Workspace.objects.filter(schema_name=current_schema()).values_list("timezone", flat=True).first()
    )
    return ZoneInfo(name or "UTC")


def today() -> date:
    return clock.now().astimezone(zone()).date()
