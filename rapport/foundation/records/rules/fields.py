"""What a workspace may call and make of its own fields."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from rapport.foundation.lib.text import folded
from rapport.foundation.records.types import FieldKind

MOST_FIELDS = 200
MOST_CHOICES = 200
TONES = ("good", "warn", "bad", "info", "plum", "mute")
USEFUL_KINDS = tuple(kind for kind in FieldKind if kind is not FieldKind.TAGS)

# Words of the API, of conditions and of pages; a field of that name could not be told apart from them.
_RESERVED = """
    id ids pk all any not field fields op value values relation relations quantifier count where behaviour behavior measure
    of within set kind type version custom search order sort page cursor limit q view columns export format created updated
    deleted_at merged_into operation operation_id key keys identities addresses files relationships timeline touchpoints
    csrfmiddlewaretoken seen expected_version
"""
RESERVED = frozenset(_RESERVED.split())

# Kinds whose stored form is a text that the wider kind takes as it is.
_TEXTUAL = frozenset(
    {
        FieldKind.TEXT,
        FieldKind.URL,
        FieldKind.EMAIL,
        FieldKind.PHONE,
        FieldKind.CHOICE,
        FieldKind.NUMBER,
        FieldKind.DATE,
        FieldKind.INSTANT,
    }
)
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def name_from(label: str, taken: Collection[str]) -> str:
    """A free name made of the label: `Renewal date` becomes `renewal_date`."""
    words = re.findall(r"[a-z0-9]+", folded(label))
    base = "_".join(words)[:40].strip("_") or "extra"
    base = base if base[0].isalpha() else f"field_{base}"
    return free_name(base, {*taken, *RESERVED})


def free_name(base: str, taken: Collection[str]) -> str:
    """The name itself, or with the first number behind it that makes it one that is not taken."""
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def problem_with_name(name: str, taken: Collection[str]) -> str:
    """Why the name can't be used; nothing when it can."""
    if not _NAME.fullmatch(name) or len(name) > 48:
        return _("Small letters, digits and single underscores, beginning with a letter; at most 48.")
    if name in RESERVED:
        return _("This name has a meaning of its own in Rapport. Choose another.")
    if name in taken:
        return _("There is a field of this name already.")
    return ""


def may_become(old: FieldKind, new: FieldKind) -> bool:
    """Whether values of one kind are values of the other as they are, so that nothing is lost."""
    return old is new or (new in (FieldKind.TEXT, FieldKind.LONG_TEXT) and old in _TEXTUAL)


def checked_choices(raw: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """Choices in their stored form, and what is wrong with them. A choice without a value takes it from its label."""
    choices: list[dict[str, Any]] = []
    values: set[str] = set()
    labels: set[str] = set()
    for each in raw:
        label = " ".join(str(each.get("label", "")).split())
        if not label:
            continue
        value = str(each.get("value", "")).strip() or name_from(label, values)
        tone = str(each.get("tone", ""))
        if len(label) > 120 or len(value) > 80:
            return [], _("A choice has at most 120 characters.")
        if value in values or label.casefold() in labels:
            return [], _("“%(label)s” is there twice.") % {"label": label}
        values.add(value)
        labels.add(label.casefold())
        choices.append(
            {
                "value": value,
                "label": label,
                "tone": tone if tone in TONES else "",
                "retired": bool(each.get("retired")),
            }
        )
    if len(choices) > MOST_CHOICES:
        return [], _("At most %(number)s choices.") % {"number": MOST_CHOICES}
    return choices, ""
