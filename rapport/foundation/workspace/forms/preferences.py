"""The form of preferences, made from their declarations."""

from __future__ import annotations

from typing import Any

from django import forms

from rapport.foundation.workspace.types import Preference


class PreferencesForm(forms.Form):
    def __init__(self, data: Any, *, declared: list[Preference], values: dict[str, Any]) -> None:
        super().__init__(data, initial={_key(each): values[each.name] for each in declared})
        self.declared = declared
        for each in declared:
            self.fields[_key(each)] = _field(each)

    def values(self) -> dict[str, Any]:
        return {each.name: self.cleaned_data[_key(each)] for each in self.declared}


def _key(declared: Preference) -> str:
    return declared.name.replace(".", "-")


def _field(declared: Preference) -> forms.Field:
    common: dict[str, Any] = {"label": declared.label, "help_text": declared.help}
    if declared.choices:
        return forms.TypedChoiceField(choices=list(declared.choices), coerce=_coercion(declared), **common)
    if isinstance(declared.default, bool):
        return forms.BooleanField(required=False, **common)
    if isinstance(declared.default, int):
        return forms.IntegerField(min_value=declared.least, max_value=declared.most, **common)
    return forms.CharField(required=False, max_length=2000, **common)


def _coercion(declared: Preference) -> Any:
    """A choice comes back as text; find the value it stood for."""
    return lambda text: next((value for value, _label in declared.choices if str(value) == str(text)), text)
