"""Files of a customer. The bytes lie in the workspace's own storage folder, under a key that nobody outside chooses."""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock, ids
from rapport.foundation.records.models import Operation
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers import policies
from rapport.stores.customers.models import CustomerFile
from rapport.stores.customers.rules import files as rules
from rapport.stores.customers.services import parts


@transaction.atomic
def add_file(
    *, actor: Actor, customer_id: UUID, name: str, content: Any, size_bytes: int
) -> tuple[CustomerFile, Operation]:
    """Store a file. Errors: NotFound, NotAllowed, Invalid."""
    customer, _ids = policies.lock_customer(actor, customer_id)
    if size_bytes > rules.LARGEST_BYTES:
        raise Invalid(
            {"file": _("A file may have at most %(number)s MB.") % {"number": rules.LARGEST_BYTES // 1024 // 1024}}
        )
    if not size_bytes:
        raise Invalid({"file": _("This file is empty.")})
    content.seek(0)
    name = rules.clean_name(name)
    row = CustomerFile(
        customer_id=customer.pk, name=name, size_bytes=size_bytes, created_at=clock.now(), member_id=actor.member_id
    )
    row.content_type = rules.sniffed(content.read(rules.HEAD_BYTES), name)
    content.seek(0)
    key = ids.new_id().hex
    row.storage_key = default_storage.save(f"customers/{key[-3:]}/{key}", File(content))
    try:
        operation = parts.write_down(
            actor, "file", [customer.pk], before=None, after=parts.snapshot("file", row), label=name
        )
        row.save(force_insert=True)
    except BaseException:
        with contextlib.suppress(OSError):
            default_storage.delete(row.storage_key)
        raise
    return row, operation


@transaction.atomic
def remove_file(*, actor: Actor, customer_id: UUID, file_id: UUID) -> Operation:
    """The file leaves the customer; undo brings it back. Errors: NotFound, NotAllowed."""
    customer, ids_ = policies.lock_customer(actor, customer_id)
    row: CustomerFile | None = parts.own(CustomerFile.objects.filter(deleted_at=None), ids_, file_id)
    if row is None:
        raise NotFound(_("There is no such file."))
    before = parts.snapshot("file", row)
    row.deleted_at = clock.now()
    row.save(update_fields=["deleted_at"])
    return parts.write_down(actor, "file", [customer.pk], before=before, after=None, label=row.name)
