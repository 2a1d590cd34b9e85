"""The model's book beside what stands in the database: names given to what is new, and the differences."""

from typing import Any

from tests.model.model import Book
from tests.model.records import Lot, Voucher
from tests.model.system import Standing


def bind(book: Book, stands: Standing) -> None:
    """Give what the model has made since the last time the ids that the system gave it."""
    for key, facts in stands.items():
        if key[0] == "payout":
            _bind_payout(book, key[1], facts)
        elif key[0] == "voucher" and key[1] in book.vouchers:
            _bind_voucher(book.vouchers[key[1]], facts)
        elif key[0] == "hold" and facts[0] in book.holds:
            book.holds[facts[0]].id = key[1]
    for member, lots in book.lots.items():
        known = {lot.id for lot in lots}
        found = {k[2]: facts for k, facts in stands.items() if k[:2] == ("lot", member)}
        fresh = {lot_id: facts for lot_id, facts in found.items() if lot_id not in known}
        nameless = [lot for lot in lots if lot.id is None]
        for lot in nameless:
            alike = (lot_id for lot_id, facts in fresh.items() if facts == _lot(lot))
            lot.id = next(alike, None)
            fresh.pop(lot.id, None)
        # Those that differ get some name, so that the difference is shown.
        for lot, lot_id in zip(
            [lot for lot in nameless if lot.id is None], sorted(fresh), strict=False
        ):
            lot.id = lot_id


def _bind_payout(book: Book, reference: str, facts: tuple[Any, ...]) -> None:
    if any(payout.reference == reference for payout in book.payouts):
        return
    member, _, _, hold_id = facts
    for payout in book.payouts:
        if not payout.reference and payout.member == member:
            payout.reference, payout.hold.id = reference, hold_id
            return


def _bind_voucher(voucher: Voucher, facts: tuple[Any, ...]) -> None:
    voucher.id, hold_id = facts[-2:]
    if voucher.hold is not None:
        voucher.hold.id = hold_id


def standing(book: Book) -> Standing:
    """Return what should stand, in the words of `System.standing`."""
    found: Standing = {
        ("account", *account): minor for account, minor in book.accounts.items() if minor
    }
    for member, lots in book.lots.items():
        available, owing = ("member.available", member), ("member.owing", member)
        found["shown", member] = -book.accounts[available] - book.accounts[owing]
        found.update({("lot", member, lot.id): _lot(lot) for lot in lots})
    for order, purchase in book.purchases.items():
        found["purchase", order] = (
            purchase.validation,
            purchase.confirmed_on,
            purchase.release_on,
            purchase.answer_by,
            purchase.reward,
            purchase.released,
            purchase.kept,
            purchase.vouchered,
            {name: tuple(part) for name, part in purchase.parts.items() if any(part)},
        )
    for hold in book.holds.values():
        takes = {take.lot.id: (take.amount, take.spent, take.back) for take in hold.takes}
        name = "" if hold.reference.startswith("P") else hold.reference
        found["hold", hold.id] = name, hold.state, hold.amount, hold.spent, takes
    for name, one in book.vouchers.items():
        uses = {use.order: (use.shop, use.amount, use.refunded) for use in one.uses}
        amounts = one.amount, one.used, one.returned, one.expired, one.taken
        days = one.since, one.until
        hold_id = one.hold.id if one.hold else None
        found["voucher", name] = one.member, one.state, *amounts, *days, uses, one.id, hold_id
    for payout in book.payouts:
        facts = payout.member, payout.amount, payout.state, payout.hold.id
        found["payout", payout.reference] = facts
    return found


def _lot(lot: Lot) -> tuple[Any, ...]:
    return (
        lot.order,
        lot.amount,
        lot.remaining,
        lot.expired,
        lot.available_on,
        lot.expires_on,
        lot.gains,
    )


def differences(book: Book, stands: Standing) -> list[str]:
    """Return what differs, one line each, and what no book may ever show."""
    expected = standing(book)
    found = [
        f"{' '.join(map(str, key))}: should be {expected.get(key)}, is {stands.get(key)}"
        for key in sorted({*expected, *stands}, key=str)
        if expected.get(key) != stands.get(key)
    ]
    if sum(book.accounts.values()):
        found.append(f"the model's own accounts do not balance: {dict(book.accounts)}")
    return found
