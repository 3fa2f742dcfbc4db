"""A customer's timeline and what can be done in it. Each act answers with the whole region, so that nothing drifts apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.ui.render import redirect, render, saved, toast, wants_fragment
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.forms.problems import add_problems
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.extension_points import Panel
from rapport.stores.customers.queries.detail import customer_with_ids
from rapport.stores.customers.queries.relationships import ids_with_people
from rapport.stores.customers.types import CustomerKind
from rapport.stores.ledger.extension_points import composer_links
from rapport.stores.ledger.forms.composer import ComposerForm
from rapport.stores.ledger.policies import RECORD_TYPE
from rapport.stores.ledger.queries.timeline import Timeline, details, entry_of, say_whose, timeline
from rapport.stores.ledger.queries.vocabulary import channel_of, in_use, kind_of
from rapport.stores.ledger.rules import spoken
from rapport.stores.ledger.rules.cursors import cursor_of
from rapport.stores.ledger.services import corrections, notes, pins
from rapport.stores.ledger.types import Channel, ComposerLink, Entry, Group, Kind

PAGE = "ledger/timeline/page.html"
MOST_WORDS = 100


@require_safe
def show(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """The timeline by itself, filtered; or, for htmx with `before`, what comes after the end of the page."""
    context = _context(request, customer_id)
    if wants_fragment(request) and context["before"]:
        return render(request, "ledger/timeline/more.html", context)
    return render(request, PAGE, context, partial="timeline")


@require_POST
def log(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    form = ComposerForm(request.POST)
    if form.is_valid():
        try:
            notes.log(actor=request.actor, customer_id=customer_id, note=form.note())
        except Invalid as error:
            add_problems(form, error)
        else:
            if wants_fragment(request):
                return render(request, PAGE, _context(request, customer_id), partial="timeline")
            return redirect(request, customer_url(customer_id), toast=gettext("Logged."))
    context = {**_context(request, customer_id), "composer": form}
    return render(request, PAGE, context, partial="composer", status=422)


@require_safe
def one(request: WorkspaceRequest, customer_id: UUID, touchpoint_id: UUID) -> HttpResponse:
    """What can be done with one touch point and what stands behind it: a menu in the timeline, a page of its own."""
    entry = _entry(request, customer_id, touchpoint_id)
    context = {"entry": entry, "details": details(entry), "customer_id": customer_id, "back": customer_url(customer_id)}
    return render(request, "ledger/timeline/one.html", context, partial="menu")


@require_http_methods(["GET", "POST"])
def edit(request: WorkspaceRequest, customer_id: UUID, touchpoint_id: UUID) -> HttpResponse:
    """Correct what was logged by hand: the page, or the form in the side dialog."""
    entry = _entry(request, customer_id, touchpoint_id)
    logged = spoken.logged_as(entry.kind)
    initial = {
        "kind": logged,
        "body": entry.content,
        "call_direction": entry.direction,
        "visit_direction": entry.direction,
        "outcome": entry.properties.get("outcome"),
        "minutes": entry.properties.get("minutes"),
        "occurred_at": entry.occurred_at,
    }
    data = request.POST if request.method == "POST" else None
    form = ComposerForm(data, initial=initial)
    if form.is_valid():
        note = form.note()
        if note.occurred_at == entry.occurred_at.replace(second=0, microsecond=0):
            note = replace(note, occurred_at=None)  # the form shows minutes; the seconds stay
        try:
            notes.correct(actor=request.actor, customer_id=customer_id, touchpoint_id=touchpoint_id, note=note)
        except Invalid as error:
            add_problems(form, error)
        else:
            return saved(request, customer_url(customer_id), toast=gettext("Corrected. The first version is kept."))
    context = {
        "form": form,
        "entry": entry,
        "logged": logged,
        "customer_id": customer_id,
        "back": customer_url(customer_id),
    }
    return render(request, "ledger/timeline/edit.html", context, partial="form", status=422 if form.is_bound else 200)


@require_POST
def pin(request: WorkspaceRequest, customer_id: UUID, touchpoint_id: UUID) -> HttpResponse:
    try:
        pins.pin(actor=request.actor, customer_id=customer_id, touchpoint_id=touchpoint_id)
    except Invalid as error:
        return _done(request, customer_id, " ".join(error.problems.values()))
    return _done(request, customer_id, gettext("Pinned to the top."))


@require_POST
def unpin(request: WorkspaceRequest, customer_id: UUID, touchpoint_id: UUID) -> HttpResponse:
    pins.unpin(actor=request.actor, customer_id=customer_id, touchpoint_id=touchpoint_id)
    return _done(request, customer_id, gettext("Unpinned."))


@require_POST
def retract(request: WorkspaceRequest, customer_id: UUID, touchpoint_id: UUID) -> HttpResponse:
    corrections.retract_touchpoint(actor=request.actor, customer_id=customer_id, touchpoint_id=touchpoint_id)
    undo = reverse("ledger:restore", args=[customer_id, touchpoint_id])
    return _done(request, customer_id, gettext("Taken back."), undo)


@require_POST
def restore(request: WorkspaceRequest, customer_id: UUID, touchpoint_id: UUID) -> HttpResponse:
    corrections.restore_touchpoint(actor=request.actor, customer_id=customer_id, touchpoint_id=touchpoint_id)
    return _done(request, customer_id, gettext("It is back."))


def timeline_context(customer_id: UUID, shown: Timeline, asked: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the region is drawn from; `asked` are the filters of the address."""
    asked = asked or {}
    group = _group(asked.get("group", ""))
    narrowed = {name: asked.get(name, "").strip()[:MOST_WORDS] for name in ("q", "channel", "kind")}
    people = "1" if asked.get("people") == "1" else ""
    present = in_use()
    return {
        "customer_id": customer_id,
        "touchpoints_url": reverse("ledger:log", args=[customer_id]),
        "timeline": shown,
        "days": shown.days(),
        "groups": list(Group),
        "group": group,
        "words": narrowed["q"],
        "channel": narrowed["channel"],
        "kind": narrowed["kind"],
        "others": urlencode({name: value for name, value in {**narrowed, "people": people}.items() if value}),
        "people_too": people,
        "channels": _labelled(present.channels(), channel_of),
        "kinds": _labelled(present.kinds(), kind_of),
        "before": asked.get("before", ""),
        "after_day": asked.get("day", ""),
        "is_filtered": bool(group or any(narrowed.values())),
    }


def _labelled(names: Iterable[str], find: Callable[[str], Channel | Kind]) -> list[tuple[str, str]]:
    return sorted(((name, str(find(name).label)) for name in names), key=lambda pair: pair[1].casefold())


def composer_panel(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """The composer on the customer page."""
    if not actor.may(Action.CREATE, RECORD_TYPE):
        return None
    links = _composer_links(actor, customer.pk)
    context = {"composer": ComposerForm(), "composer_links": links, "customer_id": customer.pk}
    return Panel("ledger/timeline/_composer.html", context)


def timeline_panel(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """The timeline on the customer page."""
    if not actor.may(Action.READ, RECORD_TYPE):
        return None
    shown = timeline(actor=actor, customer_id=customer.pk, ids=ids)
    asked = {"people": "1"} if _with_people(request, customer) else {}
    if asked:
        say_whose(shown.entries, actor=actor, customer=customer)
    return Panel("ledger/timeline/_timeline.html", timeline_context(customer.pk, shown, asked))


def customer_url(customer_id: UUID) -> str:
    return reverse("customers:detail", args=[customer_id])


def _context(request: WorkspaceRequest, customer_id: UUID) -> dict[str, Any]:
    customer, ids = customer_with_ids(actor=request.actor, customer_id=customer_id)
    asked = request.GET.dict() if request.method == "GET" else {}
    with_people = _with_people(request, customer)
    if with_people:
        ids = ids_with_people(actor=request.actor, customer_id=customer.pk, kind=customer.kind)
    shown = timeline(
        actor=request.actor,
        customer_id=customer.pk,
        ids=ids,
        before=cursor_of(str(asked.get("before", ""))),
        kinds=[str(asked["kind"])] if asked.get("kind") else (),
        channels=[str(asked["channel"])] if asked.get("channel") else (),
        group=_group(str(asked.get("group", ""))),
        search=str(asked.get("q", ""))[:MOST_WORDS],
    )
    if with_people:
        say_whose(shown.entries, actor=request.actor, customer=customer)
    context = timeline_context(customer.pk, shown, {name: str(value) for name, value in asked.items()})
    composer = {"composer": ComposerForm(), "composer_links": _composer_links(request.actor, customer.pk)}
    return {**context, "customer": customer, **(composer if shown.may_add else {})}


def _composer_links(actor: Actor, customer_id: UUID) -> list[tuple[ComposerLink, str]]:
    """Ways to write that other apps offer this actor, with their addresses."""
    return [(link, url) for link in composer_links.values() if (url := link.url(actor, customer_id))]


def _with_people(request: HttpRequest, customer: Any) -> bool:
    """Whether the page of an organisation or household also shows what happened with its people."""
    return request.GET.get("people") == "1" and customer.kind != CustomerKind.PERSON


def _entry(request: WorkspaceRequest, customer_id: UUID, touchpoint_id: UUID) -> Entry:
    entry = entry_of(actor=request.actor, customer_id=customer_id, touchpoint_id=touchpoint_id)
    if entry is None:
        raise NotFound(gettext("There is no such touch point, or it was taken back."))
    return entry


def _group(name: str) -> Group | None:
    return next((group for group in Group if group == name), None)


def _done(request: WorkspaceRequest, customer_id: UUID, said: str, undo_url: str = "") -> HttpResponse:
    if not wants_fragment(request):
        return redirect(request, customer_url(customer_id), toast=said, undo_url=undo_url)
    return toast(render(request, PAGE, _context(request, customer_id), partial="timeline"), said, undo_url)
