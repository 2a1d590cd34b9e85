"""A small in-house programme with a brand, and short ways to send it files: the world of the journeys' tests."""

import csv
import io
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from textwrap import dedent, indent
from typing import Any
from uuid import UUID

from cagnotte.domain.chart import Account
from cagnotte.journeys import check_books, expire, load_programme, redeem
from cagnotte.journeys.import_file import ImportSummary, import_file
from cagnotte.journeys.mature import Matured, mature
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.ledger import selectors as ledger
from cagnotte.ledger import services
from cagnotte.platform.database import connect

PROGRAMME = """
    programme: {slug: corner, name: The corner shop, currency: EUR, timezone: Europe/Paris}
    merchants: [{ref: corner, name: The corner shop}]
    brands: [{ref: acme, name: Acme}]
    categories:
      - {ref: food, children: [{ref: tea}, {ref: jam}]}
      - {ref: fuel}
    contracts:
      - ref: corner
        merchant: corner
        same_entity: true
        release: {days: 30}
        lot_months: 12
        base: {excluded: {categories: [fuel]}}
      - ref: acme
        brand: acme
        commissions: [{rate: 10 %}]
        merchant_share: 30 %
    offers:
      - ref: standard
        name: 5 % on everything
        effect: {kind: percent, rate: 5 %}
      - ref: acme-tea
        name: Acme gives 2 % more on tea
        role: boost
        effect: {kind: percent, rate: 2 %}
        conditions: {categories: [tea], brands: [acme]}
        funding: brand
    payouts: {debtor_name: The corner shop, iban: FR7630006000011234567890189, bic: AGRIFRPP, threshold: "10.00"}
    sources:
      - ref: till
        kind: purchases
        format: csv
        timezone: Europe/Paris
        lines: rows
        fields: {order_ref: order, member: member, occurred_at: at, currency: currency, status: status}
        line_fields: {sku: sku, quantity: qty, amount: amount, category: category, brand: brand}
        defaults: {merchant: corner, channel: store}
        unknown_products: accept
      - ref: web
        kind: purchases
        format: jsonl
        timezone: Europe/Paris
        lines: lines
        fields: {order_ref: id, member: customer.number, occurred_at: at, currency: currency, status: status,
                 updated_at: updated_at}
        line_fields: {sku: sku, quantity: qty, amount: price, category: category, brand: brand,
                      returned_quantity: returned.qty, returned_amount: returned.price}
        unknown_products: accept
        defaults: {merchant: corner}
      - ref: partners
        kind: purchases
        format: csv
        fields: {order_ref: order, merchant: shop, member: member, occurred_at: at, currency: currency,
                 amount: amount}
      - ref: members
        kind: members
        format: csv
        fields: {ref: number, name: name, iban: iban, holder: name}
      - ref: answers
        kind: decisions
        format: csv
        fields: {order_ref: order, decision: answer, reason: why, line: line, returned_quantity: units,
                 returned_amount: amount}
        defaults: {merchant: corner}
"""


def corner(*contract: str, offers: str = "") -> str:
    """Return the programme with further lines in the shop's contract, and further offers."""
    text = dedent(PROGRAMME)
    lines = "".join(f"\n    {line}" for line in contract)
    text = text.replace("\n    lot_months: 12", f"\n    lot_months: 12{lines}", 1)
    return text.replace("\npayouts:", f"\n{indent(dedent(offers).strip(), '  ')}\npayouts:", 1)


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STATES = ("pending", "confirmed", "available", "held", "owing")


@dataclass
class World:
    """The corner shop's programme in a fresh database, and a folder for its files."""

    folder: Path
    now: datetime = NOON
    files: int = 0
    summaries: list[ImportSummary] = field(default_factory=list)

    def load(self, text: str = PROGRAMME) -> None:
        """Load the programme file and enrol Ana (1), Bob (2) and Cléo (3)."""
        path = self.folder / "programme.yaml"
        path.write_text(dedent(text), encoding="utf-8")
        load_programme.run(path, now=self.now)
        self.send("members", "number,name,iban\n1,Ana,\n2,Bob,\n3,Cléo,\n")

    def send(self, source: str, text: str | bytes, **options: Any) -> ImportSummary:
        """Import a file of this content."""
        self.files += 1
        suffix = "jsonl" if source == "web" else "csv"
        path = self.folder / f"{source}-{self.files}.{suffix}"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return self.send_file(path, source, **options)

    def send_file(self, path: Path, source: str, **options: Any) -> ImportSummary:
        """Import a file that is there."""
        summary = import_file(
            path, programme="corner", source=source, now=options.pop("now", self.now), **options
        )
        self.summaries.append(summary)
        return summary

    def till(self, *rows: str, **options: Any) -> ImportSummary:
        """Send rows of "order,member,at,currency,status,sku,qty,amount,category,brand"."""
        header = "order,member,at,currency,status,sku,qty,amount,category,brand\n"
        return self.send("till", header + "".join(row + "\n" for row in rows), **options)

    def buy(
        self,
        order: str,
        amount: str = "20.00",
        *,
        member: str = "1",
        at: str = "2026-02-10T10:00:00",
        status: str = "",
        **options: Any,
    ) -> ImportSummary:
        """Send an order of one pot of jam from the till; 5 % of it is rewarded."""
        return self.till(f"{order},{member},{at},EUR,{status},plum,1,{amount},jam,", **options)

    def web(self, *messages: dict[str, Any], **options: Any) -> ImportSummary:
        """Send messages of the web shop, as JSON Lines."""
        lines = "".join(json.dumps(message) + "\n" for message in messages)
        return self.send("web", lines, **options)

    def answer(self, *rows: str, **options: Any) -> ImportSummary:
        """Send rows of "order,answer,why,line,units,amount"."""
        header = "order,answer,why,line,units,amount\n"
        return self.send("answers", header + "".join(row + "\n" for row in rows), **options)

    def mature(self, on: date, now: datetime | None = None) -> Matured:
        """Release what is due on a day."""
        with connect() as connection:
            return mature(
                connection, ProgrammeRun.open(connection, "corner", now or self.now), on=on
            )

    def member(self, ref: str) -> dict[str, int]:
        """Return a member's balances that are not zero, in cents."""
        with connect() as connection:
            programme_id, wallet_id = connection.execute(
                "SELECT programme_id, wallet_id FROM identity_member WHERE ref = %s", [ref]
            ).fetchone()  # type: ignore[misc]
            balances = {
                state: ledger.balance(
                    connection, Account(f"member.{state}", wallet_id, programme_id, "EUR")
                )
                for state in STATES
            }
        return {state: minor for state, minor in balances.items() if minor}

    def books(self) -> dict[str, int]:
        """Return every kind of account that is not at zero, in its own side."""
        with connect() as connection:
            rows = ledger.balances_by_kind(connection, self.programme_id(connection))
            assert sum(row.debit_minor for row in rows) == 0
        return {row.kind: row.own_minor for row in rows if row.own_minor}

    def spend(self, order: str, amount: int, *, member: str = "1", capture: bool = True) -> None:
        """Reserve money of a member for an order at the shop and, unless told not to, spend it."""
        with connect() as connection:
            programme_id = self.programme_id(connection)
            ((merchant_id,),) = self.rows("SELECT id FROM identity_party WHERE kind = 'merchant'")
            ((wallet_id,),) = self.rows(
                "SELECT wallet_id FROM identity_member WHERE ref = %s", member
            )
            shop = redeem.Checkout(programme_id, merchant_id, "EUR", self.now, self.now.date())
            redeem.hold(connection, shop, wallet_id=wallet_id, order=order, amount_minor=amount)
            if capture:
                redeem.capture(connection, shop, order=order, amount_minor=amount)

    def close_period(self, ends_on: date) -> None:
        """Close the books up to a day."""
        with connect() as connection:
            services.close_period(
                connection,
                programme_id=self.programme_id(connection),
                ends_on=ends_on,
                now=self.now,
                closed_by="Zoé",
            )

    def expire(self, on: date) -> None:
        """Let the lots expire whose last day lies before a day."""
        with connect() as connection:
            programme_id = self.programme_id(connection)
            expire.run(connection, expire.Expiry(programme_id, "EUR", self.now, on))

    def write(self, statement: str, *values: object) -> None:
        """Write to the database as the application may."""
        with connect() as connection:
            connection.execute(statement, values)

    def programme_id(self, connection: Any) -> UUID:
        """Return the programme's id."""
        found: UUID = connection.execute(
            "SELECT id FROM identity_programme WHERE slug = 'corner'"
        ).fetchone()[0]
        return found

    def faults(self) -> list[str]:
        """Return what the checks of the books find wrong."""
        with connect() as connection:
            return [
                f"{finding.check}: {finding.sentence}"
                for finding in check_books.verify(connection)
                if finding.is_fault
            ]

    def digest(self) -> str:
        """Return the hash of the programme's state by natural keys."""
        with connect() as connection:
            return check_books.digest(connection, self.programme_id(connection))

    def purchase(self, order: str) -> tuple[Any, ...]:
        """Return (validation, reason, version, reward, released, kept) of an order."""
        (found,) = self.rows(
            "SELECT p.validation, p.reason, p.version, r.amount_minor, r.released_minor, "
            "r.kept_minor FROM purchases_purchase AS p "
            "JOIN rewards_reward AS r ON r.purchase_id = p.id WHERE p.order_ref = %s",
            order,
        )
        return found

    def lots(self, member: str = "1") -> list[tuple[Any, ...]]:
        """Return (order, amount, remaining, available on, expires on) of a member's lots."""
        return self.rows(
            "SELECT p.order_ref, l.amount_minor, l.remaining_minor, l.available_on, l.expires_on "
            "FROM rewards_lot AS l JOIN identity_member AS m ON m.wallet_id = l.wallet_id "
            "JOIN purchases_purchase AS p ON p.id = l.purchase_id "
            "WHERE m.ref = %s ORDER BY l.available_on, p.order_ref, l.amount_minor",
            member,
        )

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read from the database."""
        with connect() as connection:
            return connection.execute(query, values).fetchall()

    def reasons(self) -> list[tuple[str, str, str]]:
        """Return the rows (number, reason, sentence) that the last file's rejects explain."""
        rejects = self.summaries[-1].rejects
        assert rejects is not None
        text = rejects.with_suffix(".reasons.csv").read_text(encoding="utf-8")
        return [(row[0], row[1], row[2]) for row in list(csv.reader(io.StringIO(text)))[1:]]
