"""What a customer record says of itself: its name, its search text, what it must have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rapport.foundation.lib.text import folded, folded_many

MOST_SEARCHED = 1000  # characters


def display_name(values: Mapping[str, Any]) -> str:
    """The name to show: the given one, else given and family name, else what the customer is reached by."""
    person = " ".join(part for part in (values.get("given_name", ""), values.get("family_name", "")) if part)
    return values.get("name") or person or values.get("email") or values.get("phone") or ""


def search_text(
    *, name: str, email: str, phone: str, organisation_name: str, city: str, extra: Iterable[str] = ()
) -> str:
    """What search matches: folded, the phone number also without its plus."""
    return folded(name, email, phone.lstrip("+"), organisation_name, city, *extra)[:MOST_SEARCHED]


def search_texts(
    *,
    names: Sequence[str],
    emails: Sequence[str | None],
    phones: Sequence[str | None],
    organisation_names: Sequence[str | None],
    cities: Sequence[str | None],
) -> list[str]:
    """Those of many customers, in a fraction of the time."""
    bare = [phone.lstrip("+") if phone else None for phone in phones]
    parts = [each for each in (names, emails, bare, organisation_names, cities) if any(each)]
    return [
        text[:MOST_SEARCHED] for text in folded_many([" ".join(filter(None, row)) for row in zip(*parts, strict=True)])
    ]


def merged_values(
    surviving: Mapping[str, Any], absorbed: Mapping[str, Any], chosen: Mapping[str, str]
) -> dict[str, Any]:
    """The survivor's values after a merge, by field name, in JSON form.

    `chosen` says "surviving" or "absorbed" by field. Where nothing is chosen the survivor's value stays, its gaps are
    filled from the absorbed record, and lists are joined.
    """
    result = {}
    for name, own in surviving.items():
        other = absorbed.get(name)
        if chosen.get(name) == "absorbed":
            result[name] = other
        elif chosen.get(name) == "surviving":
            result[name] = own
        elif isinstance(own, list) and isinstance(other, list):
            result[name] = [*own, *(item for item in other if item not in own)]
        else:
            result[name] = other if own in (None, "", {}) else own
    return result


def after_unmerge(current: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The survivor's values once the merge is taken back: what was before it, except where somebody changed it since.

    From a list goes what the merge brought; what others put in or took out stays so.
    """
    back = {}
    for name, brought in after.items():
        now, was = current.get(name), before.get(name)
        if now != brought and isinstance(now, list) and isinstance(brought, list):
            wanted: Any = _without(now, was or [], brought)
        else:
            wanted = was if now == brought else now
        if wanted != now:
            back[name] = wanted
    return back


def _without(now: list[Any], was: list[Any], brought: list[Any]) -> list[Any]:
    """What was there, but for what others took out since; then what others put in since."""
    own = [item for item in was if item in now or item not in brought]
    return [*own, *(item for item in now if item not in brought and item not in was)]
