"""The line of a year of rates."""

from datetime import date

from cagnotte.journeys.find_shops import Point
from cagnotte.portal.finding.charts import Step, history_chart

TODAY = date(2026, 3, 10)


def test_a_rate_holds_until_it_changes() -> None:
    chart = history_chart(
        [Point(date(2025, 3, 10), 400, None, "4%"), Point(date(2026, 2, 20), 800, None, "8%")],
        TODAY,
    )

    assert chart is not None
    assert chart.line == "M0 56.5H950V13.0H1000"
    assert chart.area == "M0 56.5H950V13.0H1000V100H0Z"
    assert (chart.lowest, chart.highest, chart.changes) == ("4%", "8%", 1)
    assert chart.steps == [
        Step(date(2026, 2, 20), None, "8%"),
        Step(date(2025, 3, 10), date(2026, 2, 19), "4%"),
    ]


def test_days_without_anything_are_on_the_ground() -> None:
    chart = history_chart(
        [Point(date(2025, 3, 10), None, None, ""), Point(date(2025, 9, 8), None, 500, "€5.00")],
        TODAY,
    )

    assert chart is not None
    assert chart.line.startswith("M0 100.0H")
    assert (chart.lowest, chart.highest) == ("", "€5.00")


def test_sums_beside_rates_and_nothing_at_all_are_not_drawn() -> None:
    mixed = [Point(date(2025, 3, 10), 400, None, "4%"), Point(date(2026, 2, 20), None, 500, "€5")]

    assert history_chart(mixed, TODAY) is None
    assert history_chart([Point(date(2025, 3, 10), None, None, "")], TODAY) is None
    assert history_chart([], TODAY) is None
