"""What is asked of a simulated world, and its calendar."""

import enum
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.money import decimals_of

TIMEZONE = "Europe/Paris"
"""Where the shops stand; the world's times are theirs, without an offset."""

HORIZON_DAYS = 400
"""How long after the last day of shopping something may still be told about an order; more than anything takes."""

MEMBERS_MAX = 999_999
DAYS_MAX = 3_660
FORMATS = ("csv", "jsonl")


class Model(enum.StrEnum):
    """How the programme earns and what it pays."""

    PORTAL = "portal"
    """Shops are reached through networks, which report orders and pay commissions; members get a share of them."""
    IN_HOUSE = "in_house"
    """A chain of shops rewards its own customers; nobody else pays."""
    TWO_STAGE = "two_stage"
    """Brands pay commissions on what is sold of theirs; shop, member and programme share them."""
    COALITION = "coalition"
    """Shops of several companies share one cagnotte, and each pays for its own rewards."""


class FilesPer(enum.StrEnum):
    """How much time one file of orders or answers holds."""

    DAY = "day"
    MONTH = "month"


class Returns(enum.StrEnum):
    """How shops tell what came back."""

    ANSWERS = "answers"
    """In files of answers, as what came back so far."""
    APPENDED = "appended"
    """In the files of orders, each return as rows of its own with a minus."""


@dataclass(frozen=True)
class Plan:
    """What is asked for. Raises InvalidInput for what no world can be made of, UnknownCurrency.

    Attributes:
        orders_per_month: of a member, in 30 days, on average.
        plain: one offer, so simple that rewards can be reckoned in one line: see `truth.json`.
        formats: of the files of orders; every format holds the same.
    """

    seed: int
    members: int
    days: int
    model: Model = Model.IN_HOUSE
    starts_on: date = date(2026, 1, 1)
    orders_per_month: int = 3
    currency: str = "EUR"
    plain: bool = False
    formats: tuple[str, ...] = ("csv",)
    files_per: FilesPer = FilesPer.MONTH
    returns: Returns = Returns.ANSWERS

    def __post_init__(self) -> None:
        decimals_of(self.currency)
        for name, value, most in (
            ("members", self.members, MEMBERS_MAX),
            ("days", self.days, DAYS_MAX),
            ("orders per month", self.orders_per_month, 100),
        ):
            if not 1 <= value <= most:
                raise InvalidInput(
                    f"A simulated world has 1 to {most:,} {name}, not {value:,}.", value=value
                )
        unknown = [name for name in self.formats if name not in FORMATS]
        if unknown or not self.formats:
            raise InvalidInput(
                f"Orders are written as {' or '.join(FORMATS)}, not as {unknown or 'nothing'}.",
                formats=unknown,
            )

        if self.returns is Returns.APPENDED and not self.tells_lines:
            raise InvalidInput("Networks tell no returns; they correct the amount of an order.")

    @property
    def tells_lines(self) -> bool:
        """Whether orders come from tills, line by line, and answers in files of their own; else from networks."""
        return self.model is not Model.PORTAL

    @cached_property
    def calendar(self) -> "Calendar":
        """The days of this world."""
        return Calendar(self)


class Period:
    """The time that one file holds.

    Attributes:
        name: of its month or day, as 2026-01 or 2026-01-05. ends_on: the first day after it.
    """

    __slots__ = ("ends_on", "name")

    def __init__(self, name: str, ends_on: date) -> None:
        self.name = name
        self.ends_on = ends_on

    @property
    def taken_at(self) -> datetime:
        """When its files are taken in: the morning after."""
        return datetime.combine(self.ends_on, time(6), UTC)


class Calendar:
    """Days, counted from 0 on the first day of shopping, with what is asked of them most often.

    Attributes:
        dates: of each day. texts: the same as text. weekdays: 0 is Monday. months: 1 to 12.
        period_of: the place of each day's period in `periods`.
    """

    def __init__(self, plan: Plan) -> None:
        count = plan.days + HORIZON_DAYS
        self.dates = [plan.starts_on + timedelta(days=day) for day in range(count)]
        self.texts = [day.isoformat() for day in self.dates]
        self.weekdays = [day.weekday() for day in self.dates]
        self.months = [day.month for day in self.dates]
        length = 7 if plan.files_per is FilesPer.MONTH else 10
        self.periods: list[Period] = []
        self.period_of: list[int] = []
        for day, text in zip(self.dates, self.texts, strict=True):
            if not self.periods or self.periods[-1].name != text[:length]:
                self.periods.append(Period(text[:length], day))
            self.periods[-1].ends_on = day + timedelta(days=1)
            self.period_of.append(len(self.periods) - 1)

    def moment(self, day: int, second: int) -> str:
        """Return a time of a day, where the shops stand, as 2026-01-05T18:03:59."""
        minutes, seconds = divmod(second, 60)
        return f"{self.texts[day]}T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
