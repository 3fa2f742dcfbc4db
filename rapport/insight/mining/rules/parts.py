"""What a part of an answer is called: the name of a set in filters and on its page."""

from __future__ import annotations

from django.utils.translation import gettext as _

from rapport.insight.mining.rules.rfm import segment_named
from rapport.insight.mining.types import Baskets, Clusters, Cohorts, Funnel, Part, Question, Rfm


def part_title(question: Question, part: Part) -> str:
    """In words that need no other page."""
    match question:
        case Rfm():
            return _grid(part)
        case Clusters():
            return _("Group %(n)d of customers who are alike") % {"n": part.row + 1}
        case Baskets():
            return _basket(part)
        case Cohorts():
            return _cohort(question, part)
        case Funnel():
            if part.name == "lost":
                return _("Did not go on after step %(n)d of a funnel") % {"n": part.row}
            return _("Reached step %(n)d of a funnel") % {"n": part.row}


def _grid(part: Part) -> str:
    if part.name == "cell":
        return _("Recency %(r)d, frequency %(f)d") % {"r": part.row, "f": part.column}
    if part.name == "segment":
        return _names(part.items[0])
    return _("Were %(before)s, are %(now)s") % {"before": _names(part.items[0]), "now": _names(part.items[1])}


def _names(joined: str) -> str:
    return ", ".join(str(s.label) if (s := segment_named(name)) else name for name in joined.split("+"))


def _basket(part: Part) -> str:
    if part.name == "both":
        return _("Bought %(things)s") % {"things": " + ".join(part.items)}
    return _("Bought %(things)s, not %(other)s") % {"things": " + ".join(part.items[:-1]), "other": part.items[-1]}


def _cohort(question: Cohorts, part: Part) -> str:
    from rapport.insight.mining.rules.questions import period_start

    first = question.since
    began = period_start(question.unit, first, part.row).isoformat() if first else ""
    names = {"began": began, "n": part.column}
    if part.name == "cohort":
        return (
            _("Began in the month of %(began)s") % names
            if question.unit == "month"
            else _("Began in the week of %(began)s") % names
        )
    if question.unit == "month":
        came, away = (
            _("Began in the month of %(began)s, came again %(n)d months later"),
            _("Began in the month of %(began)s, did not come %(n)d months later"),
        )
    else:
        came, away = (
            _("Began in the week of %(began)s, came again %(n)d weeks later"),
            _("Began in the week of %(began)s, did not come %(n)d weeks later"),
        )
    return (came if part.name == "came" else away) % names
