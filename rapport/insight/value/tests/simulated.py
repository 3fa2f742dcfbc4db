"""Customers played through, with a seed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Lives(NamedTuple):
    frequency: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    alive: np.ndarray  # at the end of the data
    later: np.ndarray  # purchases within `ahead` days after it


def bg_lives(
    count: int,
    parameters: tuple[float, float, float, float],
    *,
    seed: int,
    ahead: int = 0,
    first_chance: bool = False,
    ages: tuple[int, int] = (30, 700),
    unit: float = 7.0,
) -> Lives:
    """BG/NBD, or with `first_chance` MBG/NBD, in whole days: a day with purchases counts once."""  # fmt: skip
    r, alpha, a, b = parameters
    g = np.random.default_rng(seed)
    age = g.integers(*ages, count)
    rate = g.gamma(r, 1 / (alpha * unit), count)
    p = g.beta(a, b, count)
    return _play(g, age, rate, ahead, lambda who: g.random(len(who)) < p[who], first_chance=first_chance)


def pareto_lives(
    count: int,
    parameters: tuple[float, float, float, float],
    *,
    seed: int,
    ahead: int = 0,
    ages: tuple[int, int] = (30, 700),
    unit: float = 7.0,
) -> Lives:
    r, alpha, s, beta = parameters
    g = np.random.default_rng(seed)
    age = g.integers(*ages, count)
    rate = g.gamma(r, 1 / (alpha * unit), count)
    end = g.exponential(1 / g.gamma(s, 1 / (beta * unit), count))
    return _play(g, age, rate, ahead, None, end=end)  # fmt: skip


def _play(g, age, rate, ahead, leaves, *, first_chance=False, end=None) -> Lives:  # type: ignore[no-untyped-def]  # numbers or arrays
    count = len(age)
    x, last, later = np.zeros(count, dtype=int), np.zeros(count), np.zeros(count, dtype=int)
    alive = np.ones(count, dtype=bool)
    if end is not None:
        alive = end > age
    at = np.zeros(count)
    going = np.arange(count)
    if first_chance:
        gone = leaves(going)
        alive[going[gone]] = False
        going = going[~gone]
    while len(going):
        at[going] += g.exponential(1 / rate[going])
        bound = age[going] + ahead
        if end is not None:
            bound = np.minimum(bound, end[going])
        going = going[at[going] <= bound]
        day = np.ceil(at[going])
        known = at[going] <= age[going]
        new_day = known & (day > last[going])
        x[going] += new_day
        last[going[known]] = np.minimum(day[known], age[going[known]])
        later[going[~known]] += 1
        if leaves is not None:
            gone = leaves(going)
            alive[going[gone & known]] = False
            going = going[~gone]
    return Lives(x, last.astype(int), age, alive, later)
