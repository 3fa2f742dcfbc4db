"""What the gate says, in sentences. The one place where a reason has words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from rapport.touchpoints.permission.types import Label, Reason

SENTENCES: Mapping[Reason, Label] = {
    Reason.GRANTED: _("The customer may be contacted."),
    Reason.NOT_ASKED: _("The customer was never asked for this."),
    Reason.PENDING: _("The customer was asked and has not confirmed it yet."),
    Reason.REFUSED: _("The customer refused this."),
    Reason.WITHDRAWN: _("The customer has withdrawn the permission."),
    Reason.EXPIRED: _("The permission has expired."),
    Reason.BOUNCED: _("Messages to this address do not arrive."),
    Reason.COMPLAINED: _("A message to this address was marked as spam."),
    Reason.UNSUBSCRIBED: _("This address was unsubscribed."),
    Reason.STOPPED: _("A colleague stopped all messages there."),
    Reason.PAUSED: _("The customer takes a break from us."),
    Reason.QUIET_HOURS: _("It is quiet hours where the customer lives."),
    Reason.CAP_REACHED: _("The customer has had as many messages as you allow for now."),
    Reason.OWN_LIMIT: _("The customer does not want to hear from us more often."),
    Reason.NO_CONTACT_POINT: _("There is no address or number for this channel."),
    Reason.PURPOSE_RETIRED: _("This purpose is no longer in use."),
}
