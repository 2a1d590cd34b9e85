"""What the wallet paid of each line of an order: shared out once, with the capture, and given back line by line.

Where a card pays the rest, a line that comes back gives each of them exactly its part: of 100.00 of which the wallet
paid 20.00, half back is 10.00 to the wallet. Shares are by largest remainder, and what comes back of a share follows
the line's running total, so that any order of returns ends in the same cents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cagnotte.domain.errors import Conflict, Refused
from cagnotte.domain.money import Money, Rounding, allocate, divide
from cagnotte.wallet.movements import Connection
from cagnotte.wallet.selectors import SQL, CaptureView


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order by the shop's own name, and an amount of its price in minor units, above zero."""

    ref: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Share:
    """What of a line's price the wallet paid, and what of both came back so far."""

    line: str
    amount_minor: int
    share_minor: int
    back_minor: int = 0
    share_back_minor: int = 0

    def back(self, amount_minor: int) -> int:
        """Return what the wallet gets when so much more of the line's price comes back."""
        total = divide(
            self.share_minor * (self.back_minor + amount_minor), self.amount_minor, Rounding.HALF_UP
        )
        return total - self.share_back_minor


@dataclass(frozen=True, slots=True)
class Told:
    """A refund told by lines: (line, amount, share) of each; known: it was told before."""

    parts: tuple[tuple[str, int, int], ...]
    known: bool

    @property
    def amount_minor(self) -> int:
        """What the wallet gets."""
        return sum(share_minor for _, _, share_minor in self.parts)


def check(amount_minor: int, lines: Sequence[Line], currency: str) -> None:
    """Refuse lines that cannot have been paid so; no lines are fine. Raises Refused."""
    if not lines:
        return
    if len({line.ref for line in lines}) < len(lines) or any(x.amount_minor <= 0 for x in lines):
        raise Refused("Each line of an order comes once, with a price above zero.")
    total_minor = sum(line.amount_minor for line in lines)
    if total_minor < amount_minor:
        raise Refused(
            f"{Money(amount_minor, currency)} is more than the lines cost: {Money(total_minor, currency)}.",
            amount_minor=amount_minor,
            lines_minor=total_minor,
        )


def write(connection: Connection, capture: CaptureView, lines: Sequence[Line]) -> None:
    """Share a captured amount out over the lines of its order, for good."""
    if not lines:
        return
    shared = allocate(capture.amount_minor, [line.amount_minor for line in lines])
    connection.execute(
        SQL.insert_capture_lines,
        {
            "capture_id": capture.id,
            "lines": [line.ref for line in lines],
            "amounts_minor": [line.amount_minor for line in lines],
            "shares_minor": shared,
        },
    )


def of_capture(connection: Connection, capture_id: UUID) -> dict[str, Share]:
    """Return what the wallet paid of each line, in the order they were told; none when lines were not told."""
    rows = connection.execute(SQL.shares_of_capture, {"capture_id": capture_id})
    return {row[0]: Share(*row) for row in rows}


def back(
    connection: Connection, capture: CaptureView, refund_id: UUID, lines: Sequence[Line]
) -> Told:
    """Say what the wallet gets for lines that come back; the hold is locked before.

    Raises Refused for a line that is not of the order or of which more comes back than it cost; Conflict when the
    refund was told before, with other lines.
    """
    rows = connection.execute(SQL.lines_of_refund, {"refund_id": refund_id}).fetchall()
    if rows:
        if {row[0]: row[1] for row in rows} != {line.ref: line.amount_minor for line in lines}:
            raise Conflict("The refund was told before, with other lines.", refund_id=refund_id)
        return Told(tuple((line, amount, share) for line, amount, share in rows), known=True)
    paid = of_capture(connection, capture.id)
    if len({line.ref for line in lines}) < len(lines):
        raise Refused("Each line of a refund comes once.")
    return Told(tuple(_part(paid, line, capture.currency) for line in lines), known=False)


def _part(paid: dict[str, Share], line: Line, currency: str) -> tuple[str, int, int]:
    share = paid.get(line.ref)
    if share is None:
        raise Refused(
            f"The order was captured without a line “{line.ref}”; refund an amount instead."
            if not paid
            else f"The order has no line “{line.ref}”.",
            line=line.ref,
        )
    left_minor = share.amount_minor - share.back_minor
    if not 0 < line.amount_minor <= left_minor:
        raise Refused(
            f"{Money(line.amount_minor, currency)} of line “{line.ref}” cannot come back: "
            f"{Money(left_minor, currency)} of its price is left.",
            line=line.ref,
            asked_minor=line.amount_minor,
            left_minor=left_minor,
        )
    return line.ref, line.amount_minor, share.back(line.amount_minor)


def refuse_amounts(connection: Connection, capture: CaptureView) -> None:
    """Refuse a refund by amount where the shares of lines are fixed. Raises Refused."""
    if of_capture(connection, capture.id):
        raise Refused(
            "The order was captured with its lines; say which of them come back.",
            capture_id=capture.id,
        )


def write_back(connection: Connection, capture: CaptureView, refund_id: UUID, told: Told) -> None:
    """Note which lines a refund told, and what of each went back."""
    connection.execute(
        SQL.insert_refund_lines,
        {
            "refund_id": refund_id,
            "capture_id": capture.id,
            "lines": [line for line, _, _ in told.parts],
            "amounts_minor": [amount for _, amount, _ in told.parts],
            "shares_minor": [share for _, _, share in told.parts],
        },
    )
