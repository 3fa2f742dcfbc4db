"""Keeping track of which kinds, channels and sources there are, at next to no cost for a batch."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from rapport.foundation.accounts.tenancy import current_schema
from rapport.stores.ledger.models import Words

MOST_REMEMBERED = 50_000
_remembered: set[tuple[str, str, str, str]] = set()  # database and schema, kind, channel, source


def note_words(words: set[tuple[str, str, str]], now: datetime) -> None:
    """Write down combinations that this process has not seen yet. Runs in the transaction of the batch."""
    place = _place()
    news = {(place, *word) for word in words} - _remembered
    if not news:
        return
    Words.objects.bulk_create(
        [
            Words(kind=kind, channel=channel, source=source, first_seen_at=now)
            for _, kind, channel, source in sorted(news)
        ],
        ignore_conflicts=True,
    )

    def remember() -> None:
        if len(_remembered) > MOST_REMEMBERED:
            _remembered.clear()
        _remembered.update(news)

    transaction.on_commit(remember)


def kinds_with_room(source: str, channel: str, kinds: set[str], *, most: int) -> set[str]:
    """Those of the kinds that the source has told before, and new ones as long as it has fewer than `most`.

    Keeps a stranger from filling everybody's menus with words of their own.
    """
    place = _place()
    news = {kind for kind in kinds if (place, kind, channel, source) not in _remembered}
    if not news:
        return kinds
    told = set(Words.objects.filter(source=source).values_list("kind", flat=True))
    room = max(0, most - len(told))
    return (kinds - news) | (news & told) | set(sorted(news - told)[:room])


def forget() -> None:
    """Begin again from the database (tests)."""
    _remembered.clear()


def forget_words(source: str) -> None:
    """The combinations of a source whose touch points were all taken back; when it comes again, they are noted again."""
    Words.objects.filter(source=source).delete()
    _remembered.difference_update({word for word in _remembered if word[3] == source})


def _place() -> str:
    return f"{connection.settings_dict['NAME']}/{current_schema()}"
