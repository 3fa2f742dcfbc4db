"""The form of a workspace's own field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.rules.fields import TONES, USEFUL_KINDS
from rapport.foundation.records.types import FieldKind, Label
from rapport.foundation.ui import forms as ui

KIND_WORDS: dict[FieldKind, tuple[Label, Label]] = {
    FieldKind.TEXT: (gettext_lazy("Text"), gettext_lazy("One line")),
    FieldKind.LONG_TEXT: (gettext_lazy("Long text"), gettext_lazy("Several lines")),
    FieldKind.NUMBER: (gettext_lazy("Number"), gettext_lazy("With decimals or without")),
    FieldKind.MONEY: (gettext_lazy("Money"), gettext_lazy("An amount and its currency")),
    FieldKind.DATE: (gettext_lazy("Date"), gettext_lazy("A day")),
    FieldKind.INSTANT: (gettext_lazy("Date and time"), gettext_lazy("A moment, in everyone’s own time zone")),
    FieldKind.CHOICE: (gettext_lazy("Choice"), gettext_lazy("One of a list")),
    FieldKind.MULTI_CHOICE: (gettext_lazy("Several choices"), gettext_lazy("Any of a list")),
    FieldKind.BOOLEAN: (gettext_lazy("Yes or no"), gettext_lazy("Or not said")),
    FieldKind.URL: (gettext_lazy("Web address"), gettext_lazy("A link")),
    FieldKind.EMAIL: (gettext_lazy("E-mail address"), ""),
    FieldKind.PHONE: (gettext_lazy("Phone number"), ""),
    FieldKind.RELATION: (gettext_lazy("Relation"), gettext_lazy("Another record")),
    FieldKind.MEMBER: (gettext_lazy("Colleague"), gettext_lazy("A member of this workspace")),
}
BLANK_ROWS = 3
TONE_WORDS: dict[str, Label] = {
    "": gettext_lazy("plain"),
    "good": gettext_lazy("good"),
    "warn": gettext_lazy("needs care"),
    "bad": gettext_lazy("bad"),
    "info": gettext_lazy("informs"),
    "plum": gettext_lazy("relationship"),
    "mute": gettext_lazy("quiet"),
}


class FieldForm(ui.Form):
    """`choices` are rows of their own beside it (see choice_rows)."""

    label = forms.CharField(label=gettext_lazy("Name of the field"), max_length=120)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"))
    target = forms.ChoiceField(label=gettext_lazy("Records of"), required=False)
    group = forms.CharField(
        label=gettext_lazy("Heading"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("Fields of one heading stand together"),
    )
    help = forms.CharField(
        label=gettext_lazy("Hint"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Stands under the field in forms"),
    )
    is_required = forms.BooleanField(label=gettext_lazy("Must be filled in"), required=False)
    in_list = forms.BooleanField(label=gettext_lazy("Can be a column of lists"), required=False)
    name = forms.CharField(
        label=gettext_lazy("Name for programs"),
        required=False,
        max_length=48,
        help_text=gettext_lazy("For the API and imports; it can’t be changed later. Empty: made from the name"),
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ui.offer(self, "kind", [(kind.value, KIND_WORDS[kind][0]) for kind in USEFUL_KINDS])
        ui.offer(self, "target", [(each.name, each.plural) for each in record_types.values()])
        if not is_new:
            del self.fields["name"]

    def refuse(self, problems: Mapping[str, str]) -> None:
        for name, reason in problems.items():
            self.add_error(name if name in self.fields else None, reason)


def choice_rows(choices: Sequence[Mapping[str, Any]], *, blank: int = BLANK_ROWS) -> list[dict[str, Any]]:
    """Rows for the choices there are, and some to fill in."""
    return [dict(choice) for choice in choices] + [{"value": "", "label": "", "tone": "", "retired": False}] * blank


def sent_choices(data: Any) -> list[dict[str, Any]]:
    """The rows of choices as they were sent; rows without a label are left out."""
    rows = zip(
        data.getlist("choice_value"),
        data.getlist("choice_label"),
        data.getlist("choice_tone"),
        data.getlist("choice_retired"),
        strict=False,
    )
    return [
        {"value": value, "label": label, "tone": tone, "retired": retired == "1"}
        for value, label, tone, retired in rows
        if label.strip()
    ]


def tones() -> list[tuple[str, Label]]:
    return [(tone, TONE_WORDS[tone]) for tone in ("", *TONES)]


def kind_said(kind: str) -> str:
    known = FieldKind(kind) if kind in set(FieldKind) else None
    return str(KIND_WORDS[known][0]) if known in KIND_WORDS else _("Unknown")
