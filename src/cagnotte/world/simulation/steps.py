"""What to do with a world, in order: the commands that load it, take its files in and let its time pass."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple

from cagnotte.world.simulation.plan import Plan
from cagnotte.world.simulation.programmes import SEPA_CURRENCY, SLUG, source_refs

CLOSING_DAYS = 62
"""After the last file (and the last order), so much more time passes: all that was confirmed is released."""


class Step(NamedTuple):
    """One thing to do.

    Attributes:
        verb: load, import, validate, mature or pay. at: the moment that is recorded, in UTC.
        file: what is taken in, by its name in the folder, and source: what reads it; "" where there is none.
    """

    verb: str
    at: datetime
    file: str = ""
    source: str = ""

    def data(self) -> dict[str, Any]:
        """Return it as JSON-able data; `from_data` reads it back."""
        return {**self._asdict(), "at": self.at.isoformat()}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Step":
        """Return what `data` made data of."""
        return cls(**{**data, "at": datetime.fromisoformat(data["at"])})

    def command(self) -> str:
        """Return the command line, to be run in the world's folder."""
        now = f"--now {self.at:%Y-%m-%dT%H:%M:%S}"
        here = f"--programme {SLUG} {now}"
        return {
            "load": f"cagnotte programme load {self.file} {now}",
            "import": f"cagnotte import {self.file} --source {self.source} {here}",
            "validate": f"cagnotte validate {self.file} --source {self.source} {here}",
            "mature": f"cagnotte mature {here}",
            "pay": f"cagnotte payouts run --output bank {here}",
        }[self.verb]


def steps(plan: Plan, orders: dict[int, str], answers: dict[int, str]) -> list[Step]:
    """Return all steps of a world, given the files of each period."""
    opened = datetime.combine(plan.starts_on, time(6), UTC) - timedelta(days=1)
    found = [
        Step("load", opened, "programme.yaml"),
        Step("import", opened, "members.csv", "members"),
    ]
    if plan.tells_lines:
        found.append(Step("import", opened, "products.csv", "products"))
    source = source_refs(plan)[plan.formats[0]]
    at = opened
    for place, period in enumerate(plan.calendar.periods):
        if place not in orders and place not in answers:
            continue
        at = period.taken_at
        if place in orders:
            found.append(Step("import", at, orders[place], source))
        if place in answers:
            found.append(Step("validate", at, answers[place], "answers"))
        found.append(Step("mature", at))
        if period.ends_on.day == 1:
            found += _pay(plan, at)
    closed = max(at, opened + timedelta(days=plan.days)) + timedelta(days=CLOSING_DAYS)
    return [*found, Step("mature", closed), *_pay(plan, closed)]


def _pay(plan: Plan, at: datetime) -> list[Step]:
    return [Step("pay", at)] if plan.currency == SEPA_CURRENCY else []
