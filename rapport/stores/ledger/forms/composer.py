"""The composer: one form for a note, a call or a visit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock
from rapport.foundation.ui.forms import Form, InstantInput
from rapport.stores.ledger.rules.items import LONGEST_CONTENT
from rapport.stores.ledger.rules.spoken import LONGEST_MINUTES, CallOutcome, Logged
from rapport.stores.ledger.services.notes import Note
from rapport.stores.ledger.types import LATEST_DAYS_AHEAD

KINDS = [(Logged.NOTE, _("Note")), (Logged.CALL, _("Call")), (Logged.VISIT, _("Visit"))]
CALL_DIRECTIONS = [("out", _("We called")), ("in", _("They called"))]
VISIT_DIRECTIONS = [("out", _("We went there")), ("in", _("They came"))]
OUTCOMES = [
    (CallOutcome.REACHED, _("Talked")),
    (CallOutcome.VOICEMAIL, _("Left a message")),
    (CallOutcome.NO_ANSWER, _("No answer")),
]


class ComposerForm(Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=KINDS, initial=Logged.NOTE)
    body = forms.CharField(label=_("What happened"), widget=forms.Textarea, max_length=LONGEST_CONTENT, required=False)
    call_direction = forms.ChoiceField(label=_("Who called"), choices=CALL_DIRECTIONS, initial="out", required=False)
    visit_direction = forms.ChoiceField(label=_("Who went"), choices=VISIT_DIRECTIONS, initial="out", required=False)
    outcome = forms.ChoiceField(label=_("Outcome"), choices=OUTCOMES, initial=CallOutcome.REACHED, required=False)
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=LONGEST_MINUTES, required=False)
    occurred_at = forms.DateTimeField(label=_("When"), widget=InstantInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].widget.attrs |= {"class": "r-composer-in", "rows": 2}
        for name in ("call_direction", "visit_direction", "outcome"):
            self.fields[name].widget.attrs["class"] = "form-select form-select-sm w-auto"
        self.fields["minutes"].widget.attrs |= {
            "class": "form-control form-control-sm",
            "size": 4,
            "inputmode": "numeric",
        }
        self.fields["occurred_at"].widget.attrs["class"] = "form-control form-control-sm w-auto"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("kind") == Logged.NOTE and not given.get("body") and "body" not in self.errors:
            self.add_error("body", gettext("Write something first."))
        at = given.get("occurred_at")
        if at and at > clock.now() + timedelta(days=LATEST_DAYS_AHEAD):
            self.add_error("occurred_at", gettext("This lies in the future. Log what has happened."))
        return given

    def note(self) -> Note:
        given = self.cleaned_data
        logged = Logged(given["kind"])
        direction = given["visit_direction"] if logged is Logged.VISIT else given["call_direction"]
        return Note(
            logged=logged,
            body=given["body"],
            direction=direction or "out",
            outcome=given["outcome"] or CallOutcome.REACHED,
            minutes=given["minutes"],
            occurred_at=given["occurred_at"],
        )
