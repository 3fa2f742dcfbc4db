"""Template helpers of sales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def at(values: Mapping[str, Any], key: str) -> Any:
    """What a mapping holds under a key; 0 where it holds nothing."""
    return values.get(key, 0)
