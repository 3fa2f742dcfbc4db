"""How parts of an order read in its history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rapport.foundation.ui import formats


def part_line(said: Mapping[str, Any]) -> str:
    """€120, card, on 19 Nov: an entry of a payment, shipment, return or refund."""
    words = []
    if "amount" in said:
        words.append(formats.money(Decimal(str(said["amount"])), str(said.get("currency", ""))))
    words += [str(said[name]) for name in ("method", "reference", "carrier", "tracking", "reason") if said.get(name)]
    if at := said.get("at"):
        words.append(formats.short_date(formats.local(datetime.fromisoformat(at)).date()))
    return ", ".join(words)


def lines_line(said: Mapping[str, Any]) -> str:
    """What was in a cart: 3 lines, €129."""
    lines = said.get("lines", ())
    count = ngettext("%(n)s line", "%(n)s lines", len(lines)) % {"n": len(lines)}
    total = formats.money(Decimal(str(said.get("total", "0"))), str(said.get("currency", "")))
    return _("%(lines)s, %(total)s") % {"lines": count, "total": total}
