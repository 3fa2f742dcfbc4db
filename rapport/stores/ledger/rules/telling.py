"""Properties as people can read them. They may hold anything: what is shown is bounded, and always text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from rapport.stores.ledger.rules.vocabulary import words

MOST_FACTS = 16
LONGEST = 200


def facts(properties: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and value, in the order sent; lists and objects as JSON."""
    found = []
    for name, value in list(properties.items())[:MOST_FACTS]:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        found.append((words(str(name))[:60] or "…", text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"))
    return found


def summary(properties: Mapping[str, Any]) -> str:
    """Where on the web it was, when it was there: the address without what would only confuse."""
    url = properties.get("url")
    if not isinstance(url, str):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    place = f"{parts.netloc}{parts.path}".rstrip("/")
    return place if len(place) <= LONGEST else f"{place[: LONGEST - 1]}…"
