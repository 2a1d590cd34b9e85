"""Kwanko's API, and the web service of NetAffiliation: asked by the time of conversion, no pages."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, State
from tests.sources.fakes.server import (
    Asked,
    FakeServer,
    Number,
    Refusal,
    Reply,
    json_reply,
    route,
)

PARIS = ZoneInfo("Europe/Paris")
WORDS = {"pending": "pending_approval", "confirmed": "approved", "declined": "rejected"}
LETTERS = {"pending": "a", "confirmed": "v", "declined": "r"}
FIRST_NUMBER = 30_000


class KwankoFake(FakeServer):
    """Tells conversions as Kwanko does, and as NetAffiliation did."""

    bearer = "token-of-kwanko"
    limit = Pace(30, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    @route("GET", "/publishers/conversions")
    def conversions(self, asked: Asked) -> Reply:
        start = datetime.fromisoformat(asked.query("completion_date_from"))
        end = datetime.fromisoformat(asked.query("completion_date_to"))
        if start.tzinfo is None or end < start or asked.query("columns") != "ALL":
            raise Refusal(422, b'{"errors": ["dates"]}')
        found = [
            conversion(order, state)
            for order in self.orders
            if (state := order.at(self.clock.now)) and start <= order.bought_at <= end
        ]
        return json_reply({"conversions": found})

    @route("GET", "/requete.php", free=True)
    def requete(self, asked: Asked) -> Reply:
        if (asked.query("authl"), asked.query("authv")) != ("me@cagnotte.example", "XewP&e4eJXd8"):
            return Reply(b"KO 2 identification impossible\n")
        first, last = (date.fromisoformat(asked.query(name)) for name in ("debut", "fin"))
        if last - first > timedelta(days=366):
            return Reply(b"KO 7 periode trop longue\n")
        rows = [
            legacy_row(order, state, asked.query("champs").split(","))
            for order in self.orders
            if (state := order.at(self.clock.now))
            and first <= order.bought_at.astimezone(PARIS).date() <= last
            and LETTERS[state.status] in asked.query("etat")
        ]
        return Reply("\n".join([f"OK {len(rows)}", *rows, ""]).encode())


def conversion(order: Order, state: State) -> dict[str, Any]:
    return {
        "kwanko_id": str(FIRST_NUMBER + order.number),
        "campaign": {"id": int(order.shop), "name": "Programme"},
        "state": WORDS[state.status],
        "completed_at_timestamp": int(order.bought_at.timestamp()),
        "turnover": {"value": Number(state.amount), "currency": "EUR"},
        "websites_per_language": [
            {
                "id": 493471,
                "argsites": {"argsite": order.click},
                "earnings": {"value": Number(state.commission), "currency": "EUR"},
            }
        ],
    }


def legacy_row(order: Order, state: State, names: list[str]) -> str:
    told = {
        "idcampagne": order.shop,
        "id": str(FIRST_NUMBER + order.number),
        "gains": str(state.commission),
        "montant": str(state.amount).replace(".", ","),
        "monnaie": "EUR",
        "etat": LETTERS[state.status],
        "date": order.bought_at.astimezone(PARIS).strftime("%Y-%m-%d %H:%M:%S"),
        "argsite": order.click,
        "argann": order.ref,
    }
    return ";".join(told[name] for name in names)
