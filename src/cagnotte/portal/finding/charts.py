"""The line of a shop's rate over a year, drawn by the server: steps, since a rate holds until it changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cagnotte.journeys.find_shops import Point

WIDTH, HEIGHT = 1000, 100
"""Units of the drawing; it is stretched to the room it has, and its words stand beside it."""

ROOM = 1.15
"""So much higher than the highest rate the drawing is."""


@dataclass(frozen=True, slots=True)
class Step:
    """A rate and the days it held; until is None for the one that holds today. words: "" where there was nothing."""

    since: date
    until: date | None
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """line, area: paths. highest, lowest: in words; lowest "" when there were days without anything.

    changes: how often it changed. steps: the latest first, for the table beside it.
    """

    line: str
    area: str
    since: date
    middle: date
    today: date
    highest: str
    lowest: str
    changes: int
    steps: list[Step]


def history_chart(points: Sequence[Point], today: date) -> Chart | None:
    """Draw a year of a shop's best rate; None where there is nothing to draw, as of sums beside rates."""
    told = [point for point in points if point.words]
    rates = all(point.rate_bps is not None for point in told)
    if not told or not (rates or all(point.amount_minor is not None for point in told)):
        return None
    heights = [(point.rate_bps if rates else point.amount_minor) or 0 for point in points]
    since = points[0].day
    days = max(1, (today - since).days)
    top = max(heights) * ROOM or 1
    across = [WIDTH * min(days, (point.day - since).days) // days for point in points]
    down = [round(HEIGHT * (1 - height / top), 1) for height in heights]
    line = f"M0 {down[0]}" + "".join(f"H{x}V{y}" for x, y in zip(across[1:], down[1:], strict=True))
    line += f"H{WIDTH}"
    ends = [point.day - timedelta(days=1) for point in points[1:]]
    ordered = sorted(told, key=lambda point: point.rate_bps or point.amount_minor or 0)
    return Chart(
        line=line,
        area=f"{line}V{HEIGHT}H0Z",
        since=since,
        middle=since + timedelta(days=days // 2),
        today=today,
        highest=ordered[-1].words,
        lowest=ordered[0].words if len(told) == len(points) else "",
        changes=len(points) - 1,
        steps=[
            Step(point.day, until, point.words)
            for point, until in zip(points, [*ends, None], strict=True)
        ][::-1],
    )
