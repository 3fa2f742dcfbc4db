"""What customers are shown when they are asked. A version that evidence names never changes; another one follows it."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.models import Evidence, Wording
from rapport.touchpoints.permission.queries.settings import find_purpose, find_wording, plain_wording
from rapport.touchpoints.permission.types import Purpose

LONGEST = 2000


@transaction.atomic
def reword(*, actor: Actor, purpose: str, language: str, text: str) -> Wording:
    """Say it in other words from now on. What nobody was shown yet is replaced. Errors: NotAllowed, Invalid."""
    policies.require_settings(actor)
    find_purpose(purpose)
    said = " ".join(text.replace("\x00", "").split())
    if not said or len(said) > LONGEST:
        raise Invalid({"text": _("Say it in one to two thousand characters.")})
    latest = Wording.objects.select_for_update().filter(purpose=purpose, language=language).order_by("-version").first()
    if latest is not None and latest.text == said:
        return latest
    if latest is not None and not is_used(latest.pk):
        latest.text, latest.by = said, actor.name[:150]
        latest.save(update_fields=["text", "by"])
        return latest
    made = Wording.objects.create(
        purpose=purpose, language=language, version=latest.version + 1 if latest else 1, text=said, by=actor.name[:150]
    )
    audit.record("permission.reworded", actor=actor, subject=purpose, language=language, version=made.version)
    return made


def is_used(wording_id: UUID) -> bool:
    return Evidence.objects.filter(wording_id=wording_id).exists()


def shown(purpose: Purpose, language: str, house: str) -> Wording:
    """The wording a customer was shown, so that evidence can name it. Where nobody wrote one, the plain one is kept."""
    found = find_wording(purpose, language)
    if found:
        return found
    try:
        with transaction.atomic():
            return Wording.objects.create(
                purpose=purpose.name, language=language[:10], version=1, text=plain_wording(purpose, language, house)
            )
    except IntegrityError:  # somebody else was shown it at the same moment
        return Wording.objects.get(purpose=purpose.name, language=language[:10], version=1)
