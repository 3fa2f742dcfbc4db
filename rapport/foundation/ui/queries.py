"""What the palette and the search page find: every registered finder that this actor may use, asked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapport.foundation.ui.extension_points import finders
from rapport.foundation.ui.types import Hit, Label, meets
from rapport.foundation.workspace.types import Actor


@dataclass(frozen=True)
class Found:
    """The results of one finder."""

    name: str
    label: Label
    hits: Sequence[Hit]


def found(words: str, *, actor: Actor, limit: int, most: Mapping[str, int] | None = None) -> list[Found]:
    """Results by kind, kinds without any left out. No words, no results. `most`: limits of single kinds."""
    if not words or words.startswith(">"):
        return []
    allowed = [(name, finder) for name, finder in finders.items() if meets(actor, finder.needs)]
    answers = [
        Found(name, finder.label, finder.find(actor, words, (most or {}).get(name, limit)))
        for name, finder in sorted(allowed, key=lambda each: each[1].order)
    ]
    return [answer for answer in answers if answer.hits]
