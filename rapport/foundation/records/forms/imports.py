"""Forms of imports and exports: bringing a file, and the questions an importer asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.rules.dates import DateOrder
from rapport.foundation.records.types import Field, FieldKind
from rapport.foundation.ui.forms import Form, offer

ACCEPTED = ".csv,.tsv,.txt,.xlsx,.parquet,text/csv,text/tab-separated-values,text/plain"
DATE_ORDERS = (
    (DateOrder.DAY_FIRST, _("day first: 31/12/2026")),
    (DateOrder.MONTH_FIRST, _("month first: 12/31/2026")),
    (DateOrder.YEAR_FIRST, _("year first: 26/12/31")),
    (DateOrder.EXCEL, _("days since 1900: 46387")),
    (DateOrder.UNIX, _("seconds since 1970: 1798675200")),
)
DECIMALS = ((".", _("point: 1,234.5")), (",", _("comma: 1.234,5")))
DELIMITER_NAMES = (
    (",", _("Comma")),
    (";", _("Semicolon")),
    ("\t", _("Tab")),
    ("|", _("Vertical bar")),
    (" ", _("Blanks")),
)


class UploadForm(Form):
    """A file, and what its rows are to become."""

    into = forms.ChoiceField(label=_("The rows are"), widget=forms.RadioSelect)
    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,  # the reader says what is wrong with an empty file
        help_text=_("CSV, TSV, XLSX or Parquet. Nothing is written before you have seen what would happen."),
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPTED}),
    )

    def __init__(self, *args: Any, types: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "into", list(types.items()))


class QuestionsForm(Form):
    """What an importer asks beside the columns."""

    def __init__(self, *args: Any, questions: Iterable[Field], keys: Iterable[Field], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        recognised = [("", _("Nobody: add every row")), *((one.name, one.label) for one in keys)]
        self.fields["key_field"] = forms.ChoiceField(
            label=_("Recognise customers by"), choices=recognised, required=False
        )
        for question in questions:
            self.fields[question.name] = _asked(question)

    def refuse(self, problems: Mapping[str, str]) -> None:
        """Problems by question; those of columns are shown above all."""
        for name, reason in problems.items():
            self.add_error(name if name in self.fields else None, reason)


def _asked(question: Field) -> forms.Field:
    common: dict[str, Any] = {"label": question.label, "help_text": question.help, "required": False}
    if question.kind is FieldKind.BOOLEAN:
        return forms.BooleanField(**common)
    if question.kind is FieldKind.CHOICE:
        blank = [] if question.required else [("", "–")]
        common["required"] = question.required
        return forms.ChoiceField(
            choices=[*blank, *((choice.value, choice.label) for choice in question.choices)], **common
        )
    return forms.CharField(max_length=200, **{**common, "required": question.required})
