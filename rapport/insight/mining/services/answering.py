"""How each question is answered. Loads the engine's libraries: only `answers` imports this, inside the worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from rapport.insight.mining.errors import NotEnough
from rapport.insight.mining.queries.marts import baskets, behaviour, cohorts, funnels, rfm
from rapport.insight.mining.rules import clustering, eclat, questions, retention
from rapport.insight.mining.rules.rfm import segment_of
from rapport.insight.mining.types import Baskets, Clusters, Cohorts, Funnel, Question, Reason, Rfm
from rapport.insight.value.queries.histories import purchase_days

if TYPE_CHECKING:
    import pyarrow as pa

    from rapport.stores.warehouse.queries.engine import Engine

Report = Callable[[int], None]
FEWEST_BUYERS = 25  # one a cell of the grid
FEWEST_BASKETS = 100  # with more than one item
LEAST_TOGETHER = 5  # baskets that hold a whole rule
ITEMS = 400  # the most common ones are looked at
RULES_SHOWN = 100
MOVED_DAYS = 90


def result_of(question: Question, engine: Engine, now: datetime, report: Report) -> dict[str, Any]:
    """What is stored and shown. Errors: NotEnough."""
    match question:
        case Rfm():
            return _rfm(engine, now, report)
        case Clusters():
            return _clusters(engine, now, report)
        case Baskets():
            return _baskets(question, engine, report)
        case Cohorts():
            return _cohorts(question, engine, now, report)
        case Funnel():
            return _funnel(question, engine, report)


def lines_of(engine: Engine) -> Any:
    """Lines of orders that were not cancelled. Errors: NotEnough."""
    try:
        lines = engine.table("order_lines")
    except KeyError:
        raise NotEnough(Reason.NOTHING_THERE) from None
    return lines.filter(lines.status != "cancelled")


def scored_until(engine: Engine, until: datetime) -> Any:
    """The buyers known on a day, with their three digits."""
    return rfm.quintiles(rfm.summaries(purchase_days(engine, until.date())))


def _rfm(engine: Engine, now: datetime, report: Report) -> dict[str, Any]:
    scored = scored_until(engine, now)
    cells = engine.run(rfm.grid(scored)).to_pylist()
    customers = sum(cell["customers"] for cell in cells)
    if customers < FEWEST_BUYERS:
        raise NotEnough(Reason.FEW_CUSTOMERS, have=customers, need=FEWEST_BUYERS)
    report(50)
    since = now - timedelta(days=MOVED_DAYS)
    before = scored_until(engine, since)
    moved: dict[tuple[str, str], list[float]] = {}
    for row in engine.run(rfm.moves(before, scored)).to_pylist():
        way = segment_of(row["r0"], row["f0"]).name, segment_of(row["r"], row["f"]).name
        sums = moved.setdefault(way, [0, 0.0])
        sums[0] += row["customers"]
        sums[1] += row["margin"]
    return {
        "until": now.isoformat(),
        "customers": customers,
        "currency": engine.manifest.currency,
        "cells": [{**cell, "margin": round(cell["margin"], 2)} for cell in cells],
        "moved_since": since.isoformat(),
        "moves": [
            {"from": old, "to": new, "customers": int(n), "margin": round(margin, 2)}
            for (old, new), (n, margin) in sorted(moved.items())
        ],
    }


def _clusters(engine: Engine, now: datetime, report: Report) -> dict[str, Any]:
    table = engine.run(behaviour.features(purchase_days(engine, now.date()), engine.table("touchpoints"), now))
    columns = feature_columns(table)
    report(30)
    grouping = clustering.grouped(columns)
    report(90)
    places = grouping.placed(columns)
    scaled = grouping.scale.applied(columns)
    groups = []
    for number in range(len(grouping.centres)):
        here = places == number
        if not here.any():
            continue
        means = scaled[here].mean(axis=0)
        groups.append(
            {
                "number": number,
                "customers": int(here.sum()),
                "margin": round(float(np.nansum(columns["margin"][here])), 2),
                "traits": {name: round(float(means[i]), 3) for i, name in enumerate(grouping.scale.names)},
                "medians": {name: round(float(np.nanmedian(values[here])), 2) for name, values in columns.items()},
            }
        )
    return {
        "until": now.isoformat(),
        "customers": len(places),
        "currency": engine.manifest.currency,
        "method": grouping.method,
        "stability": round(grouping.stability, 3),
        "trials": [msgspec.to_builtins(trial) for trial in grouping.trials],
        "groups": sorted(groups, key=lambda group: -group["margin"]),
        "model": msgspec.to_builtins(grouping),
    }


def feature_columns(table: pa.Table) -> dict[str, clustering.Numbers]:
    return {name: np.asarray(table[name].to_numpy(zero_copy_only=False), dtype=float) for name in behaviour.FEATURES}


def _baskets(question: Baskets, engine: Engine, report: Report) -> dict[str, Any]:
    lines = lines_of(engine)
    table = engine.run(baskets.items(lines, item=question.item, basket=question.basket))
    report(40)
    rows = table["basket"].combine_chunks().dictionary_encode()
    items = table["item"].combine_chunks().dictionary_encode()
    names = items.dictionary.to_pylist() if len(items) else []
    basket_codes = np.asarray(rows.indices, dtype=np.int64)
    item_codes = np.asarray(items.indices, dtype=np.int64)
    total = len(rows.dictionary) if len(rows) else 0
    several = int((np.bincount(basket_codes) > 1).sum()) if total else 0
    if several < FEWEST_BASKETS:
        raise NotEnough(Reason.FEW_BASKETS, have=several, need=FEWEST_BASKETS)
    common = np.argsort(-np.bincount(item_codes, minlength=len(names)), kind="stable")[:ITEMS]
    kept = np.isin(item_codes, common)
    least = max(LEAST_TOGETHER, -(-total // 1_000))
    sets = eclat.frequent_sets(basket_codes[kept], item_codes[kept], least=least)
    report(70)
    found = eclat.without_echoes(eclat.rules_of(sets, total, confidence=Fraction(1, 20)))[:RULES_SHOWN]
    if not found:
        raise NotEnough(Reason.NO_RULES, have=total)
    missing = _missing(engine, lines, question.item, found, names)
    return {
        "baskets": total,
        "several": several,
        "items": len(names),
        "least": least,
        "sets": len(sets),
        "rules": [
            {
                "having": [names[item] for item in rule.having],
                "also": names[rule.also],
                "n": rule.n,
                "n_having": rule.n_having,
                "n_also": rule.n_also,
                "support": rule.support,
                "confidence": rule.confidence,
                "lift": rule.lift,
                "p": rule.p,
                "q": rule.q,
                "missing": missing[place],
            }
            for place, rule in enumerate(found)
        ],
    }


def _missing(engine: Engine, lines: Any, item: str, found: list[eclat.AssociationRule], names: list[str]) -> list[int]:
    """For each rule, how many customers have what stands before it and not what stands after it."""
    wanted = {code for rule in found for code in (*rule.having, rule.also)}
    table = engine.run(baskets.buyers(lines, item=item, names=tuple(sorted(names[code] for code in wanted))))
    buyers = table["customer_id"].combine_chunks().dictionary_encode()
    codes = np.asarray(buyers.indices, dtype=np.int64)
    bought = np.asarray(table["item"].to_pylist(), dtype=object)
    has = {}
    for code in wanted:
        has[code] = np.zeros(len(buyers.dictionary), dtype=bool)
        has[code][codes[bought == names[code]]] = True
    return [int((np.logical_and.reduce([has[code] for code in rule.having]) & ~has[rule.also]).sum()) for rule in found]


def _cohorts(question: Cohorts, engine: Engine, now: datetime, report: Report) -> dict[str, Any]:
    first = questions.origin(question, now.date())
    periods = questions.periods_until(question, first, now.date())
    if question.since:
        periods = min(periods, question.periods)
    bitmaps = cohorts.bitmaps(
        engine.table("touchpoints"),
        start=question.start, again=question.again, unit=question.unit, origin=first, periods=periods,
    )  # fmt: skip
    table = engine.run(bitmaps.drop("customer_id"))
    report(70)
    bits = [table[f"bits_{i}"].to_numpy() for i in range(cohorts.blocks(periods))]
    counted = retention.cohort_table(table["first"].to_numpy(), bits, periods=periods, word=cohorts.BITS)
    if not sum(counted.sizes):
        raise NotEnough(Reason.NOTHING_THERE)
    return {
        "first": first.isoformat(),
        "periods": periods,
        # The last period runs still, unless it lies wholly in the past.
        "closed": periods - (questions.period_start(question.unit, first, periods) > now.date()),
        **msgspec.to_builtins(counted),
    }


def _funnel(question: Funnel, engine: Engine, report: Report) -> dict[str, Any]:
    mart = funnels.first_view if question.count_from == "first" else funnels.any_start
    chains = mart(engine.table("touchpoints"), question.steps, question.days)
    report(20)
    row = engine.run(funnels.counts(chains, len(question.steps))).to_pylist()[0]
    if not row["n1"]:
        raise NotEnough(Reason.NOTHING_THERE)
    return {
        "steps": [
            {"n": row[f"n{place}"], "wait": None if place == 1 else row[f"w{place}"]}
            for place in range(1, len(question.steps) + 1)
        ]
    }
