"""The machine: anything anybody may do, in any order, to three programmes at once; after each act, all must be equal.

Every rule does the same thing to the system and to the model. What the model refuses the system must refuse with a
sentence; whatever happened, afterwards every balance, purchase, lot, hold and payout stands as the model says.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from cagnotte.domain.errors import CagnotteError
from tests.model.comparison import bind, differences
from tests.model.model import BANK_ACCOUNTS_SINCE, Book, No
from tests.model.programmes import MEMBERS, PROGRAMMES, WITH_BANK
from tests.model.rating import Line
from tests.model.records import Purchase, Voucher
from tests.model.system import Arena, Place, System

Name = tuple[str, str]
"""A programme, and the name of an order, hold or payout in it."""

START = BANK_ACCOUNTS_SINCE + timedelta(days=40)
STEP = timedelta(minutes=1)

everybody = [(programme.slug, member) for programme in PROGRAMMES for member in MEMBERS]
shops = st.integers(0, 1)
prices = st.integers(6_000, 60_000) | st.integers(1, 60_000)


def a_line(price: int, tea: bool, returned_part: int) -> Line:
    return Line(price, tea, price * returned_part // 100)


lines = st.lists(
    st.builds(a_line, prices, st.booleans(), st.sampled_from([0, 0, 0, 0, 40, 100])),
    min_size=1,
    max_size=3,
).map(tuple)
statuses = st.sampled_from(["", "pending", "confirmed", "declined"])
parts = st.integers(0, 105)
"""A part of what there is, in per cent; more than all of it must be refused."""
waits = st.sampled_from([0, 1, 2, 5, 11, 31, 70])


class Machine(RuleBasedStateMachine):
    """One world: a database of its own, and a book of the model per programme."""

    wallets = Bundle("wallets")
    orders = Bundle("orders")
    holds = Bundle("holds")
    payouts = Bundle("payouts")

    def __init__(self, arena: Arena) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.system: System = self._stack.enter_context(arena.fresh())
        self.places = arena.places
        self.books = {p.slug: Book(p, MEMBERS) for p in PROGRAMMES}
        self.at = START
        self.story: list[str] = []
        self.numbers = 0
        self.members: list[Name] = []
        self.touched = set(self.books)
        self.sound = True

    def teardown(self) -> None:
        """See that the checks of the books find nothing, and leave."""
        try:
            if self.sound:
                self.agree(self.books)
                assert self.system.faults() == [], self._told()
        finally:
            self._stack.close()

    # ---- how each rule works ----

    def _on(self, slug: str, sentence: str) -> tuple[Book, Place]:
        """Let a minute pass, write the act down, and return whom it concerns."""
        self.at += STEP
        self.story.append(f"{self.at:%d %b %H:%M} {slug}: {sentence}")
        self.books[slug].at = self.at
        self.touched, self.sound = {slug}, False
        return self.books[slug], self.places[slug]

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers

    def _both(self, should: Callable[[], object], does: Callable[[], object]) -> bool:
        """Do a thing to the model and to the system; refuse it twice or do it twice. Return whether it was done."""
        try:
            should()
        except No:
            self.story[-1] += " — refused"
            with pytest.raises(CagnotteError):
                does()
            return False
        does()
        return True

    def _told(self) -> str:
        return "\n".join(["", *self.story])

    @invariant()
    def all_is_equal(self) -> None:
        """Compare the programme that was touched; the others at the end."""
        self.agree(self.touched)
        self.sound = True

    def agree(self, slugs: "set[str] | dict[str, Book]") -> None:
        """Compare programmes; a difference is told with the story that led to it."""
        for slug in slugs:
            stands = self.system.standing(self.places[slug])
            bind(self.books[slug], stands)
            found = differences(self.books[slug], stands)
            assert not found, "\n".join([self._told(), "", *found])

    def _purchase(self, order: Name) -> Purchase:
        return self.books[order[0]].purchases[order[1]]

    @initialize(
        target=wallets,
        chosen=st.permutations([programme.slug for programme in PROGRAMMES]),
        count=st.integers(1, 2),
        both=st.booleans(),
    )
    def begin(self, chosen: list[str], count: int, both: bool) -> MultipleResults[Name]:
        """Few members a run, so that much happens to each."""
        self.members = [(slug, WITH_BANK) for slug in chosen[:count]]
        if both:
            self.members += [(chosen[0], member) for member in MEMBERS if member != WITH_BANK]
        return multiple(*self.members)

    def _rich(self, who: Name) -> Name:
        """Somebody who has money to spend: the one who is meant, else another; if nobody has, they earn some."""
        for one in (who, *self.members):
            book = self.books[one[0]]
            book.at = self.at + STEP
            if one[1] not in book.closed and book.spendable(one[1]):
                return one
        if who[1] not in self.books[who[0]].closed:
            self.earn_long_ago(who, self.numbers % 2, (Line(20_000), Line(9_999, tea=True)))
            self.all_is_equal()
        return who

    # ---- orders ----

    @rule(target=orders, who=wallets, shop=shops, lines=lines, status=statuses, ago=waits)
    def earn(
        self,
        who: Name,
        shop: int,
        lines: tuple[Line, ...],
        status: str,
        ago: int,
    ) -> "Name | MultipleResults[Name]":
        (slug, member), name = who, f"A{self._number()}"
        ref = self.books[slug].programme.shops[shop].ref
        self._on(
            slug,
            f"{member} bought {name} at {ref} {ago} days ago: {lines} ({status or 'no status'})",
        )
        return self._say((slug, name), member, ref, lines, status, self.at - timedelta(days=ago))

    @rule(target=orders, who=wallets, shop=shops, lines=lines)
    def earn_long_ago(
        self, who: Name, shop: int, lines: tuple[Line, ...]
    ) -> "Name | MultipleResults[Name]":
        """An order that can be released soon, so that there is often money to spend."""
        made = self.earn(who, shop, lines, "confirmed", 12)
        self.all_is_equal()
        self.at += timedelta(days=3)
        self.mature(who)
        return made

    def _say(
        self,
        order: Name,
        member: str,
        shop: str,
        lines: tuple[Line, ...],
        status: str,
        bought_at: datetime,
    ) -> "Name | MultipleResults[Name]":
        slug, name = order
        try:
            self.books[slug].say(name, member, shop, bought_at, lines, status)
            rejected = {}
        except No:
            rejected = {"member_closed": 1}
        done = self.system.say(
            self.at,
            self.places[slug],
            order=name,
            member=member,
            shop=shop,
            bought_at=bought_at,
            lines=lines,
            status=status,
        )
        assert done == rejected
        return multiple() if rejected else order

    @rule(order=orders, lines=st.none() | lines, status=statuses)
    def say_again(self, order: Name, lines: tuple[Line, ...] | None, status: str) -> None:
        """The shop sends another message: other lines, or the last ones with another status."""
        purchase = self._purchase(order)
        told = purchase.said[0] if lines is None else lines
        self._on(order[0], f"the shop says of {order[1]}: {told} ({status or 'no status'})")
        self._say(order, purchase.member, purchase.shop.ref, told, status, purchase.bought_at)

    @rule(order=orders, answer=st.sampled_from(["confirm", "decline", "decline", "reopen"]))
    def answer(self, order: Name, answer: str) -> None:
        book, place = self._on(order[0], f"{answer} {order[1]}")
        shop = self._purchase(order).shop.ref
        book.answer(
            order[1], {"confirm": "confirmed", "decline": "declined", "reopen": "pending"}[answer]
        )
        self.system.answer(self.at, place, order=order[1], shop=shop, answer=answer)

    @rule(order=orders, number=st.integers(0, 2), part=st.integers(0, 100))
    def bring_back(self, order: Name, number: int, part: int) -> None:
        purchase = self._purchase(order)
        number %= len(purchase.lines)
        line = purchase.lines[number]
        line = line._replace(returned=line.price * part // 100)
        book, place = self._on(
            order[0], f"of {order[1]}, line {number + 1}, {line.returned} came back so far"
        )
        book.bring_back(order[1], number, line.returned)
        shop = purchase.shop.ref
        self.system.bring_back(self.at, place, order=order[1], shop=shop, line=number, of=line)

    @rule(order=orders, blocked=st.booleans())
    def block(self, order: Name, blocked: bool) -> None:
        _, place = self._on(order[0], f"{'block' if blocked else 'unblock'} {order[1]}")
        self._purchase(order).blocked = blocked
        self.system.block(place, order[1], blocked=blocked)

    # ---- time ----

    def wait(self, days: int) -> None:
        self.at += timedelta(days=days)
        self.story.append(f"{days} days pass")
        self.touched = set()

    @rule(who=wallets)
    def mature(self, who: Name) -> None:
        book, place = self._on(who[0], "mature")
        book.mature()
        self.system.mature(self.at, place)

    @rule(who=wallets, days=waits, closes=st.sampled_from([False, False, False, True]))
    def expire(self, who: Name, days: int, closes: bool) -> None:
        """Let days pass, and do what is done in the night; sometimes after the books are closed."""
        self.wait(days)
        book, place = self._on(who[0], "expire")
        if closes:
            self.system.close_books(self.at, place, book.today - timedelta(days=1))
        book.expire()
        self.system.expire(self.at, place)

    @rule(who=wallets, amount=st.sampled_from([1, 250, 4_000]), shop=st.none() | shops)
    def goodwill(self, who: Name, amount: int, shop: int | None) -> None:
        """The programme makes good what no purchase mends; money for a shop lives as long as that shop's."""
        slug, member = who
        about = None if shop is None else self.books[slug].programme.shops[shop]
        name = f"W{self._number()}"
        book, place = self._on(slug, f"goodwill {name} of {amount} for {member}")
        self._both(
            lambda: book.goodwill(member, amount, about.lot_months if about else None),
            lambda: self.system.goodwill(
                self.at,
                place,
                name=name,
                member=member,
                amount=amount,
                shop=about.ref if about else None,
            ),
        )

    # ---- spending ----

    @rule(
        target=holds,
        who=wallets,
        shop=shops,
        part=parts,
        minutes=st.sampled_from([30, 60 * 24 * 3, 60 * 24 * 90]),
    )
    def hold(self, who: Name, shop: int, part: int, minutes: int) -> "Name | MultipleResults[Name]":
        slug, member = self._rich(who)
        book = self.books[slug]
        book.at = self.at + STEP
        name, amount = f"H{self._number()}", -(-book.spendable(member) * part // 100)
        ref = book.programme.shops[shop].ref
        book, place = self._on(
            slug, f"hold {amount} of {member} for {name} at {ref}, {minutes} minutes"
        )
        until = self.at + timedelta(minutes=minutes)
        done = self._both(
            lambda: book.hold(name, member, ref, amount, until),
            lambda: self.system.hold(
                self.at,
                place,
                reference=name,
                member=member,
                shop=ref,
                amount=amount,
                minutes=minutes,
            ),
        )
        return (slug, name) if done else multiple()

    @rule(
        target=holds,
        who=wallets,
        part=st.sampled_from([50, 100, 100]),
        fee_bps=st.sampled_from([0, 250]),
        which=st.integers(0, 5),
    )
    def spend_then_decline(
        self, who: Name, part: int, fee_bps: int, which: int
    ) -> "Name | MultipleResults[Name]":
        """Spend what there is, then take a reward back that was part of it: this is how debts are made."""
        slug, member = self._rich(who)
        made = self.hold((slug, member), 0, part, 30)
        if not isinstance(made, tuple):
            return multiple()
        self.all_is_equal()
        self.capture(made, 100, fee_bps)
        self.all_is_equal()
        released = [
            purchase.order
            for purchase in self.books[slug].purchases.values()
            if purchase.member == member and purchase.released
        ]
        if released:
            self.answer((slug, released[which % len(released)]), "decline")
        return made

    @rule(hold=holds, part=parts, fee_bps=st.sampled_from([0, 100, 333]))
    def capture(self, hold: Name, part: int, fee_bps: int) -> None:
        slug, name = hold
        held = self.books[slug].holds[name]
        amount = -(-held.amount * part // 100)
        fee = amount * fee_bps // 10_000
        book, place = self._on(slug, f"capture {amount} of {name}, fee {fee}")
        self._both(
            lambda: book.capture(name, amount, fee),
            lambda: self.system.capture(
                self.at, place, reference=name, shop=held.shop, amount=amount, fee=fee
            ),
        )

    @rule(hold=holds)
    def release(self, hold: Name) -> None:
        slug, name = hold
        book, place = self._on(slug, f"release {name}")
        shop = book.holds[name].shop
        self._both(
            lambda: book.release(name),
            lambda: self.system.release(self.at, place, reference=name, shop=shop),
        )

    @rule(hold=holds, part=parts)
    def refund(self, hold: Name, part: int) -> None:
        slug, name = hold
        held = self.books[slug].holds[name]
        amount = -(-held.amount * part // 100)
        book, place = self._on(slug, f"refund {amount} of {name}")
        self._both(
            lambda: book.refund(name, amount),
            lambda: self.system.refund(
                self.at,
                place,
                reference=name,
                shop=held.shop,
                name=f"R{self._number()}",
                amount=amount,
            ),
        )

    # ---- vouchers ----

    @rule(who=wallets, part=parts, days=st.sampled_from([0, 4, 40]), once=st.booleans())
    def buy_voucher(self, who: Name, part: int, days: int, once: bool) -> None:
        slug, member = self._rich(who)
        book = self.books[slug]
        book.at = self.at + STEP
        name, amount = f"V{self._number()}", -(-book.spendable(member) * part // 100)
        until = book.today + timedelta(days=days)
        kind = "used once" if once else "used in parts"
        book, place = self._on(
            slug, f"{member} buys voucher {name} over {amount}, until {until}, {kind}"
        )
        self._both(
            lambda: book.buy_voucher(name, member, amount, until, once=once),
            lambda: self.system.buy_voucher(
                self.at, place, name=name, member=member, amount=amount, until=until, once=once
            ),
        )

    @rule(who=wallets, part=parts)
    def give(self, who: Name, part: int) -> None:
        slug, member = self._rich(who)
        book = self.books[slug]
        book.at = self.at + STEP
        name, amount = f"G{self._number()}", -(-book.spendable(member) * part // 100)
        book, place = self._on(slug, f"{member} gives {amount} to a charity: {name}")
        self._both(
            lambda: book.give(name, member, amount),
            lambda: self.system.give(self.at, place, name=name, member=member, amount=amount),
        )

    def _voucher(
        self, who: Name, which: int, *, living: bool = False
    ) -> tuple[str, Voucher] | None:
        """One of the vouchers of a programme; those that can still be used come first, if that is asked."""
        book = self.books[who[0]]
        book.at = self.at + STEP
        found = (
            [one for one in book.vouchers.values() if one.open and one.until >= book.today]
            if living
            else []
        )
        found = found or list(book.vouchers.values())
        return (who[0], found[which % len(found)]) if found else None

    @rule(
        who=wallets,
        which=st.integers(0, 20),
        shop=shops,
        part=parts,
        basket=st.sampled_from([1_500, 900, 60_000]),
    )
    def use_voucher(self, who: Name, which: int, shop: int, part: int, basket: int) -> None:
        chosen = self._voucher(who, which, living=True)
        if chosen is None:
            return
        slug, one = chosen
        order, amount = f"O{self._number()}", -(-one.open * part // 100)
        ref = self.books[slug].programme.shops[shop].ref
        book, place = self._on(
            slug, f"{amount} of voucher {one.name} for {order} of {basket} at {ref}"
        )
        self._both(
            lambda: book.use_voucher(one.name, order, ref, amount, basket),
            lambda: self.system.use_voucher(
                self.at,
                place,
                voucher_id=one.id,
                order=order,
                shop=ref,
                amount=amount,
                basket=basket,
            ),
        )

    @rule(who=wallets, which=st.integers(0, 20), part=parts)
    def refund_voucher(self, who: Name, which: int, part: int) -> None:
        used = [(one, use) for one in self.books[who[0]].vouchers.values() for use in one.uses]
        if not used:
            return
        one, use = used[which % len(used)]
        amount = -(-use.amount * part // 100)
        book, place = self._on(
            who[0], f"refund {amount} of {use.order}, paid by voucher {one.name}"
        )
        self._both(
            lambda: book.refund_voucher(one.name, use, amount),
            lambda: self.system.refund_voucher(
                self.at,
                place,
                voucher_id=one.id,
                order=use.order,
                name=f"R{self._number()}",
                amount=amount,
            ),
        )

    @rule(who=wallets, which=st.integers(0, 20))
    def void_voucher(self, who: Name, which: int) -> None:
        chosen = self._voucher(who, which)
        if chosen is None:
            return
        slug, one = chosen
        book, place = self._on(slug, f"call off voucher {one.name}")
        self._both(
            lambda: book.void_voucher(one.name),
            lambda: self.system.void_voucher(self.at, place, voucher_id=one.id),
        )

    # ---- payouts ----

    @rule(target=payouts, who=wallets, part=st.none() | parts)
    def ask_payout(self, who: Name, part: int | None) -> "Name | MultipleResults[Name]":
        slug, member = self._rich(who)
        book = self.books[slug]
        book.at = self.at + STEP
        amount = None if part is None else book.spendable(member) * part // 100
        book, place = self._on(slug, f"{member} asks for a payout of {amount or 'all'}")
        done = self._both(
            lambda: book.ask_payout(member, amount),
            lambda: self.system.ask_payout(self.at, place, member, amount),
        )
        return (slug, str(len(book.payouts))) if done else multiple()

    @rule(
        target=payouts, who=wallets, kind=st.sampled_from(["", "settled", "rejected", "returned"])
    )
    def ask_and_be_paid(self, who: Name, kind: str) -> "Name | MultipleResults[Name]":
        """A payout from its request to the bank's answer."""
        made = self.ask_payout(who, None)
        if not isinstance(made, tuple):
            return multiple()
        self.all_is_equal()
        self.decide_payout(made, "approve")
        self.all_is_equal()
        self.pay(who)
        if kind:
            self.all_is_equal()
            self.bank_says(made, kind)
        return made

    @rule(payout=payouts, step=st.sampled_from(["approve", "cancel"]))
    def decide_payout(self, payout: Name, step: str) -> None:
        book, place = self._on(payout[0], f"{step} payout {payout[1]}")
        found = book.payouts[int(payout[1]) - 1]
        taken = self.system.decide_payout(self.at, place, found.reference, step)
        assert taken == self._taken(book, payout, step)

    @rule(target=payouts, who=wallets)
    def pay(self, who: Name) -> "MultipleResults[Name]":
        slug = self._rich(who)[0]
        book, place = self._on(slug, "payout run")
        before = len(book.payouts)
        book.pay()
        self.system.pay(self.at, place)
        return multiple(*[(slug, str(n + 1)) for n in range(before, len(book.payouts))])

    @rule(payout=payouts, kind=st.sampled_from(["settled", "rejected", "returned"]))
    def bank_says(self, payout: Name, kind: str) -> None:
        book, place = self._on(payout[0], f"the bank says payout {payout[1]} is {kind}")
        found = book.payouts[int(payout[1]) - 1]
        booked = self.system.bank_says(self.at, place, found.reference, kind)
        assert booked == self._taken(book, payout, kind)

    def _taken(self, book: Book, payout: Name, step: str) -> bool:
        try:
            book.step(book.payouts[int(payout[1]) - 1], step)
        except No:
            self.story[-1] += " — refused"
            return False
        return True

    # ---- leaving ----

    @precondition(lambda self: self.numbers > 6)
    @rule(target=payouts, who=wallets, sure=st.booleans())
    def close(self, who: Name, sure: bool) -> "MultipleResults[Name]":
        slug, member = who
        if not sure and member not in self.books[slug].closed:
            return multiple()
        book, place = self._on(slug, f"close the account of {member}")
        before = len(book.payouts)
        self._both(lambda: book.close(member), lambda: self.system.close(self.at, place, member))
        return multiple(*[(slug, str(n + 1)) for n in range(before, len(book.payouts))])
