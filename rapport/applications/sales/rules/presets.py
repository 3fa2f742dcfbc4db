"""The pipeline a workspace begins with, until somebody sets up its own."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from rapport.applications.sales.rules.stages import Pipeline, Pipelines, Stage
from rapport.applications.sales.types import State

KEY = "sales"


def preset() -> Pipelines:
    """In the language of who asks: nobody has named anything yet."""
    stages = (
        _open("qualify", _("Qualify"), "0.2", 14),
        _open("understand", _("Understand"), "0.4", 14),
        _open("propose", _("Propose"), "0.6", 10),
        _open("agree", _("Agree"), "0.8", 10),
        Stage(key="won", pipeline=KEY, label=_("Won"), kind=State.WON, probability=Decimal(1)),
        Stage(key="lost", pipeline=KEY, label=_("Lost"), kind=State.LOST),
    )
    return Pipelines((Pipeline(key=KEY, label=_("Deals"), stages=stages),))


def _open(key: str, label: str, probability: str, days: int) -> Stage:
    return Stage(key=key, pipeline=KEY, label=label, probability=Decimal(probability), days_expected=days)
