"""Acts in the ledger's words."""

from __future__ import annotations

from collections.abc import Iterable

from rapport.insight.mining.rules.acts import act_text
from rapport.insight.mining.types import Act
from rapport.stores.ledger.queries.vocabulary import channel_of, kind_of


def act_texts(acts: Iterable[Act]) -> list[str]:
    return [act_text(act, lambda name: kind_of(name).label, lambda name: channel_of(name).label) for act in acts]
