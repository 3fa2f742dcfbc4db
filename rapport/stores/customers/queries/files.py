"""The bytes of a customer's file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import CustomerFile
from rapport.stores.customers.queries.detail import file_of


def open_file(*, actor: Actor, customer_id: UUID, file_id: UUID) -> tuple[CustomerFile, Any]:
    """The row and an open file, which the caller closes. Errors: NotFound."""
    row = file_of(actor=actor, customer_id=customer_id, file_id=file_id)
    try:
        return row, default_storage.open(row.storage_key, "rb")
    except FileNotFoundError:
        raise NotFound(_("The file is no longer in the storage.")) from None
