"""One chart of every kind for the style guide, with made-up content."""

from __future__ import annotations

from rapport.foundation.ui.charts import (
    Bars,
    Bridge,
    Calibration,
    Chart,
    Concentration,
    Flow,
    Flows,
    Group,
    Heat,
    HeatCell,
    HeatRow,
    Line,
    Mark,
    Node,
    Point,
    Share,
)

HOSTILE = "<script>alert(1)</script>"
STEPS = (
    Mark("Nov 2025", 45_200_000, "€45.2M", tone="total"),
    Mark("Recruited", 4_100_000, "+€4.1M", "3,118 new customers", "?chart=recruited"),
    Mark("Extended", 2_400_000, "+€2.4M", HOSTILE),
    Mark("Lost", -2_800_000, "−€2.8M", "1,602 customers lapsed", "?chart=lost"),
    Mark("Nov 2026", 48_900_000, "€48.9M", tone="total"),
)
TENTHS = (64.2, 13.1, 7.6, 4.9, 3.6, 2.7, 2.0, 1.5, 1.0, -0.6)


def sample_charts() -> list[Chart]:
    return [
        Bridge(title="New customers outgrew the losses", said="From 45.2 to 48.9 million.", unit="EUR", steps=STEPS),
        Line(
            title="Likely above the goal",
            said="Closed 214 thousand so far, likely 486 thousand at the end.",
            unit="EUR",
            points=(
                Point("October", 60_000, text="€60k"),
                Point("November", 214_000, 214_000, 214_000, 214_000, text="€214k", url="?chart=november"),
                Point("December", None, 350_000, 290_000, 420_000, text="€350k"),
                Point("January", None, 486_000, 402_000, 571_000, text="€486k", note="8 in 10: €402k to €571k"),
            ),
            name="Closed €214k",
            likely_name="Likely €486k",
            goal=450_000,
            goal_text="Goal €450k",
        ),
        Bars(
            title="One customer in ten carries 64% of the value",
            said="Shares of ten tenths, from 64 to minus 0.6 per cent.",
            unit="%",
            marks=[
                Mark(f"{n}.", share / 100, f"{share}%", tone="" if n == 1 else "soft" if share > 0 else "")
                for n, share in enumerate(TENTHS, 1)
            ],
        ),
        Bars(
            title="Referrals bring the most",
            said="Referral 1.2 million, letters 0.3 million.",
            unit="EUR",
            across=True,
            marks=(
                Mark("Referral", 1_200_000, "€1.2M", "910 customers", "?chart=referral"),
                Mark("Letters with a name that is too long", 300_000, "€0.3M", HOSTILE),
                Mark("Events", -40_000, "−€40k"),
            ),
        ),
        Concentration(
            title="A fifth of the customers carry 80% of the value",
            said="The best fifth carry 80 per cent.",
            shares=(Share(0.1, 0.6, url="?chart=best"), Share(0.2, 0.8), Share(0.5, 0.95), Share(1.0, 1.0)),
        ),
        Calibration(
            title="Expected purchases came true",
            said="Over ten groups the model was off by 4 per cent.",
            groups=[Group(f"{n}.", n * n / 10, n * n / 10 + (-1) ** n * 0.2, url="?chart=group") for n in range(1, 11)],
        ),
        Heat(
            title="Spring recruits stay longest",
            said="Still buying, in per cent of each group.",
            name_of_marks="Recruited",
            name_of_sizes="Customers",
            heads=("1 quarter", "2", "3"),
            groups=(
                HeatRow("2026 Q1", "812", (HeatCell(0.71, url="?chart=q1"), HeatCell(0.62), HeatCell(0.57))),
                HeatRow("2026 Q2", "1,104", (HeatCell(0.78), HeatCell(0.5))),
            ),
            footer="Groups of fewer than 50 are hidden.",
        ),
        Flows(
            title="Most who take a service plan stay",
            said="Of 120 with a service plan 90 are loyal.",
            nodes=(
                Node("Search"),
                Node("Referral"),
                Node("Service plan", ""),
                Node("Loyal", "good"),
                Node("Lost", "bad"),
            ),
            flows=(
                Flow("Search", "Service plan", 70),
                Flow("Referral", "Service plan", 50, "?chart=flow"),
                Flow("Service plan", "Loyal", 90),
                Flow("Service plan", "Lost", 30),
            ),
        ),
    ]
