"""A fact of a record in the panel of facts, changed where it stands: for the generic page and for those apps write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from rapport.foundation.records.forms.records import RecordForm
from rapport.foundation.records.queries.addresses import undo_url
from rapport.foundation.records.queries.fields import value_of
from rapport.foundation.records.queries.names import names_in
from rapport.foundation.records.services import records
from rapport.foundation.records.types import Field, FieldKind, RecordType
from rapport.foundation.ui.render import render, toast
from rapport.foundation.workspace.errors import Conflict, Invalid
from rapport.foundation.workspace.http import WorkspaceRequest

_SEVERAL_INPUTS = frozenset({FieldKind.LONG_TEXT, FieldKind.MULTI_CHOICE, FieldKind.MONEY, FieldKind.RELATION})


@dataclass(frozen=True)
class FactLine:
    """A field of the record in the facts panel."""

    field: Field
    value: Any
    may_edit: bool
    currency: str = ""  # of a number that is an amount
    text: str = ""  # the word for a code; empty where the value speaks for itself

    @property
    def is_simple(self) -> bool:
        """One input that can be sent as soon as it is left. The others have a button."""
        return self.field.kind not in _SEVERAL_INPUTS


@dataclass(frozen=True)
class FactGroup:
    """Facts under the heading of their fields."""

    label: str
    lines: list[FactLine]


@dataclass(frozen=True)
class FactPanel:
    """How the page of a record type shows one fact."""

    template: str
    record_name: str  # what the template calls the record
    line: Callable[[Any, Field, Any, bool], FactLine]  # of a record, a field, its value, whether it may be changed


@dataclass(frozen=True)
class Fact:
    """One field of one record, asked for by a page."""

    request: WorkspaceRequest
    panel: FactPanel
    record_type: RecordType
    record: Any
    field: Field

    def answer(self, make_form: Callable[[], RecordForm], *, may_edit: bool) -> HttpResponse:
        """GET: the form, or with `show` the value. POST: the change."""
        value = value_of(self.record, self.field)
        if self.request.method == "GET" and (not may_edit or "show" in self.request.GET):
            return self._shown(self.record, value, may_edit=may_edit)
        form = make_form()
        if self.request.method == "GET":
            return self._asked(form, value)
        if not form.is_valid():
            return self._asked(form, value, status=422)
        return self._save(form)

    def _save(self, form: RecordForm) -> HttpResponse:
        try:
            record, operation = records.update_record(
                actor=self.request.actor, record_type=self.record_type.name, record_id=self.record.pk, values=form.changed(),
                expected_version=form.seen_version(), seen=form.seen_values(),
            )  # fmt: skip
        except Invalid as error:
            form.refuse(error.problems)
            return self._asked(form, None, status=422)
        except Conflict as conflict:
            form.meet(conflict.current)
            return self._asked(form, None, status=409)
        response = self._shown(record, value_of(record, self.field), may_edit=True, saved=operation is not None)
        if operation is None:
            return response
        return toast(response, _("%(field)s changed.") % {"field": self.field.label}, undo_url(operation))

    def _shown(self, record: Any, value: Any, *, may_edit: bool, saved: bool = False) -> HttpResponse:
        names = names_in(actor=self.request.actor, fields=[self.field], values=[{self.field.name: value}])
        line = self.panel.line(record, self.field, value, may_edit)
        return self._rendered(record, {"line": line, "names": names, "saved": saved})

    def _asked(self, form: RecordForm, value: Any, *, status: int = 200) -> HttpResponse:
        name = self.field.name
        values = [{name: value}]
        values += [{name: said} for one in form.differences for said in (one.theirs, one.mine)]
        names = names_in(actor=self.request.actor, fields=[self.field], values=values)
        line = self.panel.line(self.record, self.field, value, True)
        return self._rendered(self.record, {"form": form, "line": line, "names": names}, status)

    def _rendered(self, record: Any, context: dict[str, Any], status: int = 200) -> HttpResponse:
        named = {self.panel.record_name: record, "record_type": self.record_type}
        return render(self.request, self.panel.template, {**named, **context}, status=status)
