"""What a cohort table says over all cohorts, and which cohorts stand out. Plain Python; pages use it too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SMALLEST = 20  # customers of a cohort worth comparing; smaller ones are shown in a table and never speak


@dataclass(frozen=True)
class CurvePoint:
    """Of the `of` customers watched for `offset` periods, `came` came in that period, and `by` at least once by then."""

    offset: int
    came: int
    by: int
    of: int

    @property
    def share(self) -> float:
        return self.came / self.of if self.of else 0.0

    @property
    def share_by(self) -> float:
        return self.by / self.of if self.of else 0.0


def curve(
    sizes: Sequence[int], came: Sequence[Sequence[int]], by: Sequence[Sequence[int]], *, closed: int
) -> list[CurvePoint]:
    """Over all cohorts that were watched long enough. `closed`: how many periods are over, from the first on."""
    points = []
    for offset in range(closed):
        cohorts = [i for i in range(len(sizes)) if i + offset < closed]
        if of := sum(sizes[i] for i in cohorts):
            points.append(
                CurvePoint(offset, sum(came[i][offset] for i in cohorts), sum(by[i][offset] for i in cohorts), of)
            )
    return points
