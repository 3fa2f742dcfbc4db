"""Patterns: looked for every night and on demand, kept as facts, decided on by people."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.services.saved_views import save_view
from rapport.foundation.workspace.errors import Conflict, Invalid, NotFound
from rapport.foundation.workspace.types import Actor
from rapport.insight.mining import policies
from rapport.insight.mining.extension_points import deferrers
from rapport.insight.mining.models import Answer, Pattern, PatternRun, SavedFunnel
from rapport.insight.mining.queries.churn import valuable_at_risk
from rapport.insight.mining.queries.vocabulary import act_texts
from rapport.insight.mining.queries.wording import WORDING
from rapport.insight.mining.rules import findings, questions
from rapport.insight.mining.rules.findings import Finding
from rapport.insight.mining.rules.sentences import view_name
from rapport.insight.mining.services.answers import answered
from rapport.insight.mining.services.sets import want_set
from rapport.insight.mining.types import Baskets, Clusters, Cohorts, Funnel, Question, Rfm

_log = logging.getLogger(__name__)
MOST_Q = 0.05
FORGOTTEN = timedelta(hours=1)  # a run whose worker was killed
KEPT = timedelta(days=180)  # decided or expired patterns, and runs
LIST = "customers"  # the list page that views are made on


def start(*, actor: Actor) -> PatternRun:
    """Look for patterns now. Errors: NotAllowed. A run at work is not started twice."""
    policies.require_asking(actor)
    with transaction.atomic():
        busy = PatternRun.objects.filter(finished_at=None, started_at__gt=clock.now() - FORGOTTEN).first()
        if busy:
            return busy
        run = PatternRun.objects.create()
        deferrers["patterns"](run.pk)
    return run


def begin_run() -> UUID:
    """A run without anybody's wish: the nightly one."""
    return PatternRun.objects.create().pk


def find_patterns(run_id: UUID) -> None:
    """Ask every question there is, and keep what stands out; safe to do twice. Called in the worker."""
    run = PatternRun.objects.filter(pk=run_id, finished_at=None).first()
    if run is None:
        return
    funnels = list(SavedFunnel.objects.order_by("created_at"))
    asked: list[tuple[Question, SavedFunnel | None]] = [
        (Rfm(), None),
        (Clusters(), None),
        (Baskets(), None),
        (Baskets(item="category", basket="customer"), None),
        (Cohorts(unit="month", periods=24), None),
        *((questions.question_of(funnel.question), funnel) for funnel in funnels),
    ]
    found: list[Finding] = []
    reasons = []
    for place, (question, funnel) in enumerate(asked):
        _report(run, questions.kind_of(question), 100 * place // (len(asked) + 1))
        answer = answered(question)
        if answer.result is None or answer.reason:
            reasons.append([questions.kind_of(question), answer.reason, answer.have, answer.need])
        else:
            found += _findings(question, answer, funnel)
    found += _churn()
    _keep(found)
    run.found, run.reasons, run.progress, run.step = len(found), reasons, 100, ""
    run.finished_at = clock.now()
    run.save()
    _forget_old()


def make_view(*, actor: Actor, pattern_id: UUID) -> tuple[Pattern, str]:
    """Keep the customers of a pattern as a view of the list of customers; the view's id. Errors: NotFound, Conflict,
    NotAllowed, Invalid."""
    policies.require_asking(actor)
    with transaction.atomic():
        pattern = _locked(pattern_id)
        if pattern.status == Pattern.Status.ACCEPTED and pattern.view_id:
            return pattern, str(pattern.view_id)
        view = _saved(actor, pattern)
        pattern.status, pattern.view_id = Pattern.Status.ACCEPTED, view
        _decide(pattern, actor)
    return pattern, str(view)


@transaction.atomic
def dismiss(*, actor: Actor, pattern_id: UUID) -> Pattern:
    """Not useful: it does not come back while it is the same. Errors: NotFound, Conflict, NotAllowed."""
    policies.require_asking(actor)
    pattern = _locked(pattern_id)
    if pattern.status == Pattern.Status.ACCEPTED:
        raise Conflict(_("This is a view already. Remove the view if you don't need it."))
    pattern.status = Pattern.Status.DISMISSED
    _decide(pattern, actor)
    return pattern


@transaction.atomic
def bring_back(*, actor: Actor, pattern_id: UUID) -> Pattern:
    """Undo of dismissing. Errors: NotFound, NotAllowed."""
    policies.require_asking(actor)
    pattern = _locked(pattern_id)
    if pattern.status == Pattern.Status.DISMISSED:
        pattern.status, pattern.decided_at, pattern.decided_by = Pattern.Status.NEW, None, ""
        pattern.save(update_fields=["status", "decided_at", "decided_by"])
    return pattern


def _findings(question: Question, answer: Answer, funnel: SavedFunnel | None) -> list[Finding]:
    result: Mapping[str, Any] = answer.result or {}
    match question:
        case Rfm():
            return findings.in_rfm(result)
        case Clusters():
            return findings.in_clusters(result)
        case Baskets():
            return findings.in_baskets(question, result)
        case Cohorts():
            return findings.in_cohorts(question, result, _standing_out(result))
        case Funnel() if funnel:
            return findings.in_funnel(funnel.name, str(funnel.pk), question, result, act_texts(question.steps))
    return []


def _standing_out(result: Mapping[str, Any]) -> list[tuple[findings.CohortTest, float]]:
    """Cohorts that came back more often than the others did, beyond chance."""
    from rapport.insight.mining.rules.significance import benjamini_hochberg, fisher_greater

    tests = findings.cohort_tests(result)
    if not tests:
        return []
    p = fisher_greater(
        [t.came for t in tests],
        [t.of for t in tests],
        [t.came + t.others_came for t in tests],
        [t.of + t.others_of for t in tests],
    )
    return [(test, float(q)) for test, q in zip(tests, benjamini_hochberg(p), strict=True) if q <= MOST_Q]


def _churn() -> list[Finding]:
    risk = valuable_at_risk()
    return findings.of_churn(risk.n, risk.at_stake, risk.currency, risk.threshold, risk.condition) if risk else []


def _keep(found: Iterable[Finding]) -> None:
    now = clock.now()
    for finding in found:
        numbers = {
            "kind": finding.kind.value,
            "facts": dict(finding.facts),
            "n": finding.n,
            "weight": finding.weight,
            "evidence": [list(pair) for pair in finding.evidence],
            "condition": finding.condition,
            "question": questions.to_json(finding.question) if finding.question else None,
            "part": questions.to_json(finding.part) if finding.part else None,
            "seen_at": now,
            "expires_at": now + timedelta(days=finding.days),
        }
        Pattern.objects.update_or_create(
            key=finding.key, defaults=numbers, create_defaults={**numbers, "found_at": now}
        )


def _saved(actor: Actor, pattern: Pattern) -> UUID:
    if pattern.condition is not None:
        condition = conditions.from_json(pattern.condition)
    else:
        wanted = want_set(
            actor=actor,
            question=questions.question_of(pattern.question or {}),
            part=questions.part_of(pattern.part or {}),
            keep=True,
        )
        condition = conditions.from_json({"set": "pattern", "id": str(wanted.pk), "is_in": True})
    name = view_name(pattern.kind, pattern.facts, WORDING)
    for number in range(1, 20):
        try:
            with transaction.atomic():
                suffix = f" ({number})" if number > 1 else ""
                return save_view(actor=actor, page=LIST, name=name + suffix, condition=condition).pk
        except Invalid:
            if number == 19:
                raise
    raise AssertionError


def _locked(pattern_id: UUID) -> Pattern:
    pattern = Pattern.objects.select_for_update().filter(pk=pattern_id).first()
    if pattern is None:
        raise NotFound(_("This pattern is not kept any more."))
    return pattern


def _decide(pattern: Pattern, actor: Actor) -> None:
    pattern.decided_at, pattern.decided_by = clock.now(), actor.name[:150]
    pattern.save(update_fields=["status", "view_id", "decided_at", "decided_by"])


def _report(run: PatternRun, step: str, progress: int) -> None:
    PatternRun.objects.filter(pk=run.pk).update(step=step, progress=progress)


def _forget_old() -> None:
    before = clock.now() - KEPT
    Pattern.objects.filter(Q(expires_at__lt=before), view_id=None).delete()
    PatternRun.objects.filter(started_at__lt=before).delete()
