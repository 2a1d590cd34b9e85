"""Effinity's web service: a CSV in Latin-1, whole days, a key in the query, errors with status 200."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, State
from tests.sources.fakes.server import Asked, FakeServer, Reply, route

PARIS = ZoneInfo("Europe/Paris")
COLUMNS = (
    "id_transaction", "id_affilieur", "id_programme", "id_session", "effi_id", "effi_id2", "type", "montant",
    "commission", "statut", "date", "dateclic", "datetran", "datevalidation", "en_session", "ref", "ip", "payed",
    "nom_programme",
)  # fmt: skip
WORDS = {"pending": "Attente", "confirmed": "Valide", "declined": "Refusé"}
KEY = "uttyjD1Pe4IqG6Vnc"


class EffinityFake(FakeServer):
    """Tells transactions as Effinity does."""

    limit = Pace(10, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    @route("GET", "/apiv2/transaction.csv", free=True)
    def transactions(self, asked: Asked) -> Reply:
        if self.denies or asked.query("key") != KEY:
            return Reply(b"bad credentials !")
        first, last = day(asked.query("start")), day(asked.query("end"))
        if not first <= last < first + timedelta(days=31) or asked.query("type") != "datetran":
            return Reply(b"bad parameters !")
        rows = [
            row(order, state)
            for order in self.orders
            if (state := order.at(self.clock.now))
            and first <= order.bought_at.astimezone(PARIS).date() <= last
        ]
        return Reply("\r\n".join(["|".join(COLUMNS), *rows, ""]).encode("latin-1"))


def row(order: Order, state: State) -> str:
    validated = text(state.since) if state.status != "pending" else ""
    told = {
        "id_transaction": f"TX-{order.number}",
        "id_programme": order.shop,
        "effi_id": order.click,
        "type": "vente",
        "montant": str(state.amount),
        "commission": str(state.commission),
        "statut": WORDS[state.status],
        "date": text(order.bought_at),
        "dateclic": text(order.clicked_at),
        "datetran": text(order.bought_at),
        "datevalidation": validated,
        "ref": order.ref,
        "payed": str(int(state.paid)),
        "nom_programme": '"Prêt-à-porter | Été"',
    }
    return "|".join(told.get(name, "") for name in COLUMNS)


def day(told: str) -> date:
    return datetime.strptime(told, "%d/%m/%Y").replace(tzinfo=PARIS).date()


def text(at: datetime) -> str:
    return at.astimezone(PARIS).strftime("%d/%m/%Y %H:%M:%S")
