"""The e-mail composer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock
from rapport.foundation.ui.forms import Form, InstantInput
from rapport.touchpoints.conversations.queries.composing import Choices
from rapport.touchpoints.conversations.services.outbox import LONGEST_SUBJECT, LONGEST_TEXT
from rapport.touchpoints.conversations.types import NewFile, NewMessage


class _Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    def clean(self, data: Any, initial: Any = None) -> Any:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(_FilesField, self).clean(one, initial) for one in given]


class EmailForm(Form):
    sender = forms.ChoiceField(label=_("From"))
    to = forms.ChoiceField(label=_("To"))
    purpose = forms.ChoiceField(label=_("What for"))
    subject = forms.CharField(label=_("Subject"), max_length=LONGEST_SUBJECT)
    body = forms.CharField(label=_("Message"), widget=forms.Textarea, max_length=LONGEST_TEXT)
    attachments = _FilesField(label=_("Files"), widget=_Files, required=False, allow_empty_file=False)
    send_at = forms.DateTimeField(label=_("Send later"), widget=InstantInput, required=False)

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, offered in (
            ("sender", [(str(one.id), one.label) for one in choices.senders]),
            ("to", [(address, address) for address in choices.addresses]),
            ("purpose", choices.purposes),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
            field.choices = offered
            field.widget.attrs["class"] = "form-select form-select-sm w-auto"
        self.fields["subject"].widget.attrs |= {
            "class": "r-composer-in r-strong",
            "placeholder": _("Subject"),
            "autocomplete": "off",
        }
        self.fields["body"].widget.attrs |= {
            "class": "r-composer-in",
            "rows": 7,
            "placeholder": _("What do you want to say?"),
        }
        self.fields["attachments"].widget.attrs["class"] = "form-control form-control-sm"
        self.fields["send_at"].widget.attrs["class"] = "form-control form-control-sm w-auto"
        signature = next((one.signature for one in choices.senders if one.signature), "")
        if signature:
            self.fields["body"].initial = f"\n\n{signature}"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        at = given.get("send_at")
        if at and at <= clock.now():
            self.add_error("send_at", gettext("This lies in the past. Leave it empty to send now."))
        return given

    def message(self, *, to_name: str) -> NewMessage:
        given = self.cleaned_data
        return NewMessage(
            sender_id=UUID(given["sender"]),
            subject=given["subject"],
            text=given["body"],
            to_name=to_name,
            files=[NewFile(file.name, file.read()) for file in given["attachments"]],
        )
