"""TimeOne's SubID API: XML in Latin-1, three calls in fifteen minutes, errors as sentences with status 200."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from urllib.parse import quote_plus
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, State
from tests.sources.fakes.server import Asked, FakeServer, Reply, route

PARIS = ZoneInfo("Europe/Paris")
WORDS = {"declined": "0", "pending": "1", "confirmed": "2"}
KEY = "c534b0f5dcdddb5f"
LIMITED = b"You reached the limit of 3 call(s) in the last 900 seconds (15 min). Try again later. Thank you"


class TimeOneFake(FakeServer):
    """Tells actions as TimeOne does."""

    limit = Pace(3, 900)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    def busy(self, wait_seconds: int) -> Reply:
        return Reply(LIMITED)

    @route("GET", "/subid.php5", free=True)
    def subid(self, asked: Asked) -> Reply:
        if self.denies or (asked.query("p"), asked.query("k")) != ("51238", KEY):
            return Reply(b"Wrong information on parameter : p, k")
        first, last = date.fromisoformat(asked.query("dd")), date.fromisoformat(asked.query("df"))
        found = []
        for order in sorted(self.orders, key=lambda one: one.shop):
            state = order.at(self.clock.now)
            if state is None or (asked.query("s") == "3" and not state.paid):
                continue
            at = order.bought_at if asked.query("td", "a") == "a" else validated_at(order, state)
            if at and first <= at.astimezone(PARIS).date() <= last:
                found.append((order, state))
        return Reply(page(found).encode("latin-1"))


def validated_at(order: Order, state: State) -> datetime | None:
    if state.status == "pending":
        return None
    return next(one.since for one in order.states if one.status == state.status)


def page(found: list[tuple[Order, State]]) -> str:
    programs = []
    for shop, told in groupby(found, key=lambda one: one[0].shop):
        actions = "\n".join(action(order, state) for order, state in told)
        name = "<name><![CDATA[ Été & Co ]]></name>"
        programs.append(f'<program id="{shop}">\n{name}\n{actions}\n</program>')
    return "\n".join(['<partner id="51238">', *programs, "</partner>"])


def action(order: Order, state: State) -> str:
    validated = validated_at(order, state)
    told = {
        "id": order.ref,
        "SubID": quote_plus(order.click),
        "ActionDate": order.bought_at.astimezone(PARIS).strftime("%Y-%m-%d %H:%M:%S"),
        "ValidationDate": validated.strftime("%Y-%m-%d") if validated else "",
        "ActionStatus": WORDS[state.status],
        "ActionType": "3",
        "ProgramCommission": "10.000%",
        "ActionCommission": str(state.commission.quantize(Decimal("0.001"))),
        "CartAmount": str(state.amount),
        "Title": "Vente_NouveauClient",
        "ProgramCurrency": "EUR",
        "Device": "desktop",
    }
    return "<action " + " ".join(f"{key}={quoteattr(value)}" for key, value in told.items()) + " />"
