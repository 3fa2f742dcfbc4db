"""Funnels: saving, changing, removing."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Actor
from rapport.insight.mining import policies
from rapport.insight.mining.models import SavedFunnel
from rapport.insight.mining.queries.funnels import get_funnel
from rapport.insight.mining.rules import questions
from rapport.insight.mining.services.answers import ask
from rapport.insight.mining.types import Funnel

LONGEST_NAME = 80


@transaction.atomic
def save_funnel(*, actor: Actor, name: str, question: Funnel, funnel_id: UUID | None = None) -> SavedFunnel:
    """A new funnel or a changed one, asked at once. Errors: NotAllowed, NotFound, Invalid."""
    policies.require_asking(actor)
    cleaned = " ".join(name.replace("\x00", "").split())
    if not cleaned or len(cleaned) > LONGEST_NAME:
        raise Invalid({"name": _("Give the funnel a name of at most %(n)d characters.") % {"n": LONGEST_NAME}})
    others = SavedFunnel.objects.filter(name=cleaned)
    if (others.exclude(pk=funnel_id) if funnel_id else others).exists():
        raise Invalid({"name": _("There is a funnel of this name. Choose another.")})
    if not questions.is_sound(question):
        raise Invalid({"steps": _("A funnel has two to six steps.")})
    if funnel_id is None:
        funnel = SavedFunnel.objects.create(
            name=cleaned, question=questions.to_json(question), member_id=actor.member_id
        )
    else:
        funnel = get_funnel(funnel_id, actor=actor)
        funnel.name, funnel.question, funnel.updated_at = cleaned, questions.to_json(question), clock.now()
        funnel.save()
    ask(actor=actor, question=question, again=False)
    return funnel


@transaction.atomic
def remove_funnel(*, actor: Actor, funnel_id: UUID) -> SavedFunnel:
    """Errors: NotAllowed, NotFound."""
    policies.require_asking(actor)
    funnel = get_funnel(funnel_id, actor=actor)
    SavedFunnel.objects.filter(pk=funnel_id).delete()
    return funnel
