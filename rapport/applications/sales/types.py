"""Words of sales."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

DEAL = "deal"  # record type
SOURCE = "sales"  # of the touch points that sales writes
CHANNEL = "sales"


class State(models.TextChoices):
    """Whether a deal is still worked on. Follows from its stage."""

    OPEN = "open", pgettext_lazy("deal", "Open")
    WON = "won", pgettext_lazy("deal", "Won")
    LOST = "lost", pgettext_lazy("deal", "Lost")


class LostReason(models.TextChoices):
    """Why a deal was lost."""

    PRICE = "price", pgettext_lazy("why a deal was lost", "Price")
    COMPETITOR = "competitor", pgettext_lazy("why a deal was lost", "Chose a competitor")
    TIMING = "timing", pgettext_lazy("why a deal was lost", "Not the right time")
    BUDGET = "budget", pgettext_lazy("why a deal was lost", "No budget")
    NO_FIT = "no_fit", pgettext_lazy("why a deal was lost", "Did not fit their need")
    NO_DECISION = "no_decision", pgettext_lazy("why a deal was lost", "Never decided")
    NO_ANSWER = "no_answer", pgettext_lazy("why a deal was lost", "No answer any more")
    OTHER = "other", pgettext_lazy("why a deal was lost", "Something else")


class PersonRole(models.TextChoices):
    """What somebody has to do with a deal."""

    DECIDES = "decides", pgettext_lazy("role in a deal", "Decides")
    ADVISES = "advises", pgettext_lazy("role in a deal", "Advises")
    USES = "uses", pgettext_lazy("role in a deal", "Will use it")
    BUYS = "buys", pgettext_lazy("role in a deal", "Buys and pays")
    SUPPORTS = "supports", pgettext_lazy("role in a deal", "Is on our side")
    BLOCKS = "blocks", pgettext_lazy("role in a deal", "Is against it")
    OTHER = "other", pgettext_lazy("role in a deal", "Takes part")


class Interval(models.TextChoices):
    """How often the amount of a line is due. Empty: once."""

    MONTH = "month", pgettext_lazy("interval", "Every month")
    QUARTER = "quarter", pgettext_lazy("interval", "Every quarter")
    YEAR = "year", pgettext_lazy("interval", "Every year")


PER_YEAR = {Interval.MONTH: 12, Interval.QUARTER: 4, Interval.YEAR: 1}
