from rapport.touchpoints.conversations.models.outbox import MessageContent, MessageFile, OutboxRow

__all__ = ["MessageContent", "MessageFile", "OutboxRow"]
