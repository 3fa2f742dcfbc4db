"""What people log by hand: which kind it becomes, and how it reads. The words are made when it is shown, in each reader's language."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, ngettext


class Logged(enum.StrEnum):
    NOTE = "note"
    CALL = "call"
    VISIT = "visit"


class CallOutcome(enum.StrEnum):
    REACHED = "reached"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"


CHANNELS = {Logged.NOTE: "note", Logged.CALL: "phone", Logged.VISIT: "visit"}
LONGEST_MINUTES = 24 * 60


def kind_of(logged: Logged, direction: str, outcome: str) -> str:
    """The kind in the ledger: past tense, from the firm's side."""
    if logged is Logged.NOTE:
        return "note_added"
    if logged is Logged.VISIT:
        return "visit_received" if direction == "in" else "visit_made"
    if direction == "in":
        return "call_received" if outcome == CallOutcome.REACHED else "call_missed"
    return "call_made"


def logged_as(kind: str) -> Logged:
    """The tab of the composer that a kind came from."""
    if kind.startswith("call_"):
        return Logged.CALL
    return Logged.VISIT if kind.startswith("visit_") else Logged.NOTE


def headline(kind: str, name: str, properties: Mapping[str, Any]) -> str:
    """`Call with Ada, 18 minutes`; empty when this kind has nothing special to say."""
    if not name:
        return ""
    outcome, minutes = properties.get("outcome"), properties.get("minutes")
    if kind == "note_added":
        return gettext("Note by %(name)s") % {"name": name}
    if kind == "call_made" and outcome == CallOutcome.NO_ANSWER:
        return gettext("%(name)s called, nobody answered") % {"name": name}
    if kind == "call_made" and outcome == CallOutcome.VOICEMAIL:
        return gettext("%(name)s left a message") % {"name": name}
    if kind in ("call_made", "call_received"):
        said = gettext("Call with %(name)s") % {"name": name}
    elif kind == "call_missed":
        return gettext("Called while nobody was free")
    elif kind == "visit_made":
        said = gettext("Visit by %(name)s") % {"name": name}
    elif kind == "visit_received":
        said = gettext("Came to see %(name)s") % {"name": name}
    else:
        return ""
    if isinstance(minutes, int) and minutes > 0:
        lasted = ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
        return gettext("%(what)s, %(lasted)s") % {"what": said, "lasted": lasted}
    return said
