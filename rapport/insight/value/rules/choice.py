"""Which model a business needs, and which of several foretold best."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from rapport.insight.value.rules.beta_geometric import BG_NBD, MBG_NBD
from rapport.insight.value.rules.calibration import Calibration
from rapport.insight.value.rules.contracts import SBG
from rapport.insight.value.rules.occasions import BG_BB
from rapport.insight.value.rules.pareto import PARETO_NBD

CLEARLY = 0.01  # a model takes the place of the simplest one when its error is smaller by this share


class Business(enum.StrEnum):
    """How customers buy."""

    SHOP = "shop"  # whenever they like, and leave without a word
    OCCASIONS = "occasions"  # at fixed occasions, or not
    CONTRACTS = "contracts"  # until they end a contract


CANDIDATES: Mapping[Business, tuple[str, ...]] = {
    Business.SHOP: (BG_NBD, MBG_NBD, PARETO_NBD),
    Business.OCCASIONS: (BG_BB,),
    Business.CONTRACTS: (SBG,),
}


@dataclass(frozen=True)
class Chosen:
    """The model and why: "only" one is made for this business, "foretold" best, or is "simplest" and none was better."""

    model: str
    why: str


def chosen(business: Business, foretold: Mapping[str, Calibration]) -> Chosen | None:
    """Of the models that fitted, with how they foretold. None when none fitted."""
    able = [name for name in CANDIDATES[business] if name in foretold]
    if not able:
        return None
    if len(CANDIDATES[business]) == 1:
        return Chosen(able[0], "only")
    best = min(able, key=lambda name: foretold[name].error)
    first = able[0]
    if foretold[best].error < foretold[first].error * (1 - CLEARLY):
        return Chosen(best, "foretold")
    return Chosen(first, "simplest" if len(able) > 1 else "left")
