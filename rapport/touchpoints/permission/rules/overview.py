"""How a customer may be reached, channel by channel, as the page shows it: allowed, for service only, not asked, refused."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import pgettext_lazy

from rapport.touchpoints.permission.rules.gate import Verdict
from rapport.touchpoints.permission.types import Channel, Label, Purpose, Reason


class Reach(enum.StrEnum):
    """The value is the look's class."""

    YES = "yes"
    SERVICE = "service"
    ASK = "ask"
    NO = "no"


REACH_LABELS: Mapping[Reach, Label] = {
    Reach.YES: pgettext_lazy("permission to contact", "allowed"),
    Reach.SERVICE: pgettext_lazy("permission to contact", "service messages only"),
    Reach.ASK: pgettext_lazy("permission to contact", "not asked"),
    Reach.NO: pgettext_lazy("permission to contact", "refused"),
}
_OPEN = frozenset({Reason.NOT_ASKED, Reason.PENDING, Reason.EXPIRED, Reason.NO_CONTACT_POINT})


@dataclass(frozen=True)
class Answer:
    """The verdict for one purpose by one channel, caps and quiet hours aside."""

    purpose: Purpose
    verdict: Verdict

    @property
    def allowed(self) -> bool:
        return self.verdict.allowed or self.verdict.reason is Reason.PAUSED


@dataclass(frozen=True)
class ChannelReach:
    channel: Channel
    reach: Reach
    answers: Sequence[Answer]

    @property
    def label(self) -> Label:
        return REACH_LABELS[self.reach]

    @property
    def is_paused(self) -> bool:
        return any(answer.verdict.reason is Reason.PAUSED for answer in self.answers)


def reach_of(channel: Channel, answers: Sequence[Answer]) -> ChannelReach:
    """One word for what all purposes come to."""
    others = [answer for answer in answers if not answer.purpose.is_service]
    if any(answer.allowed for answer in others):
        reach = Reach.YES
    elif any(answer.allowed for answer in answers if answer.purpose.is_service):
        reach = Reach.SERVICE
    elif all(answer.verdict.reason in _OPEN for answer in others):
        reach = Reach.ASK
    else:
        reach = Reach.NO
    return ChannelReach(channel, reach, answers)
