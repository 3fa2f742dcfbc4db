"""Who may do what with touch points. A touch point is visible to those who may see its customer."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.types import Action, Actor, Power, Rows

RECORD_TYPE = "touchpoint"
_REFUSALS = {
    Action.READ: gettext_noop("Your role does not let you see touch points."),
    Action.CREATE: gettext_noop("Your role does not let you log touch points."),
    Action.UPDATE: gettext_noop("Your role does not let you change touch points."),
    Action.DELETE: gettext_noop("Your role does not let you take touch points back."),
}


def require(actor: Actor, action: Action) -> None:
    if not actor.may(action, RECORD_TYPE):
        raise NotAllowed(gettext(_REFUSALS.get(action, _REFUSALS[Action.UPDATE])))


def may_correct(actor: Actor, *, member_id: UUID | None, source: str, own_source: str) -> bool:
    """What was written by hand can be corrected: one's own, or anybody's by those who may delete all."""
    if source != own_source or not actor.may(Action.UPDATE, RECORD_TYPE):
        return False
    if member_id is not None and member_id == actor.member_id:
        return True
    return actor.row_rule(Action.DELETE, RECORD_TYPE).rows is Rows.ALL


def may_retract(actor: Actor, *, member_id: UUID | None, source: str, own_source: str) -> bool:
    """What one wrote oneself can be taken back; anything by those who may delete all."""
    rule = actor.row_rule(Action.DELETE, RECORD_TYPE).rows
    own = source == own_source and member_id is not None and member_id == actor.member_id
    return rule is Rows.ALL or (rule is Rows.OWN and own)


def may_erase(actor: Actor) -> bool:
    return actor.row_rule(Action.DELETE, RECORD_TYPE).rows is Rows.ALL


def may_manage_sources(actor: Actor) -> bool:
    return actor.has(Power.MANAGE_SOURCES)


def require_sources(actor: Actor) -> None:
    if not may_manage_sources(actor):
        raise NotAllowed(gettext("Your role does not let you manage where touch points come from."))
