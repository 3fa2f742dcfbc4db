"""The form of a new workspace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from rapport.foundation.accounts.extension_points import starters
from rapport.foundation.accounts.forms import choices
from rapport.foundation.accounts.rules import is_address
from rapport.foundation.ui.forms import offer

EMPTY = "empty"


class WorkspaceFields(forms.Form):
    """What a workspace has, new or not."""

    name = forms.CharField(label=_("Name of your firm or team"), max_length=120)
    slug = forms.CharField(
        label=_("Address"),
        max_length=48,
        help_text=_("Part of every link to this workspace. Small letters, digits and hyphens."),
    )
    currency = forms.ChoiceField(label=_("Currency"))
    timezone = forms.ChoiceField(label=_("Time zone"))
    language = forms.ChoiceField(label=_("Language"))
    country = forms.ChoiceField(
        label=_("Country"),
        required=False,
        help_text=_("Phone numbers without a country code are read as this country's."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists: dict[str, Sequence[tuple[str, Any]]] = {
            "currency": choices.currencies(),
            "timezone": choices.timezones(),
            "language": choices.languages(),
            "country": [("", _("Not set")), *choices.countries()],
        }
        for name, offered in lists.items():
            offer(self, name, offered)

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).strip()
        if slug and not is_address(slug):
            raise ValidationError(_("Use small letters, digits and hyphens; begin and end with a letter or digit."))
        return slug

    def refuse_address(self) -> None:
        """Say that the address is taken; known only once it was tried."""
        self.add_error("slug", ValidationError(_("Another workspace has this address. Choose a different one.")))


class NewWorkspaceForm(WorkspaceFields):
    begin = forms.ChoiceField(label=_("Begin with"), widget=forms.RadioSelect, required=False)

    field_order = ["name", "slug", "begin"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False
        self.fields["slug"].help_text = _("Leave it empty to have one made from the name.")
        offered = sorted(starters.items(), key=lambda each: each[1].order)
        ways = [(EMPTY, _("An empty workspace")), *((name, each.label) for name, each in offered)]
        offer(self, "begin", ways)
        self.fields["begin"].initial = EMPTY
        if not offered:
            del self.fields["begin"]
