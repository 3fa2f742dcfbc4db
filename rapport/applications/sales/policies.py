"""Who may do what with deals: a deal is visible to those who may see its customer."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.applications.sales.models import Deal
from rapport.applications.sales.types import DEAL
from rapport.foundation.records import policies
from rapport.foundation.workspace import policies as workspace_policies
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.types import SYSTEM, Action, Actor, Power, Rows


def get_deal(actor: Actor, deal_id: UUID) -> Deal:
    """Errors: NotFound."""
    return policies.get_record(actor, DEAL, deal_id)


def lock_deal(actor: Actor, deal_id: UUID) -> Deal:
    """The deal, locked, that the actor may change. Errors: NotFound, NotAllowed."""
    return policies.get_record(actor, DEAL, deal_id, Action.UPDATE, lock=True)


def may_approve(actor: Actor, deal: Deal) -> bool:
    """Managers approve, and nobody their own deal but who answers for the whole workspace."""
    if actor.row_rule(Action.DELETE, DEAL).rows is not Rows.ALL or not actor.may(Action.UPDATE, DEAL):
        return False
    own = deal.owner_id is not None and deal.owner_id == actor.member_id
    return not own or actor.has(Power.MANAGE_WORKSPACE)


def require_approve(actor: Actor, deal: Deal) -> None:
    if not may_approve(actor, deal):
        raise NotAllowed(_("Deals are approved by managers, and nobody approves their own."))


def may_set_up(actor: Actor) -> bool:
    return actor.has(Power.MANAGE_FIELDS)


def require_set_up(actor: Actor) -> None:
    """Raises NotAllowed unless the actor may say which stages deals go through."""
    workspace_policies.require(actor, Power.MANAGE_FIELDS)


def teller(name: str) -> Actor:
    """Who writes a deal's touch points: the right to the deal includes it, whatever the role says of touch points."""
    return replace(SYSTEM, name=name)
