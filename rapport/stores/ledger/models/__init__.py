from rapport.stores.ledger.models.touchpoints import (
    Pin,
    Retraction,
    Touchpoint,
    TouchpointContent,
    TouchpointInbox,
    WriteKey,
)

__all__ = ["Pin", "Retraction", "Touchpoint", "TouchpointContent", "TouchpointInbox", "WriteKey"]
