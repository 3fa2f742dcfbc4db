"""What models, choices, gates and steps are called."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.types import Label

MODELS: Mapping[str, Label] = {
    "bg_nbd": "BG/NBD",
    "mbg_nbd": "MBG/NBD",
    "pareto_nbd": "Pareto/NBD",
    "bg_bb": "BG/BB",
    "sbg": "sBG",
}
# What each takes for granted, in one sentence.
ASSUMES: Mapping[str, Label] = {
    "bg_nbd": _("Customers buy at their own pace, and after each repeat order each may stop for good."),
    "mbg_nbd": _("Customers buy at their own pace, and after each order, the first included, each may stop for good."),
    "pareto_nbd": _("Customers buy at their own pace until they stop for good, at any moment, without a word."),
    "bg_bb": _(
        "At each occasion a customer who is still there buys or not; between two occasions each may stop for good."
    ),
    "sbg": _(
        "At each renewal a customer stays or ends; those likely to leave do so first, so loyalty grows with time."
    ),
}
SOURCES: Mapping[str, str] = {
    "bg_nbd": "Fader, Hardie & Lee 2005",
    "mbg_nbd": "Batislam, Denizel & Filiztekin 2007",
    "pareto_nbd": "Schmittlein, Morrison & Colombo 1987",
    "bg_bb": "Fader, Hardie & Shang 2010",
    "sbg": "Fader & Hardie 2007",
    "gamma_gamma": "Fader & Hardie 2013",
}
BECAUSE: Mapping[str, Label] = {
    "only": _("It is the model for customers who buy this way."),
    "foretold": _("Of those tried it foretold the hold-out best."),
    "simplest": _("It is the simplest, and none of the others foretold the hold-out clearly better."),
    "left": _("It is the one that fits; the past is too short to hold part of it out and compare."),
}
STEPS: Mapping[str, Label] = {
    "": _("Waiting for the worker"),
    "read": _("Reading the warehouse"),
    "group": _("Counting histories"),
    "fit_bg_nbd": _("Fitting BG/NBD and checking it"),
    "fit_mbg_nbd": _("Fitting MBG/NBD and checking it"),
    "fit_pareto_nbd": _("Fitting Pareto/NBD and checking it"),
    "fit_bg_bb": _("Fitting BG/BB and checking it"),
    "fit_sbg": _("Fitting sBG and checking it"),
    "score": _("Working out what is to be expected"),
    "write": _("Putting values on customers"),
}
GATES: Mapping[str, Label] = {
    "too_few_buyers": _("Customers who bought"),
    "too_few_repeaters": _("Customers who bought again"),
    "short_history": _("Days the purchases reach back"),
    "nobody_came_back": _("Somebody bought again"),
    "all_equal": _("Different histories"),
    "no_margin": _("Customers whose orders bring something"),
    "spend_follows_frequency": _("How much spending per order goes along with buying often"),
    "at_bound": _("The purchases say how fast customers leave"),
    "no_fit": _("A model explains the purchases"),
    "no_contracts_ended": _("Contracts that have ended"),
    "other_period": _("Days between two renewals"),
    "too_few_occasions": _("Occasions since the first purchase"),
}
