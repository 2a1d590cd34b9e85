"""What should happen to money, as plainly as it can be said: one programme in dictionaries, without a database.

Written from the rules in docs/explanation/money-rules.md. It shares no code with what it checks: no bookings, no
lots, no rating; only the names of states. Amounts are minor units; accounts are kept debit positive.
"""

import calendar
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.model.programmes import VOUCHER_BASKET, WITH_BANK, Programme
from tests.model.rating import Line, Part, Parts, half_up, rate, voucher
from tests.model.records import Debt, Hold, Lot, Payout, Purchase, Take, Use, Voucher

REFUND_GRACE, RELEASE_GRACE = timedelta(days=30), timedelta(days=1)
BANK_ACCOUNT_REST = timedelta(days=3)
BANK_ACCOUNTS_SINCE = datetime.fromisoformat("2026-01-01T20:00:00+00:00")


class No(Exception):
    """What is asked for must be refused, and nothing may move."""


class Book:
    """One programme: its purchases, lots, holds, payouts and accounts. `at` is set before each act."""

    def __init__(self, programme: Programme, members: Iterable[str]) -> None:
        self.programme = programme
        self.at = BANK_ACCOUNTS_SINCE
        self.accounts: Counter[tuple[str, str]] = Counter()
        self.purchases: dict[str, Purchase] = {}
        self.lots: dict[str, list[Lot]] = {member: [] for member in members}
        self.holds: dict[str, Hold] = {}
        self.vouchers: dict[str, Voucher] = {}
        self.payouts: list[Payout] = []
        self.debts: dict[str, list[Debt]] = {member: [] for member in members}
        self.closed: set[str] = set()

    @property
    def today(self) -> date:
        return self.day_of(self.at)

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.programme.timezone)).date()

    def move(self, amount: int, debit: tuple[str, str], credit: tuple[str, str]) -> None:
        self.accounts[debit] += amount
        self.accounts[credit] -= amount

    def spendable(self, member: str) -> int:
        return sum(lot.spendable(self.today) for lot in self.lots[member])

    def owing(self, member: str) -> int:
        return self.accounts["member.owing", member]

    # ---- earning ----

    def say(
        self,
        order: str,
        member: str,
        shop: str,
        bought_at: datetime,
        lines: tuple[Line, ...],
        status: str,
    ) -> None:
        """The shop sends a message about an order, the first or a later one."""
        said = (lines, status)
        known = self.purchases.get(order)
        if known is None:
            if member in self.closed:
                raise No
            terms = self.programme.shop(shop)
            bought_on = self.day_of(bought_at)
            known = Purchase(order, member, terms, bought_at, bought_on, lines, said)
            self.purchases[order] = known
            self._restate(known, status or "pending")
        elif known.said != said:
            known.said, known.lines = said, lines
            self._restate(known, status or known.validation)

    def answer(self, order: str, validation: str) -> None:
        purchase = self.purchases[order]
        if purchase.validation != validation:
            self._restate(purchase, validation)

    def bring_back(self, order: str, number: int, returned: int) -> None:
        purchase = self.purchases[order]
        lines = list(purchase.lines)
        lines[number] = lines[number]._replace(returned=returned)
        if tuple(lines) != purchase.lines:
            purchase.lines = tuple(lines)
            self._restate(purchase, purchase.validation)

    def _restate(self, purchase: Purchase, validation: str) -> None:
        """Book what should stand less what stands, and take back what was released too much."""
        self._stand(purchase, -1)
        purchase.parts, purchase.kept = self._aim(purchase, validation)
        purchase.validation = validation
        excess = max(0, purchase.released - purchase.reward)
        purchase.released -= excess
        lost = max(0, purchase.vouchered - self._voucher(purchase))
        given_up = self._claw_back(purchase, excess, lost)
        purchase.vouchered -= min(excess - given_up, lost)
        purchase.released += given_up
        purchase.kept += given_up
        self._stand(purchase, +1)
        confirmed = purchase.standing == "confirmed"
        purchase.confirmed_on = (purchase.confirmed_on or self.today) if confirmed else None
        purchase.release_on = self._release_day(purchase) if confirmed else None

    def _aim(self, purchase: Purchase, validation: str) -> tuple[Parts, int]:
        """Each side follows within its own window; windows protect what was validated."""
        shop, age = purchase.shop, (self.today - purchase.bought_on).days
        aim = rate(shop, self.programme.brand, purchase.lines) if validation != "declined" else {}
        validated, before = purchase.standing == "confirmed", purchase.parts
        member_keeps, funder_keeps = age > shop.clawback_days, age > shop.refund_days
        if validated and funder_keeps:
            for funder in {*before, *aim} - {"programme"}:
                old, new = before.get(funder, Part()), aim.get(funder, Part())
                if member_keeps and new.reward <= old.reward:
                    aim[funder] = old
                    continue
                reward = min(new.reward, old.commission)
                share = min(new.share, old.commission - reward)
                margin = old.commission - reward - share
                aim[funder] = Part(old.commission, reward, share, margin)
        missing = purchase.reward - sum(part.reward for part in aim.values())
        if not member_keeps:
            kept = min(purchase.kept, missing)
        else:
            kept = missing if validated else missing - (purchase.reward - purchase.released)
        return aim, max(0, kept)

    def _stand(self, purchase: Purchase, sign: int) -> None:
        """Add (+1) or take away (−1) what a purchase puts on the accounts; its released part stands elsewhere."""
        if purchase.standing not in ("pending", "confirmed"):
            return
        sure = purchase.standing == "confirmed"
        add, tail = self.accounts, "" if sure else "_pending"
        for funder, part in purchase.parts.items():
            account = ("funder.due" if sure else "funder.accrued", funder)
            if funder == "programme":
                account = (f"programme.promotions{tail}", "")
            add[account] += sign * part.commission
            add["merchant.clearing" if sure else "merchant.share_pending", purchase.shop.ref] -= (
                sign * part.share
            )
            add[f"programme.margin{tail}", ""] -= sign * part.margin
        add["programme.losses", ""] += sign * purchase.kept
        waiting = purchase.reward - purchase.released
        add["member.confirmed" if sure else "member.pending", purchase.member] -= sign * waiting

    def _release_day(self, purchase: Purchase) -> date | None:
        if purchase.reward <= purchase.released or purchase.confirmed_on is None:
            return None
        shop = purchase.shop
        start = purchase.bought_on if shop.release_from == "purchased" else purchase.confirmed_on
        return max(start + timedelta(days=shop.release_days), purchase.confirmed_on)

    def _voucher(self, purchase: Purchase) -> int:
        """What of its reward an order gives as a voucher, as it stands."""
        return 0 if purchase.validation == "declined" else voucher(purchase.shop, purchase.lines)

    def _claw_back(self, purchase: Purchase, amount: int, vouchers: int) -> int:
        """Take back: vouchers it lost, own lots, what expired, then by policy. Return what is given up."""
        member, policy = purchase.member, purchase.shop.clawback
        available, lots = ("member.available", member), self.lots[member]
        own_vouchers = [one for one in self.vouchers.values() if one.order == purchase.order]
        vouchers = min(vouchers, amount)
        for one in sorted(own_vouchers, key=lambda one: one.until):
            part = min(one.open, vouchers)
            one.taken += part
            vouchers -= part
            amount -= part
            self.accounts["programme.vouchers", ""] += part
            if part and not one.open:
                one.state = "used" if one.used else "void"
        own = [lot for lot in lots if lot.order == purchase.order]
        amount -= self._drain(own, amount, available)
        for lot in sorted(own, key=lambda lot: lot.id):
            part = min(lot.expired, amount)
            lot.expired -= part
            amount -= part
            self.accounts[lot.gains] += part
        for one in sorted(own_vouchers, key=lambda one: one.id):
            part = min(one.expired, amount)
            one.expired -= part
            one.taken += part
            amount -= part
            self.accounts[one.gains or ("programme.breakage", "")] += part
        if policy != "skip":
            amount -= self._drain(lots, amount, available)
        if policy != "go_negative":
            return amount
        if amount:
            self.accounts["member.owing", member] += amount
            self.debts[member].append(Debt(self.today, amount, purchase.shop.owing_days))
        return 0

    def _drain(self, lots: list[Lot], amount: int, account: tuple[str, str]) -> int:
        taken = 0
        for lot in sorted(lots, key=lambda lot: lot.turn):
            part = min(lot.remaining, amount - taken)
            lot.remaining -= part
            taken += part
        self.accounts[account] += taken
        return taken

    # ---- releasing, repaying, giving up ----

    def mature(self) -> None:
        """Confirm what nobody answered, then release what is due: what was due first, then what came first."""
        for purchase in self.purchases.values():
            if purchase.answer_by is not None and purchase.answer_by < self.today:
                self._restate(purchase, "confirmed")
        due = [
            (purchase.release_on, number, purchase)
            for number, purchase in enumerate(self.purchases.values())
            if purchase.release_on is not None and purchase.release_on <= self.today
        ]
        for _, _, purchase in sorted(due):
            if not purchase.blocked:
                self._release(purchase)

    def _release(self, purchase: Purchase) -> None:
        amount, member, shop = purchase.reward - purchase.released, purchase.member, purchase.shop
        given = min(max(0, self._voucher(purchase) - purchase.vouchered), amount)
        purchase.released, purchase.release_on = purchase.reward, None
        amount -= given
        if given:
            self._give_voucher(purchase, given)
        if not amount:
            return
        self.accounts["member.confirmed", member] += amount
        left = self._credit(member, amount)
        decided = rate(shop, self.programme.brand, purchase.lines)
        gains = ("programme.breakage", "")
        if not any(part.reward for name, part in decided.items() if name != "programme"):
            gains = ("programme.promotions", "")
        elif shop.breakage_to == "funder":
            gains = ("funder.due", shop.ref)
        expires_on = _months_later(self.today, shop.lot_months)
        lot = Lot(purchase.order, amount, left, self.today, expires_on, gains)
        self.lots[member].append(lot)

    def _give_voucher(self, purchase: Purchase, amount: int) -> None:
        """Release a part of a reward as a voucher."""
        number = sum(one.order == purchase.order for one in self.vouchers.values()) + 1
        name, shop = f"{purchase.order}#{number}", purchase.shop
        days = (shop.voucher or (0, 0, 0))[2]
        gains = ("funder.due", shop.ref)
        if shop.breakage_to != "funder":
            gains = ("programme.breakage", "")
        self.vouchers[name] = Voucher(
            name,
            purchase.member,
            amount,
            self.today,
            self.today + timedelta(days=days),
            once=True,
            order=purchase.order,
            shop=shop.ref,
            basket=VOUCHER_BASKET,
            gains=gains,
        )
        purchase.vouchered += amount
        self.move(amount, ("member.confirmed", purchase.member), ("programme.vouchers", ""))

    def _credit(self, member: str, amount: int) -> int:
        """Money comes in: what is owed is repaid first, the oldest debt first. Return what is left to spend."""
        repaid = min(amount, self.owing(member))
        self.accounts["member.owing", member] -= repaid
        self.accounts["member.available", member] -= amount - repaid
        left = repaid
        for debt in self.debts[member]:
            part = min(debt.left, left)
            debt.left -= part
            left -= part
        return amount - repaid

    def goodwill(self, member: str, amount: int, months: int | None) -> None:
        """The programme gives money of its own, which comes back to it if nobody spends it."""
        if member in self.closed:
            raise No
        promotions = ("programme.promotions", "")
        self.accounts[promotions] += amount
        left = self._credit(member, amount)
        until = _months_later(self.today, months)
        self.lots[member].append(Lot("", amount, left, self.today, until, promotions))

    def expire(self) -> None:
        """The night's other work: holds nobody captured, lots nobody spent, debts nobody will repay."""
        overdue = [
            hold
            for hold in self.holds.values()
            if hold.state == "open" and hold.until is not None and hold.until <= self.at
        ]
        for hold in sorted(overdue, key=lambda hold: hold.id):
            hold.state = "expired"
            self._undo(hold)
        for one in sorted(self.vouchers.values(), key=lambda one: one.id):
            if one.open and not one.over and one.until < self.today:
                self._let_go(one, one.open, to_member=one.gains is None)
                one.state = "expired"
        for member, lots in self.lots.items():
            self._expire_lots(member, lots)
        for member, debts in self.debts.items():
            for debt in debts:
                if debt.days is not None and debt.since + timedelta(days=debt.days) < self.today:
                    self._give_up(member, debt.left)
                    debt.left = 0

    def _expire_lots(self, member: str, lots: list[Lot]) -> None:
        for lot in lots:
            if lot.remaining and not lot.spendable(self.today):
                self.move(lot.remaining, ("member.available", member), lot.gains)
                lot.expired, lot.remaining = lot.expired + lot.remaining, 0

    def _give_up(self, member: str, amount: int) -> None:
        self.move(amount, ("programme.losses", ""), ("member.owing", member))

    # ---- spending ----

    def hold(
        self, reference: str, member: str, shop: str, amount: int, until: datetime | None
    ) -> Hold:
        if member in self.closed:
            raise No
        return self._hold(reference, member, shop, amount, until)

    def _hold(
        self, reference: str, member: str, shop: str, amount: int, until: datetime | None
    ) -> Hold:
        if not 0 < amount <= self.spendable(member):
            raise No
        takes, missing = [], amount
        for lot in sorted(self.lots[member], key=lambda lot: lot.turn):
            part = min(lot.spendable(self.today), missing)
            if part:
                lot.remaining -= part
                missing -= part
                takes.append(Take(lot, part))
        self.move(amount, ("member.available", member), ("member.held", member))
        made = Hold(reference, member, shop, amount, takes, until)
        self.holds[reference] = made
        return made

    def capture(self, reference: str, amount: int, fee: int) -> None:
        """Spend a hold; what expired meanwhile is authorised anew, under its own name."""
        hold, late = self.holds[reference], f"{reference}:late"
        if hold.state == "expired":
            if late not in self.holds:
                self.hold(late, hold.member, hold.shop, amount, None)
            hold = self.holds[late]
        if hold.state == "captured" and (hold.spent, hold.fee) == (amount, fee):
            return
        if hold.state != "open" or not 0 < amount <= hold.amount:
            raise No
        hold.state, hold.spent, hold.fee = "captured", amount, fee
        self.accounts["member.held", hold.member] += amount
        self.accounts["merchant.clearing", hold.shop] -= amount - fee
        self.accounts["programme.margin", ""] -= fee
        missing, rest = amount, []
        for take in sorted(hold.takes, key=lambda take: take.lot.turn):
            take.spent = min(take.amount, missing)
            missing -= take.spent
            rest.append((take.lot, take.amount - take.spent))
        self.accounts["member.held", hold.member] += hold.amount - amount
        self._give_back(hold.member, rest, RELEASE_GRACE)

    def release(self, reference: str) -> None:
        hold = self.holds[reference]
        if hold.state == "captured":
            raise No
        if hold.state == "open":
            hold.state = "released"
            self._undo(hold)

    def _undo(self, hold: Hold) -> None:
        self.accounts["member.held", hold.member] += hold.amount
        parts = [(take.lot, take.amount) for take in hold.takes]
        self._give_back(hold.member, parts, RELEASE_GRACE)

    def _give_back(self, member: str, parts: list[tuple[Lot, int]], grace: timedelta) -> None:
        """Money comes back to its lots: what repays a debt is what would expire first; the rest gets its grace."""
        amount = sum(part for _, part in parts)
        if member in self.closed:
            self.accounts["programme.unclaimed", ""] -= amount
            return
        repaid = amount - self._credit(member, amount)
        for lot, part in sorted(parts, key=lambda each: each[0].turn):
            left = max(0, part - repaid)
            repaid -= part - left
            if left and lot.expires_on and lot.expires_on < self.today + grace:
                lot.amount -= left
                until = self.today + grace
                own = Lot(lot.order, left, left, lot.available_on, until, lot.gains)
                self.lots[member].append(own)
            else:
                lot.remaining += left

    def _spent_comes_back(self, hold: Hold, amount: int) -> None:
        """What was spent last comes back first."""
        parts = []
        for take in sorted(hold.takes, key=lambda take: take.lot.turn, reverse=True):
            part = min(take.spent - take.back, amount)
            take.back += part
            amount -= part
            parts.append((take.lot, part))
        self._give_back(hold.member, parts, REFUND_GRACE)

    def refund(self, reference: str, amount: int) -> None:
        hold = self.holds[reference]
        if hold.state != "captured":
            hold = self.holds.get(f"{reference}:late", hold)
        if hold.state != "captured" or not 0 < amount <= hold.spent - hold.refunded:
            raise No
        before = half_up(hold.fee * hold.refunded, hold.spent)
        hold.refunded += amount
        fee = half_up(hold.fee * hold.refunded, hold.spent) - before
        self.accounts["merchant.clearing", hold.shop] += amount - fee
        self.accounts["programme.margin", ""] += fee
        self._spent_comes_back(hold, amount)

    # ---- vouchers ----

    def buy_voucher(self, name: str, member: str, amount: int, until: date, *, once: bool) -> None:
        """Turn available money into a voucher."""
        hold = self.hold(f"P{name}", member, "", amount, None)
        hold.state, hold.spent = "captured", amount
        for take in hold.takes:
            take.spent = take.amount
        self.move(amount, ("member.held", member), ("programme.vouchers", ""))
        self.vouchers[name] = Voucher(name, member, amount, self.today, until, once, hold)

    def give(self, name: str, member: str, amount: int) -> None:
        """Turn available money into a gift, which does not come back."""
        hold = self.hold(name, member, "", amount, None)
        hold.state, hold.spent = "captured", amount
        for take in hold.takes:
            take.spent = take.amount
        self.move(amount, ("member.held", member), ("programme.donations", ""))

    def use_voucher(self, name: str, order: str, shop: str, amount: int, basket: int) -> None:
        """Pay an order; what a voucher that is used once does not give leaves it."""
        one = self.vouchers[name]
        usable = not one.over and one.since <= self.today <= one.until
        fits = one.shop in ("", shop) and basket >= one.basket
        if not usable or not fits or not 0 < amount <= min(one.open, basket):
            raise No
        one.uses.append(Use(order, shop, amount))
        one.used += amount
        self.move(amount, ("programme.vouchers", ""), ("merchant.clearing", shop))
        if one.once and one.open:
            self._let_go(one, one.open, to_member=one.gains is None)
        one.settle()

    def refund_voucher(self, name: str, use: Use, amount: int) -> None:
        """An order comes back: on the voucher, or to the member when the voucher is over."""
        one = self.vouchers[name]
        if not 0 < amount <= use.amount - use.refunded:
            raise No
        use.refunded += amount
        one.used -= amount
        self.move(amount, ("merchant.clearing", use.shop), ("programme.vouchers", ""))
        if one.over or self.today > one.until:
            self._let_go(one, amount, to_member=True)
        else:
            one.settle()

    def void_voucher(self, name: str) -> None:
        """Call a voucher off."""
        one = self.vouchers[name]
        if one.state == "void":
            return
        if one.over or not one.open:
            raise No
        self._let_go(one, one.open, to_member=True)
        one.state = "void"

    def _let_go(self, one: Voucher, amount: int, *, to_member: bool) -> None:
        """Money leaves a voucher: back to the lots it was bought with, as a lot of its order, or to who gains."""
        vouchers = ("programme.vouchers", "")
        if not to_member:
            one.expired += amount
            self.move(amount, vouchers, one.gains or ("programme.breakage", ""))
            return
        one.returned += amount
        self.accounts[vouchers] += amount
        if one.hold is not None:
            self._spent_comes_back(one.hold, amount)
        elif one.member in self.closed:
            self.accounts["programme.unclaimed", ""] -= amount
        else:
            left = self._credit(one.member, amount)
            until = max(self.today + REFUND_GRACE, one.until)
            gains = one.gains or ("programme.breakage", "")
            lot = Lot(one.order, amount, left, self.today, until, gains)
            self.lots[one.member].append(lot)

    # ---- payouts ----

    def ask_payout(self, member: str, amount: int | None) -> Payout:
        asked = self.spendable(member) if amount is None else amount
        if not self._payable(member, asked, self.programme.threshold_minor):
            raise No
        return self._new_payout(member, asked, "requested")

    def _payable(self, member: str, amount: int, at_least: int, *, of_closed: bool = False) -> bool:
        rested = self.at >= BANK_ACCOUNTS_SINCE + BANK_ACCOUNT_REST
        return (
            member == WITH_BANK
            and rested
            and (of_closed or member not in self.closed)
            and not self.owing(member)
            and amount >= max(1, at_least)
            and amount > self.programme.fee_minor
        )

    def _new_payout(self, member: str, amount: int, state: str) -> Payout:
        number = len(self.payouts) + 1
        # A closed account's last payouts, too; whoever asks has looked whether they may.
        hold = self._hold(f"P{number}", member, "", amount, None)
        made = Payout(number, member, amount, hold, state)
        self.payouts.append(made)
        return made

    def step(self, payout: Payout, step: str) -> None:
        """Approve, cancel, or hear from the bank: settled, rejected, returned."""
        after = {
            ("requested", "approve"): "approved",
            ("requested", "cancel"): "cancelled",
            ("approved", "cancel"): "cancelled",
            ("sent", "settled"): "settled",
            ("sent", "rejected"): "rejected",
            ("sent", "returned"): "returned",
            ("settled", "returned"): "returned",
        }.get((payout.state, step))
        if after is None:
            raise No
        unsettled, payout.state = payout.state == "sent", after
        net = payout.amount - self.programme.fee_minor
        under_way, bank = ("programme.payouts", ""), ("programme.bank", "")
        if step == "cancel":
            payout.hold.state = "released"
            self._undo(payout.hold)
        elif step == "settled":
            self.move(net, under_way, bank)
        elif step in ("rejected", "returned"):
            # Of a transfer that came back before it was seen to settle, the bank account shows both, and is as it was.
            self.accounts[under_way if unsettled else bank] += net
            self.accounts["programme.margin", ""] += self.programme.fee_minor
            self._spent_comes_back(payout.hold, payout.amount)

    def pay(self) -> None:
        """A run: everybody who can be paid is, and what is approved goes out."""
        for member in self.lots:
            amount = self.spendable(member)
            if self._payable(member, amount, self.programme.threshold_minor):
                self._new_payout(member, amount, "approved")
        for payout in self.payouts:
            if payout.state == "approved":
                payout.state = "sent"
                hold = payout.hold
                hold.state, hold.spent = "captured", hold.amount
                for take in hold.takes:
                    take.spent = take.amount
                self.accounts["member.held", payout.member] += payout.amount
                self.accounts["programme.payouts", ""] -= payout.amount - self.programme.fee_minor
                self.accounts["programme.margin", ""] -= self.programme.fee_minor

    # ---- leaving ----

    def close(self, member: str) -> None:
        """Pay what can be paid, keep the rest, give up what is owed."""
        was_closed, lots = member in self.closed, self.lots[member]
        held = any(hold.member == member and hold.state == "open" for hold in self.holds.values())
        if held and not was_closed:
            raise No
        self._expire_lots(member, lots)
        left = self.spendable(member)
        if self._payable(member, left, 1, of_closed=True):
            self._new_payout(member, left, "approved")
            left = 0
        self._drain(lots, left, ("member.available", member))
        self.accounts["programme.unclaimed", ""] -= left
        self._give_up(member, self.owing(member))
        self.debts[member].clear()
        self.closed.add(member)


def _months_later(day: date, months: int | None) -> date | None:
    if months is None:
        return None
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
