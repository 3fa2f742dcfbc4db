"""Field rules for what hangs on a customer: an e-mail address is as secret as the field `email`, wherever it stands."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.foundation.records import policies
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Action, Actor, FieldAccess, Rows
from rapport.stores.customers.models import Customer, CustomerAlias
from rapport.stores.customers.types import IdentityKind

RECORD_TYPE = "customer"
_FIELD_OF_KIND = {IdentityKind.EMAIL: "email", IdentityKind.PHONE: "phone"}
_FIELDS_OF_ADDRESS = ("city", "country")


def lock_customer(actor: Actor, customer_id: UUID) -> tuple[Customer, list[UUID]]:
    """The standing customer, locked, whom the actor may change, and all ids. Errors: NotFound, NotAllowed."""
    standing = CustomerAlias.objects.filter(absorbed_id=customer_id).values_list("surviving_id", flat=True).first()
    customer = policies.get_record(actor, RECORD_TYPE, standing or customer_id, Action.UPDATE, lock=True)
    absorbed = CustomerAlias.objects.filter(surviving_id=customer.pk).values_list("absorbed_id", flat=True)
    return customer, [customer.pk, *absorbed]


def may_see_identity(actor: Actor, kind: str) -> bool:
    return _access(actor, _field_of(kind)) is not FieldAccess.HIDDEN


def require_identity(actor: Actor, kind: str) -> None:
    """Raises Invalid unless the actor may change identities of this kind."""
    if _access(actor, _field_of(kind)) is not FieldAccess.WRITE:
        raise Invalid({"value": _("Your role does not let you change this.")})


def may_see_addresses(actor: Actor) -> bool:
    return all(_access(actor, name) is not FieldAccess.HIDDEN for name in _FIELDS_OF_ADDRESS)


def require_addresses(actor: Actor) -> None:
    """Raises Invalid unless the actor may change addresses."""
    if any(_access(actor, name) is not FieldAccess.WRITE for name in _FIELDS_OF_ADDRESS):
        raise Invalid({"city": _("Your role does not let you change this.")})


def sees_everyone(actor: Actor) -> bool:
    """Whether names of customers may stand where no row rule was asked, such as in the history of a relationship."""
    return actor.row_rule(Action.READ, RECORD_TYPE).rows is Rows.ALL


def _field_of(kind: str) -> str:
    return _FIELD_OF_KIND.get(IdentityKind(kind), "")


def _access(actor: Actor, field: str) -> FieldAccess:
    return actor.field_access(RECORD_TYPE, field) if field else FieldAccess.WRITE


def identity_readable(actor: Actor, value: Any) -> bool:
    """For the history: whether an identity in its JSON form may be shown."""
    return may_see_identity(actor, value["kind"]) if value else True


def phase_readable(actor: Actor, value: Any) -> bool:
    """For the history: whether a phase set by hand may be shown."""
    return actor.field_access(RECORD_TYPE, "phase") is not FieldAccess.HIDDEN
