"""What the workspace asks for and has set: purposes, channels, quiet hours, caps."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.queries.visits import KeptForVisit
from rapport.touchpoints.permission.extension_points import channels, purposes
from rapport.touchpoints.permission.models import Evidence, FrequencyCap, OwnPurpose, QuietHours, Wording
from rapport.touchpoints.permission.rules.caps import Cap
from rapport.touchpoints.permission.rules.gate import House
from rapport.touchpoints.permission.rules.quiet import Quiet
from rapport.touchpoints.permission.types import Channel, Label, Purpose, PurposeKind


def _read_own(rows: list[dict[str, Any]]) -> list[Purpose]:
    return [
        Purpose(
            name=row["name"],
            label=row["label"],
            help=row["help"],
            kind=PurposeKind(row["kind"]),
            is_own=True,
            is_retired=row["retired_at"] is not None,
        )
        for row in rows
    ]


own_purposes = KeptForVisit(
    "permission",
    "(select coalesce(jsonb_agg(to_jsonb(p) order by p.created_at, p.name), '[]'::jsonb) from permission_ownpurpose p)",
    _read_own,
)


def all_purposes(*, retired: bool = False) -> list[Purpose]:
    """Those that come with Rapport, then the workspace's own. One query at most."""
    return [*purposes.values(), *(one for one in own_purposes.get() if retired or not one.is_retired)]


def find_purpose(name: str) -> Purpose:
    """Errors: Invalid. A query only for the workspace's own."""
    known = purposes.get(name)
    if known is None:
        row = OwnPurpose.objects.filter(name=name).first()
        if row is None:
            raise Invalid({"purpose": _("There is no such purpose.")})
        known = Purpose(
            name=row.name,
            label=row.label,
            help=row.help,
            kind=PurposeKind(row.kind),
            is_own=True,
            is_retired=row.retired_at is not None,
        )
    return known


def find_channel(name: str, purpose: Purpose) -> Channel | None:
    """None for profiling without a channel: no contact is made. Errors: Invalid."""
    if not name and purpose.kind == PurposeKind.PROFILING:
        return None
    known = channels.get(name)
    if known is None:
        raise Invalid({"channel": _("There is no such channel.")})
    return known


def house() -> House:
    """Quiet hours and caps."""
    return House(
        quiet=tuple(
            Quiet(row.channel, row.start, row.end, frozenset(row.days), row.covers_service)
            for row in QuietHours.objects.all()
        ),
        caps=tuple(Cap(row.purpose, row.channel, row.most, row.hours) for row in FrequencyCap.objects.all()),
    )


def house_zone() -> str:
    """The time zone of the workspace."""
    return getattr(getattr(connection, "tenant", None), "timezone", "") or "UTC"


def house_region() -> str:
    """Where national phone numbers of the workspace are read."""
    return getattr(getattr(connection, "tenant", None), "country", "") or ""


def latest_wordings() -> list[Wording]:
    """The latest version of every wording."""
    return list(Wording.objects.order_by("purpose", "language", "-version").distinct("purpose", "language"))


def find_wording(purpose: Purpose, language: str) -> Wording | None:
    """The latest wording in a language, or in its main form (`de` for `de-at`)."""
    wanted = list(dict.fromkeys((language[:10], language.partition("-")[0][:10])))
    rows = {
        row.language: row
        for row in Wording.objects.filter(purpose=purpose.name, language__in=wanted).order_by("version")
    }
    return next((rows[one] for one in wanted if one in rows), None)


def plain_wording(purpose: Purpose, language: str, house: str) -> str:
    """What is shown where the workspace has written nothing of its own."""
    with translation.override(language):
        said = {"house": house, "purpose": purpose.label, "help": purpose.help}
        if purpose.kind == PurposeKind.PROFILING:
            text = _("%(house)s may do this: %(purpose)s. %(help)s I can take this back at any time.") % said
        else:
            text = _("%(house)s may contact me for: %(purpose)s. %(help)s I can take this back at any time.") % said
    return " ".join(text.split())


@dataclass(frozen=True)
class SettingsPage:
    purposes: Sequence[Purpose]
    wordings: Sequence[Wording]
    used: Set[UUID]
    quiet: Sequence[QuietHours]
    caps: Sequence[tuple[FrequencyCap, Label, Label]]


def settings_page() -> SettingsPage:
    """Everything the settings page shows."""
    known = all_purposes(retired=True)
    labels = {one.name: one.label for one in known}
    words = latest_wordings()
    used = (
        Evidence.objects.filter(wording_id__in=[row.pk for row in words])
        .values_list("wording_id", flat=True)
        .distinct()
    )
    caps = [
        (row, labels.get(row.purpose, row.purpose), channels[row.channel].label if row.channel in channels else "")
        for row in FrequencyCap.objects.order_by("hours", "purpose", "channel")
    ]
    return SettingsPage(
        known, words, {pk for pk in used if pk is not None}, list(QuietHours.objects.order_by("channel", "start")), caps
    )
