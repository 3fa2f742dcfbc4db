"""Who may see what customers are worth together, and have it worked out."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _

from rapport.foundation.records.policies import visible
from rapport.foundation.workspace.errors import NotAllowed, NotFound
from rapport.foundation.workspace.types import SYSTEM, Actor, Power
from rapport.stores.customers.policies import RECORD_TYPE, sees_everyone
from rapport.stores.customers.queries.scores import may_see_values


def may_see_equity(actor: Actor) -> bool:
    """A sum over everyone is for those who may see everyone, with their values."""
    return actor.is_system or (sees_everyone(actor) and may_see_values(actor))


def require_equity(actor: Actor) -> None:
    if not may_see_equity(actor):
        raise NotAllowed(_("Your role does not let you see what all customers are worth."))


def may_ask_for_segments(actor: Actor) -> bool:
    return may_see_equity(actor) and actor.has(Power.SHARE_VIEWS)


def require_segments(actor: Actor) -> None:
    if not may_ask_for_segments(actor):
        raise NotAllowed(_("Your role does not let you have equity worked out for a view."))


def may_study_drivers(actor: Actor) -> bool:
    return may_see_equity(actor) and actor.has(Power.SHARE_VIEWS)


def require_studies(actor: Actor) -> None:
    if not may_study_drivers(actor):
        raise NotAllowed(_("Your role does not let you study what drives customer equity."))


def everyone() -> Any:
    """All customers there are, for the worker."""
    return visible(SYSTEM, RECORD_TYPE)


def can_be_segment(view: Any) -> bool:
    """A view of customers that holds the same for whoever looks: equity is worked out once for all."""
    return view.record_type == RECORD_TYPE and view.is_shared and not _names_me(view.condition)


def require_segment(view: Any) -> None:
    if not can_be_segment(view):
        raise NotFound(_("Equity can be worked out for shared views of customers that hold the same for everyone."))


def _names_me(condition: Any) -> bool:
    return '"me"' in json.dumps(condition)
