"""The form that names somebody who has to do with a deal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from rapport.applications.sales.types import PersonRole
from rapport.foundation.records.forms.records import Option, PickerInput
from rapport.foundation.records.queries.search import find_records
from rapport.foundation.ui import forms as ui
from rapport.foundation.workspace.types import Actor


class PersonForm(ui.Form):
    customer_id = forms.UUIDField(
        label=gettext_lazy("Who"), error_messages={"required": gettext_lazy("Find and choose somebody.")}
    )
    role = forms.ChoiceField(label=gettext_lazy("What they have to do with it"), choices=PersonRole.choices)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=240)

    def __init__(self, data: Any = None, *, actor: Actor) -> None:
        super().__init__(data)
        words = (data or {}).get("customer_id__q", "")
        found = find_records(actor=actor, record_type="customer", words=words) if words else ()
        options = [Option(str(each.id), each.label, each.hint, each.avatar) for each in found]
        self.fields["customer_id"].widget = PickerInput("customer", None, options)

    def refuse(self, problems: Mapping[str, str]) -> None:
        """Put what the service found beside the fields."""
        for name, reason in problems.items():
            known = {"customer": "customer_id"}.get(name, name)
            self.add_error(known if known in self.fields else None, reason)
