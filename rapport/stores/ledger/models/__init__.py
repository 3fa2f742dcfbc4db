from rapport.stores.ledger.models.touchpoints import (
    Pin,
    Retraction,
    Touchpoint,
    TouchpointContent,
    TouchpointInbox,
    WriteKey,
)
from rapport.stores.ledger.models.words import Words

__all__ = ["Pin", "Retraction", "Touchpoint", "TouchpointContent", "TouchpointInbox", "Words", "WriteKey"]
