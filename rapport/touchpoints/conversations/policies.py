"""Who may write, see and act on messages. A message is visible to those who may see its customer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext

from rapport.foundation.records import policies as record_policies
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.types import Action, Actor
from rapport.touchpoints.conversations.types import RECORD_TYPE


def may_write(actor: Actor) -> bool:
    return actor.may(Action.CREATE, RECORD_TYPE)


def require(actor: Actor, action: Action) -> None:
    record_policies.require(actor, action, RECORD_TYPE)


def require_write(actor: Actor) -> None:
    if not may_write(actor):
        raise NotAllowed(gettext("Your role does not let you write messages."))


def visible(actor: Actor, action: Action = Action.READ) -> QuerySet[Any]:
    return record_policies.visible(actor, RECORD_TYPE, action)


def get_message(actor: Actor, message_id: UUID, action: Action = Action.READ) -> Any:
    """Errors: NotFound, NotAllowed."""
    return record_policies.get_record(actor, RECORD_TYPE, message_id, action)


def sees_subject(actor: Actor, *, sharing: str, member_id: UUID | None) -> bool:
    return actor.is_system or sharing != "nothing" or (member_id is not None and member_id == actor.member_id)


def sees_content(actor: Actor, *, sharing: str, member_id: UUID | None) -> bool:
    return actor.is_system or sharing == "all" or (member_id is not None and member_id == actor.member_id)
