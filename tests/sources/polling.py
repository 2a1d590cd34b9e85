"""How a source that is polled shows that its polls lose nothing, double nothing, and ask within limits.

The test module of such a source, `tests/sources/test_NAME.py`, defines `POLLING` beside its `CASE`; `test_polls.py`
finds it there and runs the promises that all polls keep:

    class BookshopFake(FakeServer):            # in tests/sources/fakes/bookshop.py
        bearer = "token-of-the-test"
        limit = Pace(20, 60)                   # the network's own; the plugin's `pace` must stay within it

        def __init__(self, orders: Sequence[Order], clock: Clock) -> None: …

        @route("GET", "/orders")               # what each `order.at(self.clock.now)` says, in pages, in its own words
        def orders(self, asked: Asked) -> Reply: …

    POLLING = Polling(serve=BookshopFake, secrets={"token": ["token-of-the-test"]})

The fake refuses what the real one refuses: windows too long, pages too large, wrong forms of dates (`Refusal`), and it
should page in small steps, so that a poll takes several calls. Tests move the clock over half a year, poll every week,
and compare each order that the plugin tells with the order as it stands.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cagnotte.domain.attribution import Trace
from cagnotte.hooks.reading import read_json
from cagnotte.hooks.sources import PurchaseReport, SourceContext, SourcePlugin
from tests.sources.calls import Calls
from tests.sources.case import Case
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, State, network_orders
from tests.sources.fakes.server import FakeServer
from tests.sources.standing import Standing

Facts = Mapping[str, object]

ELSEWHERE = ZoneInfo("Asia/Tokyo")
"""Where the machine's clock stands, which must not matter."""


def settings_of(fake: FakeServer) -> Mapping[str, str]:
    """Return the settings that lead to a fake, for most sources."""
    return {"api_url": fake.url}


@dataclass(frozen=True, slots=True)
class Polling:
    """How one source is polled in tests.

    Attributes:
        serve: makes the fake, given orders and clock. orders: what it is fed with. settings: those that lead to it,
            beside those of the case. secrets: beside those of the case.
        tells: which facts of an order its reports give back, of "amount", "commission", "status", "click", "at",
            "paid", "reason".
        expected: how an order stands as this source tells it; replaces facts of the usual ones.
        seen_days: changes so many days after the purchase are seen at the latest; None = all, however late.
        errors_as_200: bodies by which the source says with status 200 that something is wrong.
        calls_again: how many calls a poll may take more when it went on after a failure: the one that failed, a token.
        key: the fact of an order by which reports are matched: its ref; such as its number where no ref is told.
        report_key: the same of a report, given the source's own name of the order too.
    """

    serve: Callable[[Sequence[Order], Clock], FakeServer]
    orders: Callable[[], Sequence[Order]] = network_orders
    settings: Callable[[FakeServer], Mapping[str, str]] = settings_of
    secrets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tells: frozenset[str] = frozenset({"amount", "commission", "status", "click", "at"})
    expected: Callable[[Order, State], Facts] = lambda _order, _state: {}
    seen_days: int | None = 120
    errors_as_200: Sequence[bytes] = ()
    calls_again: int = 2
    key: Callable[[Order], str] = lambda order: order.ref
    report_key: Callable[[str, PurchaseReport], str] = lambda _object_id, report: report.order_ref


class Poller:
    """Polls one source as the core does: each page is kept together with its cursor, and read afterwards."""

    def __init__(self, case: Case, polling: Polling, fake: FakeServer, clock: Clock) -> None:
        self.case = case
        self.polling = polling
        self.fake = fake
        self.clock = clock
        self.cursor: dict[str, Any] = {}
        self.standing = Standing(self.plugin, self.context())
        self.pages = 0
        # One for all polls: the pace is the account's, not that of a poll.
        self.calls = Calls(clock=clock, pace=case.plugin.pace)

    @property
    def plugin(self) -> SourcePlugin:
        return self.case.plugin

    def context(self, *, calling: bool = False) -> SourceContext:
        """Return what the plugin is handed, now."""
        client = self.calls if calling else None
        usual = self.case.context()
        return self.case.context(
            settings={**usual.settings, **self.polling.settings(self.fake)},
            secrets={**self.case.secrets, **self.polling.secrets},
            now=self.clock.now.astimezone(ELSEWHERE),
            http=client,
        )

    def poll(self) -> int:
        """Poll once, to the end. Returns how many calls it took. Raises as the plugin does; what was kept stands."""
        before = len(self.fake.log)
        self.standing.context = self.context()
        cursor = json.loads(json.dumps(self.cursor))
        for page in self.plugin.poll(self.context(calling=True), cursor):
            for message in page.messages:
                assert message.body, "a message has bytes"
            self.standing.take(*page.messages)
            # Cursors are kept as JSON.
            self.cursor = read_json(json.dumps(page.cursor).encode())
            self.pages += 1
        return len(self.fake.log) - before

    # ---- how orders stand ----

    def told(self) -> dict[str, Facts]:
        """Return the facts of each order that the plugin tells."""
        assert not self.standing.unreadable
        reports = {
            self.polling.report_key(object_id, report): report
            for object_id, report in self.standing.reports().items()
            if isinstance(report, PurchaseReport)
        }
        assert len(reports) == len(self.standing.pieces), "an order is told once"
        return {key: self._facts(report) for key, report in reports.items()}

    def _facts(self, report: PurchaseReport) -> Facts:
        facts = {
            "amount": sum(
                line.amount - line.discount - line.returned_amount for line in report.lines
            )
            + report.delivery
            - report.refunded,
            "commission": report.commission,
            "status": str(report.status),
            "click": next((one.value for one in report.traces if one.kind is Trace.CLICK), None),
            "at": report.occurred_at.utc,
            "paid": report.paid,
            "reason": report.reason,
        }
        return {name: value for name, value in facts.items() if name in self.polling.tells}

    def facts_of(self, order: Order, state: State) -> Facts:
        """Return the facts of an order in a state, as the source should tell them."""
        facts = {
            "amount": state.amount,
            "commission": state.commission,
            "status": state.status,
            "click": order.click,
            "at": order.bought_at,
            "paid": state.paid,
            "reason": state.reason,
        }
        facts |= self.polling.expected(order, state)
        return {name: value for name, value in facts.items() if name in self.polling.tells}

    def allowed(self, order: Order, now: datetime, *, gap_days: int = 0) -> list[Facts]:
        """Return the facts by which an order may stand after a poll, the latest first.

        A source whose sweeps end some days after a purchase may have missed what came later.
        """
        known = [state for state in reversed(order.states) if state.since <= now]
        if self.polling.seen_days is not None:
            end = order.bought_at + timedelta(days=self.polling.seen_days - gap_days)
            surely = next((place for place, one in enumerate(known) if one.since <= end), None)
            known = known if surely is None else known[: surely + 1]
        else:
            known = known[:1]
        return [self.facts_of(order, state) for state in known]
