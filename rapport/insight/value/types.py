"""Words of value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Label = str | _StrPromise

BUSINESS_LABELS: Mapping[str, Label] = {
    "shop": _("Whenever they like, and leave without a word"),
    "occasions": _("At regular occasions, such as a yearly appeal or a season"),
    "contracts": _("By a contract or subscription, until they end it"),
}
PERIOD_LABELS: Mapping[str, Label] = {"month": _("Month"), "quarter": _("Quarter"), "year": _("Year")}
