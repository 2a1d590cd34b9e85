"""The year of the showcase, lived by the same journeys as any programme's, every few days."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
from django.contrib.auth import get_user_model
from django.utils import translation

from cagnotte.domain.payouts import PayoutState
from cagnotte.identity import memberships
from cagnotte.identity.models import Member, Programme
from cagnotte.journeys import expire, load_programme, own_money, pay_out
from cagnotte.journeys.follow_link import Books
from cagnotte.journeys.import_file import import_file
from cagnotte.journeys.import_status import StatusFile, import_status
from cagnotte.journeys.mature import mature
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.payouts.models import Payout
from cagnotte.platform import database
from cagnotte.tracking import services as tracking
from cagnotte.tracking.models import Click
from cagnotte.world.showcase import belongings, people, rules
from cagnotte.world.showcase.orders import Order, orders
from cagnotte.world.showcase.people import Sample

Connection = psycopg.Connection[Any]

DAYS = 330
"""How long the year is, before today."""

ROUND_DAYS = 3
"""Files come so often."""

RAISED_DAYS = 140
"""So long ago some rates changed."""

PAID_DAYS = (300, 210, 120, 75)
"""So long ago members were paid; what came since waits for them."""

CAPITAL_MINOR = 1_500_000

OnProgress = Callable[[int, int], None]
"""Told how many rounds are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What the year came to."""

    programme: Programme
    orders: int


def live(
    folder: Path,
    *,
    now: datetime,
    days: int = DAYS,
    crowd: int = people.CROWD,
    on_progress: OnProgress = lambda _done, _all: None,
) -> Lived:
    """Make the portal, its members and their year, or its last days, up to now."""
    today = now.date()
    first = today - timedelta(days=days)
    folder.mkdir(parents=True, exist_ok=True)
    load_programme.run(
        rules.write(folder, today=today, early=True), now=_morning(first) - timedelta(days=10)
    )
    _put_in(_morning(first))
    members = people.samples(first, crowd=crowd)
    people.write(folder / "members.csv", members)
    _take(folder / "members.csv", "members", _morning(first) - timedelta(days=9))
    drawn = list(orders(members, first=first, last=today - timedelta(days=1)))
    _Year(folder, drawn, now=now, days=days).live(on_progress)
    programme = Programme.objects.get(slug=rules.SLUG)
    for sample in members[:2]:
        _let_sign_in(programme, sample, now)
    belongings.give(programme, folder, now=now)
    return Lived(programme, len(drawn))


def _put_in(now: datetime) -> None:
    """Put Colibri's own money into its account: shops have not paid yet when members are."""
    with database.connect() as connection:
        run = ProgrammeRun.open(connection, rules.SLUG, now)
        own_money.put_in(connection, run, own_money.OwnMoney(CAPITAL_MINOR, "CAPITAL"))


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(7), UTC)


def _take(path: Path, source: str, now: datetime) -> None:
    import_file(path, programme=rules.SLUG, source=source, now=now)


def _let_sign_in(programme: Programme, sample: Sample, now: datetime) -> None:
    users = get_user_model()._default_manager  # noqa: SLF001 - the public way to any user model's rows
    user, _ = users.get_or_create(username=sample.email, defaults={"email": sample.email})
    user.set_password(people.PASSWORD)
    user.save()
    member = Member.objects.get(programme=programme, ref=sample.ref)
    memberships.join(user, member, now=now)


class _Year:
    """Lives the year, round by round: orders come in, shops answer, what is due is released, now and then paid."""

    def __init__(self, folder: Path, drawn: list[Order], *, now: datetime, days: int) -> None:
        self.folder, self.today, self.now = folder, now.date(), now
        self.rounds = days // ROUND_DAYS
        self.reported: dict[int, list[Order]] = defaultdict(list)
        self.answered: dict[int, list[Order]] = defaultdict(list)
        for order in drawn:
            self.reported[self._round(order.reported_on)].append(order)
            self.answered[self._round(order.answered_on)].append(order)
        self.books = Books()

    def _round(self, day: date) -> int:
        """Return the round that takes what happened on a day; those after the last one never come."""
        return (day - self.today).days // ROUND_DAYS + self.rounds + 1

    def live(self, on_progress: OnProgress) -> None:
        """Live all rounds."""
        raised = False
        for number in range(1, self.rounds + 1):
            day = self.today - timedelta(days=(self.rounds - number) * ROUND_DAYS)
            now = min(_morning(day), self.now)
            if not raised and (self.today - day).days <= RAISED_DAYS:
                raised = True
                path = rules.write(self.folder, today=self.today, early=False)
                load_programme.run(path, now=now - timedelta(hours=1))
            self._live_round(number, day, now)
            on_progress(number, self.rounds)

    def _live_round(self, number: int, day: date, now: datetime) -> None:
        come = [order for order in self.reported[number] if order.at < now]
        if come:
            self._note_visits(come)
            _take(self._orders_file(number, come), "orders", now)
        if self.answered[number]:
            _take(self._answers_file(number, self.answered[number]), "answers", now)
        with database.connect() as connection:
            run = ProgrammeRun.open(connection, rules.SLUG, now)
            mature(connection, run, on=run.today)
            order = expire.Expiry(run.id, run.programme.currency, now, run.today)
            expire.run(connection, order)
        ago = (self.today - day).days
        if any(ago <= paid < ago + ROUND_DAYS for paid in PAID_DAYS):
            self._pay(now)

    def _orders_file(self, number: int, come: Iterable[Order]) -> Path:
        rows = (
            (
                order.ref,
                order.shop.ref,
                order.member,
                order.at.isoformat(),
                "EUR",
                _decimal(order.amount_minor),
                "pending",
            )
            for order in come
        )
        header = ("order", "shop", "member", "at", "currency", "amount", "status")
        return self._file(f"orders-{number:03}.csv", header, rows)

    def _answers_file(self, number: int, answered: Iterable[Order]) -> Path:
        rows: list[tuple[str, ...]] = []
        for order in answered:
            key = (order.ref, order.shop.ref)
            if order.decision == "amend":
                rows.append((*key, "amend", "", "1", "", _decimal(order.returned_minor)))
            decision = "decline" if order.decision == "decline" else "confirm"
            rows.append((*key, decision, order.reason, "", "", ""))
        header = ("order", "shop", "answer", "why", "line", "units", "amount")
        return self._file(f"answers-{number:03}.csv", header, rows)

    def _file(self, name: str, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([header, *rows])
        return path

    def _pay(self, now: datetime) -> None:
        programme = Programme.objects.get(slug=rules.SLUG)
        order = pay_out.PayRun(
            programme_id=programme.id,
            now=now,
            at=now,
            on=now.date(),
            folder=self.folder / "bank",
        )
        with database.connect() as connection:
            pay_out.run(connection, order)
            booked = now + timedelta(days=1)
            sent = Payout.objects.filter(programme_id=programme.id, state=PayoutState.SENT)
            paid = [(one.end_to_end_id, one.amount_minor - one.fee_minor) for one in sent]
            if paid:
                answer = _statement(paid, booked.date())
                import_status(
                    connection,
                    StatusFile("statement.xml", answer, programme.id, booked, booked.date()),
                )

    def _note_visits(self, come: Iterable[Order]) -> None:
        """Note the clicks by which the two who sign in came to shops, and one in eight that led to nothing."""
        two = {f"C10000{n}" for n in (1, 2)}
        own = [one for one in come if one.member in two and one.shop.network is not None]
        if not own:
            return
        found = Member.objects.filter(programme__slug=rules.SLUG, ref__in=two)
        members = {member.ref: member for member in found}
        with database.connect() as connection:
            for order in own:
                clicked_at = order.at - timedelta(minutes=9)
                dice = Random(order.ref)
                self._click(connection, order, clicked_at, members[order.member], dice)
                if dice.randrange(8) == 0:
                    before = clicked_at - timedelta(days=2)
                    self._click(connection, order, before, members[order.member], dice)
            connection.commit()

    def _click(
        self, connection: Connection, order: Order, at: datetime, member: Member, dice: Random
    ) -> None:
        book = self.books.of(connection, rules.SLUG, at)
        day, shop = book.today(at), book.shops[order.shop.ref]
        found = (book.version_on(f"{shop.ref}{end}", day) for end in ("-now", "-then", ""))
        offer = next((one for one in found if one is not None), None)
        if offer is None:
            return
        with translation.override(member.locale or None):
            words = book.words(offer)
        tracking.record_click(
            connection,
            tracking.NewClick(
                programme_id=book.programme.id,
                merchant_id=shop.id,
                visit_id=uuid4(),
                clicked_at=at,
                offer=(offer.ref, offer.version),
                promise=book.promise(offer, shop, day),
                promised=words,
                device=dice.choice((Click.Device.WEB, Click.Device.PHONE)),
                wallet_id=member.wallet_id,
            ),
        )


def _statement(paid: Iterable[tuple[str, int]], day: date) -> bytes:
    """Write the bank's statement of a day on which transfers left the account (camt.053)."""
    entries = "".join(
        f'<Ntry><Amt Ccy="EUR">{_decimal(minor)}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>"
        "</TxDtls></NtryDtls></Ntry>"
        for reference, minor in paid
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
        f"{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _decimal(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"
