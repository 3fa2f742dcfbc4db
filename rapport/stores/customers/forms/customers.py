"""The form of a customer: persons, organisations and households are asked for different things."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from rapport.foundation.accounts.forms.choices import countries, languages, timezones
from rapport.foundation.records.forms.pages import options_found
from rapport.foundation.records.forms.records import Group, RecordForm
from rapport.foundation.records.queries.names import Names
from rapport.foundation.records.types import Field, RecordType
from rapport.foundation.ui import forms as ui
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.types import CustomerKind

MAIN = {
    CustomerKind.PERSON: (
        "given_name",
        "family_name",
        "name",
        "email",
        "phone",
        "job_title",
        "organisation_name",
        "city",
        "country",
    ),
    CustomerKind.ORGANISATION: ("name", "email", "phone", "website", "city", "country"),
    CustomerKind.HOUSEHOLD: ("name", "email", "phone", "city", "country"),
}
MORE = {
    CustomerKind.PERSON: ("owner", "tags", "source", "birth_date", "language", "timezone", "website", "notes"),
    CustomerKind.ORGANISATION: ("owner", "tags", "source", "language", "timezone", "notes"),
    CustomerKind.HOUSEHOLD: ("owner", "tags", "source", "language", "timezone", "notes"),
}
_SPOKEN = tuple("en de nl fr es pt it pl cs da sv nb fi hu ro bg el tr uk ru ar he fa hi zh-hans ja ko".split())  # noqa: SIM905 (one line reads better)
_OFFERED = ("country", "language", "timezone")
TELLING = ("given_name", "family_name", "name", "email", "phone")  # what a possible twin is known by


class CustomerForm(RecordForm):
    """`main` stands first; `more` is what can wait."""

    def __init__(self, *, kind: CustomerKind, **options: Any) -> None:
        self.kind = kind
        super().__init__(**options)
        for name in _OFFERED:
            if name in self.fields:
                self.fields[name].help_text = ""  # it speaks of codes, and there is a choice of names

    @property
    def main(self) -> list[forms.BoundField]:
        wanted = {*MAIN[self.kind], *(f.name for f in self.declared if f.required), *self.errors}
        return [self[field.name] for field in self.declared if field.name in wanted]

    @property
    def more(self) -> list[Group]:
        shown = {bound.name for bound in self.main}
        own = {str(f.group): Group(f.group, []) for f in self.declared if f.custom}
        for field in self.declared:
            if field.custom and field.name not in shown:
                own[str(field.group)].fields.append(self[field.name])
        built_in = [self[f.name] for f in self.declared if not f.custom and f.name not in shown]
        return [group for group in (Group("", built_in), *own.values()) if group.fields]


def customer_form(
    *,
    actor: Actor,
    record_type: RecordType,
    kind: str,
    values: Mapping[str, Any] | None = None,
    version: int | None = None,
    data: Mapping[str, Any] | None = None,
    known: Names | None = None,
    region: str = "",
    currency: str = "EUR",
) -> CustomerForm:
    """The form for a new customer, or with `values` for one there is."""
    chosen = CustomerKind(kind) if kind in CustomerKind.values else CustomerKind.PERSON
    is_new = version is None
    names = [name for name in (*MAIN[chosen], *MORE[chosen]) if name != "name" or _asks_for_name(chosen, values or {})]
    names += [] if is_new else ["kind"]
    names += [field.name for field in record_type.fields if field.custom]
    form = CustomerForm(
        kind=chosen,
        actor=actor,
        record_type=record_type,
        names=names,
        values=values,
        version=version,
        data=data,
        known=known,
        region=region,
        currency=currency,
        find=partial(options_found, actor),
        widgets=_widgets(values or {}),
    )
    _watch_for_twins(form, is_new=is_new)
    return form


def fact_form(
    *,
    actor: Actor,
    record_type: RecordType,
    field: Field,
    values: Mapping[str, Any],
    version: int,
    data: Mapping[str, Any] | None,
    known: Names,
    region: str = "",
    currency: str = "EUR",
) -> RecordForm:
    """The form of one field, changed where it stands."""
    return RecordForm(
        actor=actor,
        record_type=record_type,
        names=[field.name],
        values=values,
        version=version,
        data=data,
        known=known,
        region=region,
        currency=currency,
        find=partial(options_found, actor),
        widgets=_widgets(values),
    )


def _asks_for_name(kind: CustomerKind, values: Mapping[str, Any]) -> bool:
    """A person's name is made of the given and the family name, unless it was written otherwise."""
    if kind is not CustomerKind.PERSON:
        return True
    made = " ".join(part for part in (values.get("given_name"), values.get("family_name")) if part)
    return bool(values.get("name")) and values.get("name") != made


def _widgets(values: Mapping[str, Any]) -> dict[str, forms.Widget]:
    """Fields that are texts in the store and choices for people; what is there already can always stay."""
    offered = {"country": countries(), "language": _languages(), "timezone": timezones()}
    widgets: dict[str, forms.Widget] = {}
    for name, choices in offered.items():
        now = str(values.get(name) or "")
        kept = [(now, now)] if now and now not in dict(choices) else []
        widgets[name] = ui.LongSelect(choices=[("", "–"), *kept, *choices])
    return widgets


def _languages() -> list[tuple[str, str]]:
    """Languages that customers speak, those of the product first."""
    codes = dict.fromkeys([*(code for code, _name in languages()), *_SPOKEN])
    return [(code, get_language_info(code)["name_translated"].capitalize()) for code in codes]


def country_name(code: str) -> str:
    """In the reader's language; the code itself when it is none."""
    return dict(countries()).get(code.upper(), code)


def language_name(code: str) -> str:
    try:
        return str(get_language_info(code.lower())["name_translated"]).capitalize()
    except KeyError:
        return code


def _watch_for_twins(form: CustomerForm, *, is_new: bool) -> None:
    """Typing what somebody is known by asks whether there is such a customer. Sent in the body: addresses stay out of logs."""
    if not is_new:
        return
    for name in TELLING:
        if name in form.fields:
            form.fields[name].widget.attrs.update(
                {
                    "hx-post": reverse("customers:twins"),
                    "hx-trigger": "input changed delay:400ms",
                    "hx-target": "#twins",
                    "hx-include": ", ".join(f"#customer-form [name={each}]" for each in TELLING),
                    "hx-sync": "#twins:replace",
                }
            )


def title_of(kind: CustomerKind) -> str:
    return {
        CustomerKind.PERSON: _("Add person"),
        CustomerKind.ORGANISATION: _("Add organisation"),
        CustomerKind.HOUSEHOLD: _("Add household"),
    }[kind]
