"""Contact points: their normal form, and the key that evidence keeps of them.

Evidence is never rewritten, so it holds no address: only this key. The readable address stands beside it where it can be
erased, and a stop goes on being honoured after that.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from rapport.foundation.lib.contact import normalised_email, normalised_phone
from rapport.touchpoints.permission.types import PointKind


def normalised(kind: PointKind, text: str, region: str = "") -> str | None:
    """The contact point as it is compared; None when it is none. Channels without contact points have the empty one."""
    match kind:
        case PointKind.EMAIL:
            return normalised_email(text)
        case PointKind.PHONE:
            return normalised_phone(text, region)
    return ""


def point_key(kind: PointKind, point: str) -> UUID | None:
    """The key of a normalised contact point. `KEY_SQL` is the same in the database."""
    if kind is PointKind.NONE or not point:
        return None
    return UUID(hashlib.sha256(f"{kind}:{point}".encode()).hexdigest()[:32])


KEY_SQL = "left(encode(sha256(convert_to('{kind}:' || {column}, 'UTF8')), 'hex'), 32)::uuid"
