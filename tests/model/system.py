"""Cagnotte itself, as the machine sees it: real files, journeys and services on a real database, and what stands."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from django.db import connections
from psycopg import sql

from cagnotte.domain.chart import KINDS, Account
from cagnotte.domain.vouchers import Terms
from cagnotte.hooks.manager import plugins
from cagnotte.journeys import (
    ask_payout,
    check_books,
    close_account,
    expire,
    give,
    grant_goodwill,
    load_programme,
    pay_out,
    redeem,
    vouchers,
)
from cagnotte.journeys.ask_payout import Desk
from cagnotte.journeys.grant_goodwill import Goodwill
from cagnotte.journeys.import_file import ImportSummary, import_file
from cagnotte.journeys.import_status import StatusFile, import_status
from cagnotte.journeys.mature import mature
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.ledger import selectors as ledger
from cagnotte.ledger import services as ledger_services
from cagnotte.payouts import giving
from cagnotte.payouts import selectors as payout_selectors
from cagnotte.payouts import services as payout_services
from cagnotte.payouts.giving import CharityFacts
from cagnotte.platform import database
from cagnotte.wallet.voucher_uses import UseAsk
from tests.databases import Server
from tests.model import rail
from tests.model.model import BANK_ACCOUNTS_SINCE
from tests.model.programmes import MEMBERS, PROGRAMMES, WITH_BANK, Programme, programme_file
from tests.model.rating import Line

IBAN = "DE89370400440532013000"
PARTY_ACCOUNTS = [name for name in KINDS if name.startswith(("funder.", "merchant."))]
Standing = dict[tuple[str, ...], Any]
"""All that stands of a programme, by what it is and its name."""


CHARITY = CharityFacts("sea", "Clean Seas", {})
"""To whom members give."""


@dataclass(frozen=True)
class Place:
    """Where a programme's rows are: its id, its parties' and its members' wallets."""

    programme: Programme
    id: UUID
    parties: dict[str, UUID]
    wallets: dict[str, UUID]


@dataclass
class Arena:
    """A database in which the programmes are loaded and members enrolled, given empty of all else again and again."""

    server: Server
    name: str
    folder: Path
    places: dict[str, Place] = field(default_factory=dict)
    empty_tables: list[str] = field(default_factory=list)
    files: int = 0

    @classmethod
    def build(cls, server: Server, migrated: str, run: str, folder: Path) -> "Arena":
        """Load the programmes."""
        arena = cls(server, server.clone(migrated, run), folder)
        if not plugins().has_plugin(rail.NAME):
            plugins().register(rail, rail.NAME)
        with arena.at_work():
            for programme in PROGRAMMES:
                arena._load(programme)
        arena._see_what_is_empty()
        return arena

    def _load(self, programme: Programme) -> None:
        path = self.folder / f"{programme.slug}.yaml"
        path.write_text(programme_file(programme), encoding="utf-8")
        load_programme.run(path, now=BANK_ACCOUNTS_SINCE)
        rows = "".join(f"{m},{m},{IBAN if m == WITH_BANK else ''}\n" for m in MEMBERS)
        members = self.folder / f"{programme.slug}.csv"
        members.write_text("number,name,iban\n" + rows, encoding="utf-8")
        import_file(members, programme=programme.slug, source="members", now=BANK_ACCOUNTS_SINCE)
        with database.connect() as connection:
            self.places[programme.slug] = _place(connection, programme)
            rules = payout_selectors.rules(connection, self.places[programme.slug].id)
            payout_services.save_settings(connection, replace(rules, rail=rail.NAME))
            giving.save_charities(connection, self.places[programme.slug].id, [CHARITY])

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let everything lead to this database."""
        before = database.chosen_url()
        database.use_database(self.server.url(self.name))
        try:
            yield
        finally:
            connections.close_all()
            database.use_database(before)

    @contextmanager
    def fresh(self) -> Iterator["System"]:
        """Give the database as it was after loading; what was done in it is wiped out afterwards."""
        try:
            with database.connect() as connection:
                yield System(self, connection)
        finally:
            self._wipe()

    def _see_what_is_empty(self) -> None:
        with psycopg.connect(self.server.url(self.name, admin=True)) as connection:
            for (table,) in connection.execute(TABLES).fetchall():
                query = sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))
                # Accounts stay open, at zero.
                if table != "ledger_balance" and not connection.execute(query).fetchone():
                    self.empty_tables.append(table)

    def _wipe(self) -> None:
        """Forget all but the programmes and their members, some ten times as fast as another copy would be."""
        with psycopg.connect(self.server.url(self.name, admin=True)) as connection:
            # The guards of the books stand against everybody else.
            connection.execute("SET LOCAL session_replication_role = replica")
            for table in self.empty_tables:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            connection.execute("UPDATE ledger_balance SET amount_minor = 0")
            connection.execute("UPDATE identity_wallet SET closed_at = NULL")

    def drop(self) -> None:
        """Drop the database."""
        plugins().unregister(name=rail.NAME)
        self.server.drop(self.name)


TABLES = """
    SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""


def _place(connection: psycopg.Connection[Any], programme: Programme) -> Place:
    ((found,),) = connection.execute(
        "SELECT id FROM identity_programme WHERE slug = %s", [programme.slug]
    ).fetchall()
    parties = "SELECT ref, id FROM identity_party WHERE programme_id = %s"
    members = "SELECT ref, wallet_id FROM identity_member WHERE programme_id = %s"
    return Place(
        programme,
        found,
        dict(connection.execute(parties, [found]).fetchall()),
        dict(connection.execute(members, [found]).fetchall()),
    )


class System:
    """Everything a person or a shop can do to a programme; each call is one command of the product."""

    def __init__(self, arena: Arena, connection: psycopg.Connection[Any]) -> None:
        self._arena = arena
        self._connection = connection

    # ---- files ----

    def _send(self, at: datetime, place: Place, source: str, text: str) -> ImportSummary:
        self._arena.files += 1
        path = self._arena.folder / f"{source}-{self._arena.files}"
        path.write_text(text, encoding="utf-8")
        found = import_file(path, programme=place.programme.slug, source=source, now=at)
        path.unlink()
        return found

    def say(  # what a message holds
        self,
        at: datetime,
        place: Place,
        *,
        order: str,
        member: str,
        shop: str,
        bought_at: datetime,
        lines: tuple[Line, ...],
        status: str,
    ) -> dict[str, int]:
        """Send a shop's message about an order; return what was rejected, by reason."""
        text, brand = place.programme.text, place.programme.brand
        message = {
            "id": order,
            "shop": shop,
            "member": member,
            "at": bought_at.isoformat(),
            "said_at": at.isoformat(),
            "currency": place.programme.currency,
            "status": status,
            "lines": [
                {
                    "sku": f"article{number}",
                    "qty": 1,
                    "price": text(line.price),
                    "category": "tea" if line.tea else "jam",
                    "brand": brand.ref if brand and line.tea else "",
                    "returned": {
                        "qty": int(line.returned == line.price),
                        "price": text(line.returned) if line.returned else "",
                    },
                }
                for number, line in enumerate(lines)
            ],
        }
        return self._send(at, place, "web", json.dumps(message) + "\n").rejected

    def answer(self, at: datetime, place: Place, *, order: str, shop: str, answer: str) -> None:
        """Send a merchant's answer: confirm, decline or reopen."""
        why = "returned" if answer == "decline" else ""
        self._answers(at, place, f"{order},{shop},{answer},{why},,,")

    def bring_back(
        self, at: datetime, place: Place, *, order: str, shop: str, line: int, of: Line
    ) -> None:
        """Send what was returned so far of a line, counted from 0."""
        units, amount = int(of.returned == of.price), place.programme.text(of.returned)
        self._answers(at, place, f"{order},{shop},amend,,{line + 1},{units},{amount}")

    def _answers(self, at: datetime, place: Place, row: str) -> None:
        summary = self._send(
            at,
            place,
            "answers",
            # The same bytes would be the same file, and known.
            f"order,shop,answer,why,line,units,amount,sent\n{row},{at.isoformat()}\n",
        )
        assert not summary.rejected, (row, summary.rejected)

    def block(self, place: Place, order: str, *, blocked: bool) -> None:
        """Block an order's reward, or let it go."""
        with self._connection.transaction():
            self._connection.execute(
                "UPDATE purchases_purchase SET blocks = %s WHERE order_ref = %s AND programme_id = %s",
                [["fraud"] if blocked else [], order, place.id],
            )

    # ---- nights ----

    def mature(self, at: datetime, place: Place) -> None:
        """Release what is due."""
        run = ProgrammeRun.open(self._connection, place.programme.slug, at)
        self._connection.commit()
        mature(self._connection, run, on=_day(at, place))

    def expire(self, at: datetime, place: Place) -> None:
        """Let holds, lots and debts expire."""
        order = expire.Expiry(place.id, place.programme.currency, at, _day(at, place))
        expire.run(self._connection, order)

    def close_books(self, at: datetime, place: Place, ends_on: date) -> None:
        """Close the books up to a day."""
        with self._connection.transaction():
            ledger_services.close_period(
                self._connection, programme_id=place.id, ends_on=ends_on, now=at, closed_by="Zoé"
            )

    def goodwill(
        self, at: datetime, place: Place, *, name: str, member: str, amount: int, shop: str | None
    ) -> None:
        """Give a member money of the programme's own."""
        run = ProgrammeRun.open(self._connection, place.programme.slug, at)
        self._connection.commit()
        merchant_id = place.parties[shop] if shop else None
        order = Goodwill(place.wallets[member], amount, name, merchant_id)
        with self._connection.transaction():
            grant_goodwill.grant(self._connection, run, order)

    # ---- spending ----

    def _checkout(self, at: datetime, place: Place, shop: str) -> redeem.Checkout:
        return redeem.Checkout(
            place.id, place.parties[shop], place.programme.currency, at, _day(at, place)
        )

    def hold(
        self,
        at: datetime,
        place: Place,
        *,
        reference: str,
        member: str,
        shop: str,
        amount: int,
        minutes: int,
    ) -> None:
        """Set money aside for an order."""
        redeem.hold(
            self._connection,
            self._checkout(at, place, shop),
            wallet_id=place.wallets[member],
            order=reference,
            amount_minor=amount,
            minutes=minutes,
        )

    def capture(
        self, at: datetime, place: Place, *, reference: str, shop: str, amount: int, fee: int
    ) -> None:
        """Spend it."""
        checkout = self._checkout(at, place, shop)
        redeem.capture(
            self._connection, checkout, order=reference, amount_minor=amount, fee_minor=fee
        )

    def release(self, at: datetime, place: Place, *, reference: str, shop: str) -> None:
        """Give it back unspent."""
        redeem.release(self._connection, self._checkout(at, place, shop), order=reference)

    def refund(
        self, at: datetime, place: Place, *, reference: str, shop: str, name: str, amount: int
    ) -> None:
        """Give back what was spent, or a part."""
        checkout = self._checkout(at, place, shop)
        redeem.refund(
            self._connection, checkout, order=reference, refund_id=name, amount_minor=amount
        )

    # ---- vouchers ----

    def _counter(self, at: datetime, place: Place) -> vouchers.Counter:
        return vouchers.Counter(place.id, place.programme.currency, at, _day(at, place))

    def buy_voucher(
        self,
        at: datetime,
        place: Place,
        *,
        name: str,
        member: str,
        amount: int,
        until: date,
        once: bool,
    ) -> None:
        """Turn available money into a voucher."""
        since = _day(at, place)
        terms = Terms(place.programme.currency, amount, since, until, partial_use=not once)
        vouchers.issue(
            self._connection,
            self._counter(at, place),
            wallet_id=place.wallets[member],
            reference=name,
            terms=terms,
        )

    def give(self, at: datetime, place: Place, *, name: str, member: str, amount: int) -> None:
        """Turn available money into a gift."""
        give.give(
            self._connection,
            self._counter(at, place),
            wallet_id=place.wallets[member],
            charity=CHARITY.ref,
            amount_minor=amount,
            token=name,
        )

    def use_voucher(
        self,
        at: datetime,
        place: Place,
        *,
        voucher_id: UUID,
        order: str,
        shop: str,
        amount: int,
        basket: int,
    ) -> None:
        """Pay an order with it."""
        ask = UseAsk(voucher_id, place.parties[shop], order, basket, amount)
        vouchers.use(self._connection, self._counter(at, place), ask)

    def refund_voucher(
        self, at: datetime, place: Place, *, voucher_id: UUID, order: str, name: str, amount: int
    ) -> None:
        """Give back what it paid."""
        query = "SELECT id FROM wallet_voucher_use WHERE voucher_id = %s AND order_ref = %s"
        ((use_id,),) = self._connection.execute(query, [voucher_id, order]).fetchall()
        self._connection.commit()
        counter = self._counter(at, place)
        vouchers.refund(
            self._connection, counter, use_id=use_id, reference=name, amount_minor=amount
        )

    def void_voucher(self, at: datetime, place: Place, *, voucher_id: UUID) -> None:
        """Call it off."""
        vouchers.void(self._connection, self._counter(at, place), voucher_id=voucher_id)

    # ---- payouts ----

    def ask_payout(self, at: datetime, place: Place, member: str, amount: int | None) -> None:
        """Ask to be paid."""
        desk = Desk(place.id, at, _day(at, place))
        ask_payout.ask(self._connection, desk, wallet_id=place.wallets[member], amount_minor=amount)

    def decide_payout(self, at: datetime, place: Place, reference: str, step: str) -> bool:
        """Approve or cancel a payout; return whether it took the step."""
        desk = Desk(place.id, at, _day(at, place))
        if step == "approve":
            return bool(ask_payout.approve(self._connection, desk, [reference], by="Zoé").taken)
        done = ask_payout.cancel(self._connection, desk, [reference], by="Zoé", reason="asked")
        return bool(done.taken)

    def pay(self, at: datetime, place: Place) -> None:
        """Make a payout run."""
        order = pay_out.PayRun(place.id, at, at, _day(at, place), self._arena.folder)
        assert not pay_out.run(self._connection, order).refused

    def bank_says(self, at: datetime, place: Place, reference: str, kind: str) -> bool:
        """Read a bank's answer about one transfer; return whether anything was booked."""
        content = f"{reference} {kind}\n#{at.isoformat()} other\n".encode()
        file = StatusFile("bank", content, place.id, at, _day(at, place))
        return bool(import_status(self._connection, file).booked)

    def close(self, at: datetime, place: Place, member: str) -> None:
        """Close an account."""
        closing = close_account.Closing(
            place.id, place.wallets[member], place.programme.currency, at, _day(at, place)
        )
        close_account.run(self._connection, closing)

    # ---- what stands ----

    def standing(self, place: Place) -> Standing:
        """Return every balance, purchase, lot, hold and payout of a programme."""
        with self._connection.transaction():
            return {
                **self._accounts(place),
                **self._members(place),
                **self._purchases(place),
                **self._lots(place),
                **self._holds(place),
                **self._vouchers(place),
                **self._payouts(place),
            }

    def _accounts(self, place: Place) -> Standing:
        """By the ledger's own selectors, debit positive: by kind for the programme, one by one for its parties."""
        currency = place.programme.currency
        found: Standing = {}
        for row in ledger.balances_by_kind(self._connection, place.id):
            assert row.currency == currency
            if row.kind.startswith("programme.") and row.debit_minor:
                found["account", row.kind, ""] = row.debit_minor
        for name, party_id in place.parties.items():
            for kind in PARTY_ACCOUNTS:
                account = Account(kind, party_id, place.id, currency)
                minor = ledger.balance(self._connection, account)
                if minor:
                    credit = KINDS[kind].side.value == "credit"
                    found["account", kind, name] = -minor if credit else minor
        return found

    def _members(self, place: Place) -> Standing:
        balances = ledger.member_balances(
            self._connection, place.wallets.values(), place.id, place.programme.currency
        )
        found: Standing = {}
        for member, wallet_id in place.wallets.items():
            held = balances[wallet_id]
            found["shown", member] = held.shown
            for state in ("pending", "confirmed", "available", "held", "owing"):
                minor = getattr(held, state)
                if minor:
                    side = 1 if state == "owing" else -1
                    found["account", f"member.{state}", member] = side * minor
        return found

    def _purchases(self, place: Place) -> Standing:
        names = {party: name for name, party in place.parties.items()}
        parts: dict[UUID, dict[str, tuple[int, ...]]] = {}
        for purchase_id, funder, *amounts in self._rows(PARTS, place):
            if any(amounts):
                parts.setdefault(purchase_id, {})[names.get(funder, "programme")] = tuple(amounts)
        return {
            ("purchase", order): (*facts, parts.get(purchase_id, {}))
            for purchase_id, order, *facts in self._rows(PURCHASES, place)
        }

    def _lots(self, place: Place) -> Standing:
        names = {party: name for name, party in place.parties.items()}
        return {
            ("lot", member, lot_id): (
                *facts,
                (gains["kind"], names.get(UUID(gains["owner_id"]), "")),
            )
            for lot_id, member, *facts, gains in self._rows(LOTS, place)
        }

    def _holds(self, place: Place) -> Standing:
        found: Standing = {}
        for reference, hold_id, state, amount, spent, lots in self._rows(HOLDS, place):
            parts = {UUID(lot_id): tuple(rest) for lot_id, *rest in lots}
            name = reference.partition("/")[2]
            found["hold", hold_id] = name, state, amount, spent, parts
        return found

    def _vouchers(self, place: Place) -> Standing:
        names = {str(party): name for name, party in place.parties.items()}
        found: Standing = {}
        for name, *facts, uses, voucher_id, hold_id in self._rows(VOUCHERS, place):
            paid = {order: (names[shop], *rest) for order, shop, *rest in uses or ()}
            found["voucher", name] = (*facts, paid, voucher_id, hold_id)
        return found

    def _payouts(self, place: Place) -> Standing:
        return {
            ("payout", reference): tuple(facts) for reference, *facts in self._rows(PAYOUTS, place)
        }

    def _rows(self, query: str, place: Place) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, [place.id]).fetchall()

    def faults(self) -> list[str]:
        """Return what the checks of the books find wrong."""
        with self._connection.transaction():
            found = check_books.verify(self._connection)
        return [f"{one.check}: {one.sentence}" for one in found if one.is_fault]


def _day(at: datetime, place: Place) -> date:
    return at.astimezone(ZoneInfo(place.programme.timezone)).date()


PURCHASES = """
    SELECT p.id, p.order_ref, p.validation, p.confirmed_on, p.release_on, p.answer_by,
           r.amount_minor, r.released_minor, r.kept_minor, r.vouchered_minor
    FROM purchases_purchase AS p JOIN rewards_reward AS r ON r.purchase_id = p.id WHERE p.programme_id = %s
"""
PARTS = """
    SELECT x.purchase_id, x.funder_id, x.commission_minor, x.reward_minor, x.share_minor, x.margin_minor
    FROM rewards_rewardpart AS x JOIN purchases_purchase AS p ON p.id = x.purchase_id WHERE p.programme_id = %s
"""
LOTS = """
    SELECT l.id, m.ref, coalesce(p.order_ref, ''), l.amount_minor, l.remaining_minor, l.expired_minor, l.available_on,
           l.expires_on, l.breakage_account
    FROM rewards_lot AS l JOIN identity_member AS m ON m.wallet_id = l.wallet_id
    LEFT JOIN purchases_purchase AS p ON p.id = l.purchase_id WHERE m.programme_id = %s
"""
HOLDS = """
    SELECT h.reference, h.id, h.state, h.amount_minor, h.captured_minor,
           json_agg(json_build_array(a.lot_id, a.amount_minor, a.captured_minor, a.returned_minor))
    FROM wallet_hold AS h JOIN wallet_hold_allocation AS a ON a.hold_id = h.id
    WHERE h.programme_id = %s GROUP BY h.id
"""
VOUCHERS = """
    SELECT coalesce(p.order_ref || '#' || row_number() OVER (PARTITION BY v.purchase_id ORDER BY v.created_at, v.id),
                    v.reference),
           m.ref, v.state, v.amount_minor, v.used_minor, v.returned_minor, v.expired_minor, v.taken_minor, v.valid_from,
           v.valid_until, (
               SELECT json_agg(json_build_array(u.order_ref, u.merchant_id, u.amount_minor, u.refunded_minor))
               FROM wallet_voucher_use AS u WHERE u.voucher_id = v.id
           ), v.id, v.hold_id
    FROM wallet_voucher AS v JOIN identity_member AS m ON m.wallet_id = v.wallet_id
    LEFT JOIN purchases_purchase AS p ON p.id = v.purchase_id
    WHERE v.programme_id = %s
"""
PAYOUTS = """
    SELECT o.end_to_end_id, m.ref, o.amount_minor, o.state, o.hold_id
    FROM payouts_payout AS o JOIN identity_member AS m ON m.wallet_id = o.wallet_id WHERE o.programme_id = %s
"""
