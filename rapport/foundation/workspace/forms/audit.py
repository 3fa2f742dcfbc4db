"""The filter of the audit log."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.forms import offer
from rapport.foundation.workspace.queries.audit import AuditFilter, groups
from rapport.foundation.workspace.queries.members import MemberLine


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class AuditFilterForm(forms.Form):
    member = forms.ChoiceField(label=_("Who"), required=False)
    group = forms.ChoiceField(label=_("What"), required=False)
    since = forms.DateField(label=_("From"), required=False, widget=DayInput)
    until = forms.DateField(label=_("To"), required=False, widget=DayInput)

    def __init__(self, *args: Any, members: list[MemberLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "member", [("", _("Everyone")), *((str(each.id), each.name) for each in members)])
        offer(self, "group", [("", _("Everything")), *groups()])

    def wanted(self) -> AuditFilter:
        """The filter as far as it can be understood: an address is anybody's text, and a log is still worth showing."""
        self.is_valid()
        chosen = self.cleaned_data
        member, until = chosen.get("member"), chosen.get("until")
        return AuditFilter(
            member_id=UUID(member) if member else None,
            group=chosen.get("group") or "",
            since=_start_of(chosen.get("since")),
            until=_start_of(until + timedelta(days=1)) if until else None,
        )


def _start_of(day: Any) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None
