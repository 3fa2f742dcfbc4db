"""Fields that say which touch points are meant."""

from __future__ import annotations

from typing import Any, Literal

from django import forms
from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.forms import DateInput, Form, offer
from rapport.insight.mining.rules import questions
from rapport.insight.mining.rules.acts import COLUMNS, OPERATIONS
from rapport.insight.mining.types import PURCHASE, Act, Cohorts, Funnel, Test
from rapport.stores.ledger.queries.vocabulary import words_in_use

ANY = _("Any touch point")
EVERY = _("any channel")
_PERIODS = {"month": 24, "week": 26}  # shown when no first day is given


def _choices(empty: Any, words: Any) -> list[tuple[str, Any]]:
    return [("", empty), *((name, str(label)) for name, label in words.items())]


class CohortForm(Form):
    """Which cohorts. A value that makes no sense leaves its default."""

    start = forms.ChoiceField(label=_("Who first"), required=False)
    again = forms.ChoiceField(label=_("and then again"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    unit = forms.ChoiceField(label=_("by"), choices=(("month", _("month")), ("week", _("week"))), required=False)
    since = forms.DateField(label=_("since"), widget=DateInput, required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        words = words_in_use()
        for name in ("start", "again"):
            offer(self, name, _choices(ANY, words.kinds))
        offer(self, "channel", _choices(EVERY, words.channels))
        for name, field in self.fields.items():
            field.widget.attrs["class"] = f"form-{'control' if name == 'since' else 'select'} w-auto"

    def question(self) -> Cohorts:
        self.full_clean()
        given = self.cleaned_data
        unit: Literal["week", "month"] = "week" if given.get("unit") == "week" else "month"
        since, channel = given.get("since"), given.get("channel", "")
        periods = questions.MOST_PERIODS[unit] if since else _PERIODS[unit]
        return Cohorts(
            start=Act(kind=given.get("start", ""), channel=channel),
            again=Act(kind=given.get("again", ""), channel=channel),
            unit=unit,
            since=since,
            periods=periods,
        )

    @staticmethod
    def defaults() -> dict[str, str]:
        return {"start": PURCHASE.kind, "again": PURCHASE.kind, "channel": "", "unit": "month", "since": ""}


class FunnelForm(Form):
    """A name, two to six steps and a time. Rows without a kind and a channel are left out."""

    name = forms.CharField(label=_("Name"), max_length=80)
    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=questions.MOST_DAYS, initial=30)
    count_from = forms.ChoiceField(
        label=_("Count from"),
        choices=(
            ("first", _("the customer's first start")),
            ("any", _("whichever start leads furthest")),
        ),
        initial="first",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field_name, css in (
            ("name", "form-control"),
            ("days", "form-control w-auto"),
            ("count_from", "form-select w-auto"),
        ):
            self.fields[field_name].widget.attrs["class"] = css
        words = words_in_use()
        columns = {name: COLUMNS[name] for name in (*questions.NUMBER_COLUMNS, *questions.TEXT_COLUMNS)}
        for place in range(questions.MOST_STEPS):
            said = {"n": place + 1}
            for name, label, choices in (
                ("kind", _("Step %(n)d"), _choices(_("—"), words.kinds)),
                ("channel", _("Channel of step %(n)d"), _choices(EVERY, words.channels)),
                ("property", _("Test of step %(n)d"), _choices(_("whatever it holds"), columns)),
                ("op", _("Comparison of step %(n)d"), list(OPERATIONS.items())),
            ):
                field = forms.ChoiceField(label=label % said, choices=choices, required=False)
                field.widget.attrs["class"] = "form-select w-auto"
                self.fields[f"{name}_{place}"] = field
            value = forms.CharField(label=_("Value of step %(n)d") % said, max_length=200, required=False)
            value.widget.attrs["class"] = "form-control w-auto"
            self.fields[f"value_{place}"] = value

    def rows(self) -> list[list[Any]]:
        """The fields of each step."""
        names = ("kind", "channel", "property", "op", "value")
        return [[self[f"{name}_{place}"] for name in names] for place in range(questions.MOST_STEPS)]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        steps = []
        for place in range(questions.MOST_STEPS):
            kind, channel = given.get(f"kind_{place}", ""), given.get(f"channel_{place}", "")
            if kind or channel:
                steps.append(Act(kind=kind, channel=channel, where=self._tests(given, place)))
        if len(steps) < 2:
            self.add_error("kind_1", _("A funnel has two steps at least."))
        given["steps"] = tuple(steps)
        return given

    def _tests(self, given: dict[str, Any], place: int) -> tuple[Test, ...]:
        column, op = given.get(f"property_{place}", ""), given.get(f"op_{place}", "")
        value: str | float = given.get(f"value_{place}", "")
        if not column:
            return ()
        if column in questions.NUMBER_COLUMNS:
            try:
                value = float(str(value).replace(",", "."))
            except ValueError:
                self.add_error(f"value_{place}", _("Enter a number."))
                return ()
            if not -1e15 < value < 1e15:
                self.add_error(f"value_{place}", _("Enter a number."))
                return ()
            allowed: tuple[str, ...] = questions.NUMBER_OPERATIONS
        else:
            allowed = questions.TEXT_OPERATIONS
            if not value:
                self.add_error(f"value_{place}", _("Say what it is compared with."))
                return ()
        if op not in allowed:
            self.add_error(f"op_{place}", _("This can't be compared so. Choose another comparison."))
            return ()
        return (Test(column, op, value),)

    def question(self) -> Funnel:
        given = self.cleaned_data
        return Funnel(steps=given["steps"], days=given["days"], count_from=given["count_from"])

    @staticmethod
    def initial_of(name: str, question: Funnel) -> dict[str, Any]:
        """What the form shows of a saved funnel."""
        shown: dict[str, Any] = {"name": name, "days": question.days, "count_from": question.count_from}
        for place, act in enumerate(question.steps):
            shown |= {f"kind_{place}": act.kind, f"channel_{place}": act.channel}
            for test in act.where[:1]:
                shown |= {f"property_{place}": test.property, f"op_{place}": test.op, f"value_{place}": test.value}
        return shown
