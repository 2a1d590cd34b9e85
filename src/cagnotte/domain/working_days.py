"""Days on which banks in the euro area move money, and when a transfer arrives.

The calendar is that of T2, the Eurosystem's settlement system: closed on Saturdays, Sundays, New Year's Day, Good
Friday, Easter Monday, 1 May, Christmas Day and 26 December (European Central Bank, "TARGET working days").
"""

from datetime import date, timedelta

FRIDAY = 4
"""Of `date.weekday`; later ones are the weekend."""

CHECK_DAYS = 2
"""Working days within which whoever runs a programme looks at a payout that was asked for."""

TRANSFER_DAYS = 1
"""Working days that a SEPA credit transfer may take (EPC SEPA Credit Transfer rulebook, section 4.2.3)."""


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher's algorithm)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def is_working(day: date) -> bool:
    """Tell whether banks move money on a day."""
    if day.weekday() > FRIDAY:
        return False
    if (day.month, day.day) in ((1, 1), (5, 1), (12, 25), (12, 26)):
        return False
    return day - easter(day.year) not in (timedelta(days=-2), timedelta(days=1))


def working_day(day: date) -> date:
    """Return the first working day at or after a day."""
    while not is_working(day):
        day += timedelta(days=1)
    return day


def add_working_days(day: date, count: int) -> date:
    """Return the working day that lies `count` working days after the first one at or after `day`."""
    day = working_day(day)
    for _ in range(count):
        day = working_day(day + timedelta(days=1))
    return day


def arrives_by(executed_on: date) -> date:
    """Return the last day on which a transfer that a bank executes on a day reaches the other bank."""
    return add_working_days(executed_on, TRANSFER_DAYS)


def expected_by(asked_on: date, execution_days: int) -> date:
    """Return the day by which a payout asked for on a day should have arrived.

    It is looked at within `CHECK_DAYS`, the bank is asked to pay `execution_days` later, and needs `TRANSFER_DAYS`.
    """
    sent_on = add_working_days(asked_on, CHECK_DAYS)
    return arrives_by(sent_on + timedelta(days=execution_days))
