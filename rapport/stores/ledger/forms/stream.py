"""What the page of all touch points can be narrowed to."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.forms import DateInput, Form, offer
from rapport.stores.ledger.queries.stream import Asked
from rapport.stores.ledger.queries.vocabulary import InUse, channel_of, kind_of


class StreamForm(Form):
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    source = forms.ChoiceField(label=_("Source"), required=False)
    since = forms.DateField(label=_("From"), widget=DateInput, required=False)
    until = forms.DateField(label=_("To"), widget=DateInput, required=False)

    def __init__(self, *args: Any, words: InUse, sources: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labelled = {
            "channel": [(name, str(channel_of(name).label)) for name in words.channels()],
            "kind": [(name, str(kind_of(name).label)) for name in words.kinds()],
            "source": [(name, sources.get(name, name)) for name in words.sources()],
        }
        every = {"channel": _("Every channel"), "kind": _("Every kind"), "source": _("Every source")}
        for name, choices in labelled.items():
            ordered = sorted(choices, key=lambda choice: choice[1].casefold())
            offer(self, name, [("", every[name]), *ordered])
            self.fields[name].widget.attrs["class"] = "form-select w-auto"
        for name in ("since", "until"):
            self.fields[name].widget.attrs["class"] = "form-control w-auto"

    def asked(self) -> Asked:
        """What was understood; a value that makes no sense narrows nothing."""
        self.full_clean()
        given = self.cleaned_data if self.is_bound else {}
        since, until = given.get("since"), given.get("until")
        zone = timezone.get_current_timezone()
        return Asked(
            channel=given.get("channel", ""),
            kind=given.get("kind", ""),
            source=given.get("source", ""),
            since=datetime.combine(since, time.min, zone) if since else None,
            until=datetime.combine(until + timedelta(days=1), time.min, zone) if until else None,
        )
