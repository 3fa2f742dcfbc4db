"""What a cohort table says over all cohorts, and which cohorts stand out. Plain Python; pages use it too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SMALLEST = 20  # customers of a cohort worth comparing; smaller ones are shown in a table and never speak


@dataclass(frozen=True)
class CurvePoint:
    """After `offset` periods, `came` of the `of` customers observed that long came back (`later`: then or after)."""

    offset: int
    came: int
    later: int
    of: int

    @property
    def share(self) -> float:
        return self.came / self.of if self.of else 0.0

    @property
    def share_later(self) -> float:
        return self.later / self.of if self.of else 0.0


def curve(
    sizes: Sequence[int], came: Sequence[Sequence[int]], later: Sequence[Sequence[int]], *, closed: int
) -> list[CurvePoint]:
    """Over all cohorts that are observed long enough. `closed`: how many periods are over, from the first on.

    "Then or after" needs time after: its last points rest on little, and the page says so.
    """
    points = []
    for offset in range(closed):
        cohorts = [i for i in range(len(sizes)) if i + offset < closed and offset < len(came[i])]
        of = sum(sizes[i] for i in cohorts)
        if of:
            points.append(
                CurvePoint(offset, sum(came[i][offset] for i in cohorts), sum(later[i][offset] for i in cohorts), of)
            )
    return points


def level(share: float, low: float, high: float, steps: int = 6) -> int:
    """The shade of a cell, 1 to `steps`; all the same where nothing differs."""
    if high <= low:
        return 1
    return min(steps, 1 + int((share - low) / (high - low) * steps))
