"""Addresses of a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records.models import Operation
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers import policies
from rapport.stores.customers.models import Address
from rapport.stores.customers.services import parts
from rapport.stores.customers.types import AddressPurpose

_LINES = {"street": 240, "postal_code": 20, "city": 120, "region": 120}


@transaction.atomic
def add_address(*, actor: Actor, customer_id: UUID, values: Mapping[str, Any]) -> tuple[Address, Operation]:
    """Errors: NotFound, NotAllowed, Invalid."""
    policies.require_addresses(actor)
    customer, _ids = policies.lock_customer(actor, customer_id)
    address = Address(customer_id=customer.pk, created_at=clock.now(), **_checked(values))
    operation = parts.write_down(
        actor, "address", [customer.pk], before=None, after=parts.snapshot("address", address), label=str(address)
    )
    address.operation_id = operation.id
    address.save(force_insert=True)
    return address, operation


@transaction.atomic
def update_address(
    *, actor: Actor, customer_id: UUID, address_id: UUID, values: Mapping[str, Any]
) -> tuple[Address, Operation | None]:
    """Errors: NotFound, NotAllowed, Invalid."""
    policies.require_addresses(actor)
    customer, ids = policies.lock_customer(actor, customer_id)
    address = _get(ids, address_id)
    before = parts.snapshot("address", address)
    for name, value in _checked({**before, **values}).items():
        setattr(address, name, value)
    after = parts.snapshot("address", address)
    if after == before:
        return address, None
    address.save(update_fields=[*_LINES, "purpose", "country"])
    return address, parts.write_down(actor, "address", [customer.pk], before=before, after=after, label=str(address))


@transaction.atomic
def remove_address(*, actor: Actor, customer_id: UUID, address_id: UUID) -> Operation:
    """Errors: NotFound, NotAllowed."""
    policies.require_addresses(actor)
    customer, ids = policies.lock_customer(actor, customer_id)
    address = _get(ids, address_id)
    before, label = parts.snapshot("address", address), str(address)
    address.delete()
    return parts.write_down(actor, "address", [customer.pk], before=before, after=None, label=label)


def _get(ids: list[UUID], address_id: UUID) -> Address:
    address: Address | None = parts.own(Address.objects.all(), ids, address_id)
    if address is None:
        raise NotFound(_("There is no such address."))
    return address


def _checked(values: Mapping[str, Any]) -> dict[str, str]:
    lines = {name: " ".join(str(values.get(name) or "").split()) for name in _LINES}
    problems = {
        name: _("At most %(number)s characters.") % {"number": longest}
        for name, longest in _LINES.items()
        if len(lines[name]) > longest
    }
    country = str(values.get("country") or "").strip().upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        problems["country"] = _("Two letters, such as NL.")
    purpose = str(values.get("purpose") or AddressPurpose.MAIN)
    if purpose not in AddressPurpose.values:
        problems["purpose"] = _("Choose what the address is for.")
    if not any(lines.values()):
        problems.setdefault("street", _("Write at least a street, a postal code or a city."))
    if problems:
        raise Invalid(problems)
    return {**lines, "country": country, "purpose": purpose}
