"""Forms of records, made from the declarations of their fields, a workspace's own fields included.

A form speaks the JSON form of values on both sides: it is filled from it, and `changed()` answers only what differs from
what the person saw, for services.records. The services check everything again; a form checks so that a mistake is named
beside its field.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.foundation.accounts.forms.choices import currencies
from rapport.foundation.lib.contact import normalised_phone, readable_phone
from rapport.foundation.records import policies
from rapport.foundation.records.queries.names import Names
from rapport.foundation.records.rules import codec
from rapport.foundation.records.types import Field, FieldKind, Label, RecordType
from rapport.foundation.ui import forms as ui
from rapport.foundation.workspace.queries.members import active_members
from rapport.foundation.workspace.types import Actor

NOT_SAID = [("", gettext_lazy("Not said"))]
YES_NO = [("true", gettext_lazy("Yes")), ("false", gettext_lazy("No"))]


@dataclass(frozen=True)
class Option:
    """A record that can be picked."""

    id: str
    label: str
    hint: str = ""
    avatar: str = ""


Finder = Callable[[str, str], Sequence[Option]]  # record type and words


class PickerInput(forms.Widget):
    """Choosing a record: words to find it, then one of what was found. Works as a plain form too."""

    template_name = "records/forms/picker.html"

    def __init__(self, target: str, chosen: Option | None = None, found: Sequence[Option] = ()) -> None:
        super().__init__()
        self.target, self.chosen, self.found = target, chosen, found

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        options = [self.chosen, *self.found] if self.chosen else list(self.found)
        return {
            **super().get_context(name, value, attrs),
            "target": self.target,
            "options": options,
            "picked": str(value or ""),
        }


class ValueField(forms.Field):
    """One field of a record in a form: raw input to the JSON form, checked by the codec."""

    def __init__(self, declared: Field, *, region: Callable[[], str], **options: Any) -> None:
        super().__init__(required=declared.required, label=declared.label, help_text=declared.help, **options)
        self.declared, self.region = declared, region

    def clean(self, value: Any) -> Any:
        raw = _READERS.get(self.declared.kind, _read_text)(value)
        if self.declared.kind is FieldKind.PHONE and raw and not raw.startswith("+"):
            raw = normalised_phone(raw, self.region()) or raw
        if self.required and raw in codec.EMPTY:
            raise forms.ValidationError(_("This is needed."))
        try:
            codec.decode(self.declared, raw)
        except codec.BadValue as error:
            raise forms.ValidationError(str(error)) from None
        return raw

    def prepare_value(self, value: Any) -> Any:
        shown = _SHOWN.get(self.declared.kind)
        return shown(value) if shown and value not in codec.EMPTY else value


@dataclass(frozen=True)
class Difference:
    """A field that somebody else changed while this form was open."""

    field: Field
    theirs: Any
    mine: Any


@dataclass(frozen=True)
class Group:
    """Fields under a heading."""

    label: Label
    fields: list[forms.BoundField]


class RecordForm(ui.Form):
    """`values` are those of the record now, or what a new one begins with; `names` are the fields to show, in order."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *,
        actor: Actor,
        record_type: RecordType,
        names: Iterable[str],
        values: Mapping[str, Any] | None = None,
        version: int | None = None,
        data: Mapping[str, Any] | None = None,
        known: Names | None = None,
        region: str = "",
        currency: str = "EUR",
        find: Finder | None = None,
        widgets: Mapping[str, forms.Widget] | None = None,
    ) -> None:
        self.record_type, self.values, self.version = record_type, dict(values or {}), version
        self._region, self._currency, self._known, self._find = region, currency, known or Names(), find
        declared = [record_type.field(name) for name in names]
        self.declared = [f for f in declared if f and policies.may_write_field(actor, record_type, f.name)]
        self.differences: list[Difference] = []
        super().__init__(data, initial=self.values)
        for field in self.declared:
            widget = (widgets or {}).get(field.name) or self._widget(field)
            self.fields[field.name] = ValueField(field, region=self._country, widget=widget)
        self.initial["seen"] = json.dumps(
            {"version": version, "values": {f.name: self.values.get(f.name) for f in self.declared}}
        )

    @property
    def groups(self) -> list[Group]:
        """The fields under their headings, in the order in which the headings first occur."""
        found: dict[str, Group] = {}
        for field in self.declared:
            found.setdefault(str(field.group), Group(field.group, [])).fields.append(self[field.name])
        return list(found.values())

    def changed(self) -> dict[str, Any]:
        """What the person changed, by field, in JSON form. Where somebody else was first and they let that stand: nothing."""
        seen = self.seen_values()
        return {
            field.name: self.cleaned_data[field.name]
            for field in self.declared
            if field.name in self.cleaned_data
            and self.data.get(f"keep_{field.name}") != "theirs"
            and not _same(field, self.cleaned_data[field.name], seen.get(field.name))
        }

    def seen_values(self) -> dict[str, Any]:
        """The values the person had before them. Nothing that is checked here: it only decides what counts as changed."""
        return self._seen().get("values", {})

    def seen_version(self) -> int | None:
        version = self._seen().get("version")
        return version if isinstance(version, int) else None

    def refuse(self, problems: Mapping[str, str]) -> None:
        """Put what a service found beside the fields."""
        for name, reason in problems.items():
            self.add_error(name if name in self.fields else None, reason)

    def meet(self, current: Mapping[str, Any]) -> None:
        """Somebody else changed it meanwhile: show both values, and let the next answer say which stays."""
        mine = self.changed()
        for field in self.declared:
            if field.name in mine and not _same(field, mine[field.name], current.get(field.name)):
                if not _same(field, current.get(field.name), self.seen_values().get(field.name)):
                    self.differences.append(Difference(field, current.get(field.name), mine[field.name]))
        data = self.data.copy()  # type: ignore[attr-defined]  # what was posted, and a dict, can both be copied
        values = {**self.seen_values(), **{name: value for name, value in current.items() if name != "version"}}
        data["seen"] = json.dumps({"version": current.get("version"), "values": values})
        self.data = data

    def _seen(self) -> dict[str, Any]:
        try:
            seen = json.loads(self.data.get("seen") or "{}")
        except ValueError:
            return {}
        return seen if isinstance(seen, dict) and isinstance(seen.get("values", {}), dict) else {}

    def _country(self) -> str:
        """National phone numbers are read with the country in the same form."""
        said = str(self.data.get("country") or self.values.get("country") or "")
        return said if len(said) == 2 else self._region

    def _widget(self, field: Field) -> forms.Widget:
        now = self.values.get(field.name)
        match field.kind:
            case FieldKind.LONG_TEXT:
                return forms.Textarea(attrs={"rows": 3})
            case FieldKind.NUMBER:
                return forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"})
            case FieldKind.MONEY:
                money = ui.MoneyInput(self._currencies(now))
                # No field can be called like this, so two never meet.
                money.widgets_names = ["__amount", "__currency"]  # type: ignore[attr-defined]  # every MultiWidget has them, unseen by its types
                return money
            case FieldKind.DATE:
                return ui.DateInput()
            case FieldKind.INSTANT:
                return ui.InstantInput()
            case FieldKind.CHOICE:
                return forms.Select(choices=[*([] if field.required and now else NOT_SAID), *_offered(field, [now])])
            case FieldKind.MULTI_CHOICE:
                return forms.CheckboxSelectMultiple(choices=_offered(field, now or []))
            case FieldKind.BOOLEAN:
                return forms.Select(choices=[*NOT_SAID, *YES_NO])
            case FieldKind.URL:
                return forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"})
            case FieldKind.EMAIL:
                return forms.TextInput(attrs={"inputmode": "email", "autocomplete": "off", "spellcheck": "false"})
            case FieldKind.PHONE:
                return ui.PhoneInput(attrs={"autocomplete": "off"})
            case FieldKind.MEMBER:
                return forms.Select(choices=self._colleagues(now))
            case FieldKind.RELATION:
                return self._picker(field, now)
            case FieldKind.TAGS:
                return ui.TagsInput(attrs={"autocomplete": "off"})
        return forms.TextInput(attrs={"autocomplete": "off", "maxlength": codec.LENGTHS.get(field.kind)})

    def _currencies(self, now: Any) -> list[tuple[str, str]]:
        first = now["currency"] if isinstance(now, dict) else self._currency
        return sorted(((code, code) for code, _name in currencies()), key=lambda each: each[0] != first)

    def _colleagues(self, now: Any) -> list[tuple[str, str]]:
        people = [(str(each.id), each.name) for each in active_members()]
        if now and str(now) not in dict(people):
            people.append((str(now), self._known.members.get(str(now), _("A colleague who has left"))))
        return [("", _("Nobody")), *people]

    def _picker(self, field: Field, now: Any) -> PickerInput:
        name = self._known.records.get(str(now), ("", ""))[0] if now else ""
        chosen = Option(str(now), name or _("A record that is no longer there")) if now else None
        words = str(self.data.get(f"{field.name}__q") or "").strip() if self.data else ""
        found = self._find(field.target, words) if words and self._find else ()
        return PickerInput(field.target, chosen, found)


def _same(field: Field, one: Any, other: Any) -> bool:
    return bool(_canonical(field, one) == _canonical(field, other))


def _canonical(field: Field, raw: Any) -> Any:
    try:
        value = codec.encode(codec.decode(field, raw))
    except codec.BadValue:
        return raw
    return None if value in codec.EMPTY else value


def _offered(field: Field, now: Sequence[Any]) -> list[tuple[str, Label]]:
    """Retired choices only where the record has them."""
    return [(choice.value, choice.label) for choice in field.choices if not choice.retired or choice.value in now]


def _read_text(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value or ""


def _read_money(value: Any) -> Any:
    amount, currency = (*value, None, None)[:2] if isinstance(value, list | tuple) else (None, None)
    return {"amount": str(amount).strip(), "currency": currency or ""} if amount not in (None, "") else None


def _read_instant(value: Any) -> Any:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return value
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    return moment.astimezone(UTC).isoformat()


_READERS: dict[FieldKind, Callable[[Any], Any]] = {
    FieldKind.MONEY: _read_money,
    FieldKind.INSTANT: _read_instant,
    FieldKind.MULTI_CHOICE: lambda value: list(value or []),
    FieldKind.TAGS: lambda value: [tag.strip() for tag in str(value or "").split(",") if tag.strip()],
    FieldKind.BOOLEAN: lambda value: {"true": True, "false": False}.get(str(value or "")),
}
_SHOWN: dict[FieldKind, Callable[[Any], Any]] = {
    FieldKind.INSTANT: lambda value: _local(value),
    FieldKind.PHONE: lambda value: readable_phone(value) if isinstance(value, str) and value.startswith("+") else value,
    FieldKind.BOOLEAN: lambda value: {True: "true", False: "false"}.get(value, value),
}


def _local(value: Any) -> Any:
    try:
        return timezone.localtime(datetime.fromisoformat(value)).strftime("%Y-%m-%dT%H:%M")
    except (ValueError, TypeError):
        return value
