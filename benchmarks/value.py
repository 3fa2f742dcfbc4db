"""Lifetime value beside `lifetimes` 0.11.3: the same customers, in the same run, in processor seconds of one core.

Every measurement runs in a process of its own, so that memory is that of one library. The customers are played through
(BG/NBD and Gamma-Gamma, whole days, ages of 1 to 104 weeks); the smallest size has as many as CDNOW's sample.
Pareto/NBD of a million customers is not asked of `lifetimes`: it would take ten minutes.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads make these fits three times slower; children inherit it

import multiprocessing
import resource
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import heading

SIZES = {"S": (2_357,), "P": (2_357, 100_000), "M": (2_357, 100_000), "L": (2_357, 100_000, 1_000_000)}
RATE, MONTHS, WEEKS_A_MONTH = 0.01, 12, 4.345  # as `lifetimes` counts them
PARETO_UP_TO = 100_000
TARGETS = {"BG/NBD fit": 30, "Gamma-Gamma fit": 50, "Pareto/NBD fit": 50, "12 months of everyone": 20}


def main(arguments: argparse.Namespace) -> None:
    sizes = SIZES.get(arguments.size, SIZES["S"])
    heading("Lifetime value", customers=" / ".join(f"{size:,}" for size in sizes), numpy=np.__version__)
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            _compare(size, Path(folder))


def _compare(size: int, folder: Path) -> None:
    path = folder / f"{size}.npz"
    _alone(_simulate, size, path)
    theirs = _alone(_theirs, size, path)
    ours = _alone(_ours, size, path, theirs["parameters"])
    print(f"\n{size:,} customers, {ours['groups']:,} different histories, {ours['repeaters']:,} came back")
    print(f"{'':26}{'lifetimes':>12}{'rapport':>12}{'ratio':>9}{'target':>9}   same?")
    for name, said in ours["seconds"].items():
        other = theirs["seconds"].get(name)
        ratio = f"{other / said:8.0f}x" if other else f"{'':>9}"
        target = f"{TARGETS[name]:8d}x" if name in TARGETS and other else f"{'':>9}"
        print(f"{name:26}{_seconds(other)}{_seconds(said)}{ratio}{target}   {_agreement(name, ours, theirs)}")
    for name, gained in ours["gained"].items():
        print(f"{name}: our own maximum is {gained - theirs['answers'][name]:+.6f} above theirs")
    print(f"{'memory, MB':26}{theirs['rss']:12.0f}{ours['rss']:12.0f}")


def _seconds(value: float | None) -> str:
    return f"{'not run':>12}" if value is None else f"{value:10.4f} s"


def _agreement(name: str, ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    mine, other = ours["answers"].get(name), theirs["answers"].get(name)
    if mine is None or other is None:
        return ""
    what = (
        "total value" if name.startswith("12") else "expected purchases" if name.startswith("E[") else "log-likelihood"
    )
    return f"{what} {mine:.4f}, off by {abs(mine / other - 1):.1e}"


def _alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """In a fresh process, which takes its memory along when it ends."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _timed(act: Callable[[], Any], *, least: float = 0.3) -> tuple[float, Any]:
    """Processor seconds of the quickest of several goes, so that what else runs on the machine counts little."""
    best, spent, answer = float("inf"), 0.0, None
    while spent < least:
        begin = time.process_time()
        answer = act()
        took = time.process_time() - begin
        best, spent = min(best, took), spent + max(took, 1e-3)
    return best, answer


def _rss() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _simulate(count: int, path: Path) -> None:
    generator = np.random.default_rng(20251122)
    age = generator.integers(7, 729, count)
    rate = generator.gamma(0.243, 1 / (4.414 * 7), count)
    leave = generator.beta(0.793, 2.426, count)
    frequency, last, at = np.zeros(count, dtype=np.int64), np.zeros(count), np.zeros(count)
    going = np.arange(count)
    while len(going):
        at[going] += generator.exponential(1 / rate[going])
        going = going[at[going] <= age[going]]
        day = np.minimum(np.ceil(at[going]), age[going])
        frequency[going] += day > last[going]
        last[going] = day
        going = going[generator.random(len(going)) > leave[going]]
    mean = np.zeros(count)
    back = frequency > 0
    scale = 1 / generator.gamma(3.74, 1 / 15.44, int(back.sum()))
    mean[back] = np.maximum(generator.gamma(6.25 * frequency[back], scale) / frequency[back], 0.01)
    np.savez(path, frequency=frequency, recency=last.astype(np.int64), age=age, mean=mean)


def _theirs(size: int, path: Path) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    import lifetimes
    import pandas

    data = np.load(path)
    table = pandas.DataFrame(
        {
            "x": data["frequency"],
            "t": data["recency"] / 7,
            "T": data["age"] / 7,
            "m": data["mean"],
        }
    )
    seconds, answers, parameters = {}, {}, {}

    def fit(name: str, fitter: Any, *columns: Any) -> Any:
        seconds[name], _ = _timed(lambda: fitter.fit(*columns))
        parameters[name] = [float(each) for each in fitter.params_]
        logs, plain = np.log(parameters[name]), [column.to_numpy() for column in columns]
        if hasattr(fitter, "_conditional_log_likelihood"):
            answers[name] = float(fitter._conditional_log_likelihood(parameters[name], *plain).sum())
        else:
            mean = fitter._negative_log_likelihood(logs, *plain, np.ones(len(plain[0])), 0.0)
            answers[name] = -float(mean) * len(plain[0])
        return fitter

    bg = fit("BG/NBD fit", lifetimes.BetaGeoFitter(), table["x"], table["t"], table["T"])
    back = table[table["x"] > 0]
    gg = fit("Gamma-Gamma fit", lifetimes.GammaGammaFitter(), back["x"], back["m"])
    seconds["E[X(39 weeks)]"], told = _timed(lambda: bg.predict(39, table["x"], table["t"], table["T"]))
    answers["E[X(39 weeks)]"] = float(told.sum())
    value = "12 months of everyone"
    seconds[value], told = _timed(
        lambda: gg.customer_lifetime_value(
            bg, table["x"], table["t"], table["T"], table["m"], time=MONTHS, discount_rate=RATE, freq="W"
        )
    )
    answers[value] = float(told.sum())
    rss = _rss()
    if size <= PARETO_UP_TO:
        fit("Pareto/NBD fit", lifetimes.ParetoNBDFitter(), table["x"], table["t"], table["T"])
    return {"seconds": seconds, "answers": answers, "parameters": parameters, "rss": rss}


def _ours(size: int, path: Path, theirs: dict[str, list[float]]) -> dict[str, Any]:
    """From the columns to the answer each time, grouping included."""
    from dataclasses import replace

    from rapport.insight.value.rules import beta_geometric, outlook, pareto, spend
    from rapport.insight.value.rules.histories import grouped, grouped_with_index

    data = {name: np.asarray(column) for name, column in np.load(path).items()}
    x, t, age, mean = (data[name] for name in ("frequency", "recency", "age", "mean"))
    seconds, answers = {}, {}

    def fit(name: str, work: Callable[[], Any]) -> Any:
        seconds[name], found = _timed(work)
        answers[name] = found.log_likelihood
        return found

    bg = fit("BG/NBD fit", lambda: beta_geometric.fit(grouped(x, t, age)))
    back = x > 0
    gg = fit("Gamma-Gamma fit", lambda: spend.fit(x[back], mean[back]))
    # Values are compared under the other's parameters, or they would differ by what the two fits do.
    same = replace(bg, values=tuple(theirs["BG/NBD fit"]))
    horizon = outlook.Horizon(
        months=MONTHS, discount=(1 + RATE) ** (365.25 / (WEEKS_A_MONTH * 7)) - 1, step_days=WEEKS_A_MONTH * 7
    )

    def purchases() -> Any:
        histories, place = grouped_with_index(x, t, age)
        return outlook.expected_purchases(same, histories, 39 * 7)[place]

    def values() -> Any:
        histories, place = grouped_with_index(x, t, age)
        return outlook.discounted_purchases(same, histories, horizon)[place] * spend.expected_spend(
            theirs["Gamma-Gamma fit"], x, mean
        )

    seconds["E[X(39 weeks)]"], told = _timed(purchases)
    answers["E[X(39 weeks)]"] = float(told.sum())
    seconds["12 months of everyone"], told = _timed(values)
    answers["12 months of everyone"] = float(told.sum())
    pa = fit("Pareto/NBD fit", lambda: pareto.fit(grouped(x, t, age)))
    gained = {"BG/NBD fit": bg.log_likelihood, "Gamma-Gamma fit": gg.log_likelihood}
    if "Pareto/NBD fit" in theirs:
        gained["Pareto/NBD fit"] = pa.log_likelihood  # theirs starts at random places, and ends at some
    histories = grouped(x, t, age)
    answers["BG/NBD fit"] = beta_geometric.log_likelihood(histories, theirs["BG/NBD fit"])
    answers["Gamma-Gamma fit"] = spend.log_likelihood(x[back], mean[back], theirs["Gamma-Gamma fit"])
    if "Pareto/NBD fit" in theirs:
        answers["Pareto/NBD fit"] = pareto.log_likelihood(histories, theirs["Pareto/NBD fit"])
    return {
        "seconds": seconds,
        "answers": answers,
        "gained": gained,
        "rss": _rss(),
        "groups": histories.groups,
        "repeaters": int(back.sum()),
    }
