"""Where records and their lists have their pages: addresses of their app, or those that every record type has."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from rapport.foundation.records.types import RecordType


def record_url(declared: RecordType, record_id: UUID) -> str:
    """The page of a record; empty where there is none."""
    if declared.url_name:
        return _reversed(declared.url_name, record_id)
    return _reversed("records:record", declared.name, record_id) if declared.stands_alone else ""


def records_url(declared: RecordType) -> str:
    """The list of all records of a type; empty where there is none."""
    if declared.list_url_name:
        return _reversed(declared.list_url_name)
    return _reversed("records:records", declared.name) if declared.stands_alone else ""


def undo_url(operation: Any) -> str:
    """Where the act can be taken back; nothing when nothing was done."""
    return reverse("records:undo", args=[operation.id]) if operation else ""


def _reversed(name: str, *args: object) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
