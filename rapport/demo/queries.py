"""Whether the demo data is in the workspace, or on its way."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from procrastinate.contrib.django.models import ProcrastinateJob

from rapport.foundation.records.models import Operation
from rapport.foundation.records.policies import visible
from rapport.foundation.workspace.types import Actor

KIND = "demo"
LOAD_TASK = "demo.load"


class Stage(enum.StrEnum):
    ABSENT = "absent"
    COMING = "coming"
    FAILED = "failed"
    HERE = "here"


@dataclass(frozen=True)
class Demo:
    """What the page about the demo data shows."""

    stage: Stage
    operation_id: UUID | None = None
    customers: int = 0
    touchpoints: int = 0
    loaded_at: datetime | None = None
    loaded_by: str = ""


def standing_demo() -> Operation | None:
    """The operation that brought the demo data, unless it was taken back."""
    return Operation.objects.filter(kind=KIND, undone_at=None).order_by("-at").first()


def demo(schema: str) -> Demo:
    """How things stand with the demo data of the current workspace."""
    return demo_here() or Demo(_STAGES.get(_last_job(schema), Stage.ABSENT))


def demo_here() -> Demo | None:
    """What is in the workspace of it; None when it is not. One query."""
    operation = standing_demo()
    if operation is None:
        return None
    counts = operation.counts
    return Demo(
        Stage.HERE,
        operation.id,
        counts.get("created", 0),
        counts.get("touchpoints", 0),
        operation.at,
        operation.actor_name,
    )


_STAGES = {"todo": Stage.COMING, "doing": Stage.COMING, "failed": Stage.FAILED}


def _last_job(schema: str) -> str:
    jobs = ProcrastinateJob.objects.filter(task_name=LOAD_TASK, args__schema=schema)
    return jobs.order_by("-id").values_list("status", flat=True).first() or ""


def has_customers(actor: Actor) -> bool:
    """Whether there is anybody to look at, made up or not."""
    return visible(actor, "customer").exists()
