from rapport.touchpoints.channels.email.models.mailboxes import Mailbox

__all__ = ["Mailbox"]
