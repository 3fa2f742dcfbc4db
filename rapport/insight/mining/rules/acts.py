"""Acts, steps and tests as people say them. The words of kinds and channels are handed in: they are the ledger's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.insight.mining.types import Act, Test

Name = Callable[[str], Any]

COLUMNS = {
    "amount": gettext_lazy("amount"),
    "margin": gettext_lazy("margin"),
    "quantity": gettext_lazy("quantity"),
    "subject": gettext_lazy("subject"),
    "source": gettext_lazy("source"),
    "direction": gettext_lazy("direction"),
    "campaign": gettext_lazy("campaign"),
    "url": gettext_lazy("address"),
    "referrer": gettext_lazy("referrer"),
    "product": gettext_lazy("product"),
    "order_number": gettext_lazy("order number"),
    "currency": gettext_lazy("currency"),
}
OPERATIONS = {
    "is": gettext_lazy("is"),
    "is_not": gettext_lazy("is not"),
    "contains": gettext_lazy("contains"),
    "starts_with": gettext_lazy("starts with"),
    "more_than": gettext_lazy("is more than"),
    "at_least": gettext_lazy("is at least"),
    "less_than": gettext_lazy("is less than"),
    "at_most": gettext_lazy("is at most"),
}


def act_text(act: Act, kind_name: Name, channel_name: Name) -> str:
    """ "Order placed (Shop), amount is more than 100"."""
    kind = str(kind_name(act.kind)) if act.kind else _("Any touch point")
    text = f"{kind} ({channel_name(act.channel)})" if act.channel else kind
    return ", ".join([text, *map(_test_text, act.where)])


def _test_text(test: Test) -> str:
    value = f"{test.value:g}" if isinstance(test.value, int | float) else f"“{test.value}”"
    return f"{COLUMNS.get(test.property, test.property)} {OPERATIONS[test.op]} {value}"
