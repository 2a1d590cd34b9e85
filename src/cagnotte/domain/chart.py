"""The chart of accounts: whose money, in which state, on which side.

An account belongs to one owner (a wallet, a merchant or brand or network, or the programme) in one currency.
Legs are signed: debit +, credit −. A balance is kept in the account's own side, so that a debt to a member
and a claim on a merchant both read as positive numbers.
"""

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from cagnotte.domain.ids import named_id


class Side(enum.Enum):
    """The side on which an account normally stands."""

    DEBIT = "debit"
    CREDIT = "credit"
    EITHER = "either"
    """May stand on both sides; its balance is shown as debit positive."""


class Mode(enum.Enum):
    """How the balance of an account is kept."""

    ROW = "row"
    """One balance row, locked and updated once per batch: a member's accounts."""
    DELTA = "delta"
    """One append-only row per batch, folded into snapshots: accounts that every purchase touches."""


@dataclass(frozen=True, slots=True)
class AccountKind:
    """What an account means, its side, and whether the database refuses to see it below zero."""

    name: str
    side: Side
    mode: Mode
    never_negative: bool
    meaning: str


def _member(name: str, side: Side, meaning: str) -> AccountKind:
    return AccountKind(f"member.{name}", side, Mode.ROW, never_negative=True, meaning=meaning)


def _delta(name: str, side: Side, meaning: str) -> AccountKind:
    return AccountKind(name, side, Mode.DELTA, never_negative=False, meaning=meaning)


_D, _C, _E = Side.DEBIT, Side.CREDIT, Side.EITHER

KINDS: dict[str, AccountKind] = {
    kind.name: kind
    for kind in (
        _member("pending", _C, "owed to the member, not validated yet"),
        _member("confirmed", _C, "owed and validated, waiting for its release"),
        _member("available", _C, "spendable; always the sum of what is left of the member's lots"),
        _member("held", _C, "reserved by open holds"),
        _member(
            "owing",
            _D,
            "taken back from the member and not recovered yet; zero whenever available is not",
        ),
        _delta("funder.accrued", _D, "expected from the funder for purchases not validated yet"),
        _delta(
            "funder.due",
            _E,
            "validated and not yet on a statement; a credit is a credit note to come",
        ),
        _delta("funder.billed", _E, "on a statement or invoice, VAT included, unpaid"),
        _delta("funder.deposit", _C, "prefunded or overpaid by the funder"),
        _delta("merchant.share_pending", _C, "the shop's share of brand money, not validated yet"),
        _delta(
            "merchant.clearing",
            _E,
            "owed to the shop: confirmed shares and cagnotte money it accepted",
        ),
        _delta("programme.margin_pending", _C, "the programme's share, not validated yet"),
        _delta(
            "programme.promotions_pending",
            _D,
            "rewards the programme funds itself, not validated yet",
        ),
        _delta("programme.margin", _C, "result: shares and fees earned"),
        _delta("programme.breakage", _C, "result: expired money kept by the programme"),
        _delta("programme.promotions", _D, "result: rewards funded by the programme"),
        _delta("programme.losses", _D, "result: what could not be recovered"),
        _delta("programme.fees", _D, "result: bank, rail and network charges"),
        _delta("programme.fx_result", _E, "result: exchange gains and losses"),
        _delta("programme.rounding", _E, "result: accepted cents"),
        _delta("programme.vouchers", _C, "vouchers issued and unused"),
        _delta("programme.donations", _C, "promised to good causes"),
        _delta("programme.unclaimed", _C, "owed to members of closed accounts that cannot be paid"),
        _delta("programme.payouts", _C, "sent to the bank, not settled"),
        _delta("programme.suspense", _C, "received and not identified"),
        _delta("programme.transit", _E, "between two books or two banks; zero at rest"),
        _delta("programme.bank", _D, "money at the bank"),
        _delta("programme.vat", _C, "VAT collected less recovered"),
        _delta("programme.fx", _E, "open currency position"),
        _delta("programme.funding", _C, "the operator's own cash put in, less taken out"),
        _delta("opening.equity", _E, "counterpart of balances brought in from another system"),
    )
}
"""Every kind of account, by name."""

TRANSIT_KINDS = ("programme.transit", "programme.suspense", "programme.payouts")
"""Accounts that come back to zero once everything under way has arrived."""


ACCOUNTS_CACHED_MAX = 200_000
"""Accounts kept in memory; beyond, the least used are made again."""


class Account:
    """One account: its kind, who owns it (wallet, party or programme id), its programme and currency.

    Equal parts give the same object, so that comparing and hashing accounts costs nothing.

    Attributes:
        id: the account's identity, derived from its four parts. hex: the same as 32 hexadecimal digits.

    Raises KeyError for a kind that is not in the chart.
    """

    __slots__ = ("__weakref__", "currency", "hex", "id", "kind", "owner_id", "programme_id")

    kind: str
    owner_id: UUID
    programme_id: UUID
    currency: str
    id: UUID
    hex: str

    def __new__(cls, kind: str, owner_id: UUID, programme_id: UUID, currency: str) -> "Account":  # noqa: PYI034 - not subclassed
        """Return the account of these parts."""
        return _account(kind, owner_id, programme_id, currency)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("an account does not change")

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Account) and self.id == other.id)

    def __hash__(self) -> int:
        return hash(self.hex)

    def __repr__(self) -> str:
        return f"Account({self.kind!r}, {self.owner_id}, {self.programme_id}, {self.currency!r})"

    def __reduce__(self) -> tuple[type["Account"], tuple[str, UUID, UUID, str]]:
        return Account, (self.kind, self.owner_id, self.programme_id, self.currency)


@lru_cache(maxsize=ACCOUNTS_CACHED_MAX)
def _account(kind: str, owner_id: UUID, programme_id: UUID, currency: str) -> Account:
    if kind not in KINDS:
        raise KeyError(kind)
    identity = named_id("account", programme_id, kind, owner_id, currency)
    account = object.__new__(Account)
    parts = (kind, owner_id, programme_id, currency, identity, f"{identity.int:032x}")
    for name, part in zip(
        ("kind", "owner_id", "programme_id", "currency", "id", "hex"), parts, strict=True
    ):
        object.__setattr__(account, name, part)
    return account


def shared_accounts(
    programme_id: UUID, currency: str, parties: Iterable[tuple[str, UUID]]
) -> Iterator[Account]:
    """Yield the accounts that many purchases touch at once, those of mode DELTA, in one currency.

    parties: (kind, id) of each merchant, brand and network. All of them may fund; merchants have their own
    accounts besides. Bank accounts other than the programme's first are not among them.
    """
    shared = [kind.name for kind in KINDS.values() if kind.mode is Mode.DELTA]
    owners = [(programme_id, ("programme", "opening"))]
    owners += [(party_id, ("funder", kind)) for kind, party_id in parties]
    for owner_id, families in owners:
        for name in shared:
            if name.partition(".")[0] in families:
                yield Account(name, owner_id, programme_id, currency)
