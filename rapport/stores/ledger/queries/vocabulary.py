"""Channels and kinds as this workspace knows them: registered ones, and whatever else has come in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapport.foundation.records.extension_points import BehaviourWords
from rapport.stores.ledger.extension_points import channels, kinds
from rapport.stores.ledger.models import Words
from rapport.stores.ledger.rules import vocabulary
from rapport.stores.ledger.types import Channel, Group, Kind, Label


@lru_cache(maxsize=4096)
def channel_of(name: str) -> Channel:
    return channels.get(name) or vocabulary.guessed_channel(name)


@lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind:
    return kinds.get(name) or vocabulary.guessed_kind(name)


def group_of(channel: str, kind: str) -> Group:
    """A kind that says where it belongs decides; else its channel does."""
    return kind_of(kind).group or channel_of(channel).group


@dataclass(frozen=True)
class InUse:
    """The words that touch points of this workspace carry."""

    combinations: frozenset[tuple[str, str, str]]  # kind, channel, source

    def kinds(self, *, channel: str = "", source: str = "", group: Group | None = None) -> set[str]:
        """The kinds that can occur together with these."""
        return {
            kind
            for kind, its_channel, its_source in self.combinations
            if (not channel or its_channel == channel)
            and (not source or its_source == source)
            and (group is None or group_of(its_channel, kind) is group)
        }

    def channels(self) -> set[str]:
        return {channel for _, channel, _ in self.combinations}

    def sources(self) -> set[str]:
        return {source for _, _, source in self.combinations}


def in_use() -> InUse:
    """One small query."""
    return InUse(frozenset(Words.objects.values_list("kind", "channel", "source")))


def words_in_use() -> BehaviourWords:
    """For the condition builder: what has come in first, then what is registered and may come."""
    present = in_use()
    return BehaviourWords(
        kinds=_labelled(present.kinds(), kinds, kind_of), channels=_labelled(present.channels(), channels, channel_of)
    )


def _labelled(
    present: Iterable[str], registered: Iterable[str], find: Callable[[str], Channel | Kind]
) -> dict[str, Label]:
    seen = sorted(present, key=lambda name: str(find(name).label).casefold())
    return {name: find(name).label for name in (*seen, *(name for name in registered if name not in seen))}
