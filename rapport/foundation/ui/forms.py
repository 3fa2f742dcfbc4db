"""Forms in the look's clothes: widget classes, help and errors linked to the field, one template for all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

_CHECKS = (forms.CheckboxInput, forms.CheckboxSelectMultiple, forms.RadioSelect)
_SELECTS = (forms.Select, forms.SelectMultiple)


class Renderer(DjangoTemplates):
    """Draws `{{ form }}` and `{{ field.as_field_group }}` with our templates."""

    form_template_name = "ui/parts/fields.html"
    field_template_name = "ui/parts/field.html"


def dress(bound: forms.BoundField) -> forms.BoundField:
    """Give a field's widget the look's classes. Works for forms of other packages too; doing it twice is harmless."""
    widget = bound.field.widget
    if isinstance(widget, forms.MultiWidget):
        for part in widget.widgets:
            _add(part, _class_of(part))
    else:
        _add(widget, _class_of(widget))
        if bound.errors:
            _add(widget, "is-invalid")
    return bound


def _class_of(widget: forms.Widget) -> str:
    if isinstance(widget, _CHECKS):
        return "form-check-input"
    if isinstance(widget, _SELECTS):
        return "form-select"
    return "form-control"


def _add(widget: forms.Widget, css: str) -> None:
    classes = widget.attrs.get("class", "").split()
    if css not in classes:
        widget.attrs["class"] = " ".join([*classes, css])


def offer(form: forms.BaseForm, name: str, choices: Iterable[Any]) -> None:
    """Give a field the choices that are known only once the form is made."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} is no field with choices")
    field.choices = choices


class Form(forms.Form):
    """The base of our forms."""

    default_renderer = Renderer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


class Switch(forms.CheckboxInput):
    """On or off, at once."""

    template_name = "ui/forms/switch.html"


class DateInput(forms.DateInput):
    """The browser's own date picker; it wants ISO dates whatever the language."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class InstantInput(forms.DateTimeInput):
    """A date with a time, in the member's time zone."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class SearchInput(forms.TextInput):
    input_type = "search"


class PhoneInput(forms.TextInput):
    input_type = "tel"


class LongSelect(forms.Select):
    """A choice of hundreds, drawn at once: Django draws a template for each option, which takes longer than the page."""

    template_name = "ui/forms/long_select.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        chosen = str(value or "")
        context = forms.Widget.get_context(self, name, value, attrs)
        context["widget"]["options"] = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, mark_safe(" selected") if str(key) == chosen else "", label) for key, label in self.choices),
        )
        return context


class MoneyInput(forms.MultiWidget):
    """An amount and its currency, side by side."""

    template_name = "ui/forms/money.html"
    use_fieldset = True

    def __init__(self, currencies: list[tuple[str, str]], attrs: dict[str, Any] | None = None) -> None:
        amount = forms.NumberInput(attrs={"step": "any", "inputmode": "decimal", "aria-label": _("Amount")})
        currency = LongSelect(attrs={"aria-label": _("Currency")}, choices=currencies)
        super().__init__({"amount": amount, "currency": currency}, attrs)

    def decompress(self, value: Any) -> list[Any]:
        return [value.get("amount"), value.get("currency")] if value else [None, None]


class MoneyField(forms.MultiValueField):
    """{"amount": Decimal, "currency": "EUR"}, or None."""

    def __init__(self, currencies: list[tuple[str, str]], **kwargs: Any) -> None:
        parts = (forms.DecimalField(max_digits=19, decimal_places=4), forms.ChoiceField(choices=currencies))
        super().__init__(parts, widget=MoneyInput(currencies), require_all_fields=False, **kwargs)

    def clean(self, value: Any) -> Any:
        # The currency is always chosen; only an amount makes it money.
        return super().clean(value if value and value[0] not in (None, "") else None)

    def compress(self, data_list: Any) -> dict[str, Any] | None:
        return {"amount": data_list[0], "currency": data_list[1]} if data_list else None


class TagsInput(forms.TextInput):
    """Words with commas between them; a list in the form's data."""

    def format_value(self, value: Any) -> str:
        return ", ".join(value) if isinstance(value, list | tuple) else value or ""
