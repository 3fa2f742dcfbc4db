"""What is wrong, in plain words, with what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rapport.touchpoints.channels.email.types import Label, Trouble

WORDS: dict[Trouble, Label] = {
    Trouble.UNKNOWN_HOST: _("There is no server of this name. Check the spelling; your provider's help names it."),
    Trouble.PRIVATE_HOST: _(
        "This name leads into a private network, which this installation does not let mailboxes reach. "
        "Whoever runs it can allow that."
    ),
    Trouble.NOBODY_THERE: _(
        "The server does not answer on this port. Check the port, or whether a firewall is between."
    ),
    Trouble.SILENT: _("The server took the call and then said nothing. The port may want another kind of security."),
    Trouble.WRONG_CERTIFICATE: _(
        "The server's certificate does not fit its name or is not trusted, so nothing was sent."
    ),
    Trouble.NO_TLS: _("The server offers no encryption here. Try “TLS from the start” with its other port."),
    Trouble.WRONG_PROTOCOL: _(
        "Something answers on this port, but not as a mail server does. Check port and security."
    ),
    Trouble.SIGN_IN_REFUSED: _(
        "The server does not accept this user name with this password. Many providers want an app password, "
        "made in your account's security settings, instead of your usual one."
    ),
    Trouble.SIGN_IN_NOT_OFFERED: _("The server lets nobody sign in here with a password. Check port and security."),
    Trouble.SENDER_REFUSED: _("The server does not let this user send from this address."),
    Trouble.LOST: _("The line to the server broke."),
    Trouble.UNREADABLE_PASSWORD: _("The stored password can no longer be read. Enter it again."),
    Trouble.OTHER: _("The server refused."),
}

# These will not mend themselves: the mailbox rests until somebody has looked.
LASTING = {
    Trouble.PRIVATE_HOST,
    Trouble.WRONG_CERTIFICATE,
    Trouble.NO_TLS,
    Trouble.SIGN_IN_REFUSED,
    Trouble.SIGN_IN_NOT_OFFERED,
    Trouble.SENDER_REFUSED,
    Trouble.UNREADABLE_PASSWORD,
}
_LONGEST_REST_MINUTES = 60


def rest_minutes(troubles: int) -> int:
    """How long a mailbox is left alone after its server could not be reached that often in a row."""
    return min(_LONGEST_REST_MINUTES, 2 ** max(0, min(troubles, 10) - 1))
