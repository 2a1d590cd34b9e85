"""Sources of purchases: what a plugin for a network, a shop, a card scheme, a bank or a till provides.

A source speaks in *messages*: what a poll fetched, or what a webhook brought. Cagnotte keeps every message as bytes
before anything understands it. The plugin then says two things, both pure functions of what it is given:

- `parse`: which *pieces* a message holds. A piece is one fact about one order: how it stands, one correction of it,
  one refund. It has a key, so that the same fact told again takes its own place, and a version, so that an older
  telling never replaces a newer one.
- `fold`: how an order stands, given all its pieces. The set decides, not the order in which pieces came; so a refund
  may arrive before its order, a created event may carry its refunds already, and a repeat changes nothing.

A source that restates its orders has one piece for each; one that appends corrections has many. Look next at
`reading` for amounts, times and JSON, and `signing` for signatures.
"""

import enum
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from cagnotte.domain.attribution import Trace
from cagnotte.domain.errors import CagnotteError, InvalidInput
from cagnotte.domain.lifecycle import REASON_CODES
from cagnotte.domain.purchases import Channel, Validation


class SourceKind(enum.StrEnum):
    """What kind of party tells of purchases."""

    NETWORK = "network"
    SHOP = "shop"
    CARD = "card"
    BANK = "bank"
    TILL = "till"


class Proof(enum.StrEnum):
    """How well it is known that the plugin reads what its source really sends."""

    CAPTURED = "captured"
    """Its fixtures have the shape of messages captured from the running software or service."""
    OFFICIAL = "official"
    """Its fixtures follow samples or specifications published by the source itself."""
    SECONDARY = "secondary"
    """Its fixtures follow descriptions by others; never confirmed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that a person must fill in to connect a source.

    secret: kept encrypted, and never shown again. default: what it is when left out; None = it is needed.
    """

    name: str
    help: str
    secret: bool = False
    default: str | None = None


# ---- messages ----


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request that reached the address of a source. `body` is as it came, for signatures are over bytes.

    url: the address as registered with the sender, without what a proxy made of it. headers: names in lower case.
    """

    method: str
    url: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """Bytes of a source, before anything understands them.

    Attributes:
        body: as received or fetched.
        topic: what the source calls this kind of message, such as "orders/updated"; for a poll, what was asked for.
        event_id: what the source calls this one message; "" when it names none, and its bytes are its name.
        headers: those the plugin wants kept, names in lower case.
    """

    body: bytes
    topic: str = ""
    event_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reception:
    """What to keep of a request and how to answer it.

    messages: none for a ping, which is answered and forgotten. wanted: orders to be fetched by the API, when the
    request is a mere hint (`fetch`). status, answer: of the response; several networks repeat until they read "OK".
    """

    messages: Sequence[Message] = ()
    wanted: Sequence[str] = ()
    status: int = 200
    answer: str = ""


class Polled(NamedTuple):
    """One page of a poll. When its messages are kept, the cursor is too; a poll that fails goes on from there."""

    messages: Sequence[Message]
    cursor: Mapping[str, Any]


# ---- what messages say ----


class Piece(NamedTuple):
    """One fact about one order.

    Attributes:
        object_id: what the source calls the order; pieces of one order share it.
        key: which fact it is: "order", "refund:17", "row:88". A later telling replaces an earlier one.
        data: what the fact says, as JSON can hold it; amounts and times as texts.
        version: the source's own time or number of this telling; None = the telling that came last counts.
        weight: decides between two tellings of one version; the heavier counts (declined 2, confirmed 1).
    """

    object_id: str
    key: str
    data: Mapping[str, Any]
    version: datetime | int | None = None
    weight: int = 0


class Unreadable(NamedTuple):
    """A part of a message that cannot be understood; the rest of the message is taken. where: such as "row 7"."""

    reason: str
    sentence: str
    where: str = ""


class Ignored(NamedTuple):
    """A message, or a part of one, that is understood and tells of no purchase. reason: in a few words."""

    reason: str


class Wanted(NamedTuple):
    """A message that only says that an order changed: fetch it (`fetch`)."""

    object_id: str


Read = Piece | Unreadable | Ignored | Wanted


class Moment(NamedTuple):
    """A time as the source wrote it, and what it means.

    text: as written. zone: the zone in which a time without offset was read, "" when it had one. utc: aware.
    """

    text: str
    zone: str
    utc: datetime


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One article of an order. Amounts in major units, exact.

    Attributes:
        number: position in the order, from 1, or the source's own; the same line keeps it in every telling.
        amount: price of all units, tax included, before `discount`.
        discount: coupons and discounts still to be deducted, the order's own spread over its lines, ≥ 0.
        tax: contained in the amount after discount. wallet: part paid from the cagnotte.
        returned_quantity, returned_amount: cumulative: units, and the part of `amount` given back.
    """

    number: int
    sku: str
    quantity: int
    amount: Decimal
    discount: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    wallet: Decimal = Decimal(0)
    category: str = ""
    brand: str = ""
    gift_card: bool = False
    returned_quantity: int = 0
    returned_amount: Decimal = Decimal(0)


class TraceFound(NamedTuple):
    """Something in an order that may lead to a member. at: when it was made, where the source knows."""

    kind: Trace
    value: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PurchaseReport:
    """How one order stands, as its source tells it. Amounts in major units of `currency`, exact.

    Attributes:
        order_ref: the shop's own number of the order; by it the same order is known from another source.
        merchant: what the source calls the shop, such as an advertiser's number; "" where it speaks for one alone.
        lines: at least one; a source that knows no articles gives one line of the whole amount, without sku.
        refunded: given back of no line in particular, cumulative, tax included; spread over what remains.
        commission: reported for the whole order as it stands now; None where there is none. May have more decimals
            than its currency. commission_currency: "" = the order's.
        status: in our words; None when the source says nothing of it. native_status: in its own.
        reason: one of our decline reasons, "" where none is told.
        paid: the network says that it has paid the commission (an axis of its own; None = it does not say).
        traces: all that may lead to a member.
        test: the source says that no money moved. Kept, but never earns.
        updated_at: the source's own time of how it stands.
        descriptor: what a bank or card wrote about the shop, where the shop must be found by it.
    """

    order_ref: str
    occurred_at: Moment
    currency: str
    lines: Sequence[ReportLine]
    merchant: str = ""
    delivery: Decimal = Decimal(0)
    delivery_tax: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    commission: Decimal | None = None
    commission_currency: str = ""
    status: Validation | None = None
    native_status: str = ""
    reason: str = ""
    paid: bool | None = None
    traces: Sequence[TraceFound] = ()
    clicked_at: Moment | None = None
    channel: Channel = Channel.WEB
    country: str = ""
    coupon_codes: Sequence[str] = ()
    card: str = ""
    test: bool = False
    updated_at: datetime | None = None
    descriptor: "Descriptor | None" = None


class Descriptor(NamedTuple):
    """What a statement or card scheme writes about a shop. mid: its number with the acquirer. mcc: four digits."""

    text: str = ""
    mid: str = ""
    mcc: str = ""
    country: str = ""


REFUND_KEY = "refund:"
"""How the keys of refunds begin, with the source's own name of the refund after it."""


class LooseRefund(NamedTuple):
    """A refund that does not say of which order, and what may lead to it.

    The object that waits with it is named as the source names the refund. When its order is found, one of the same
    member at the same shop, that order gets a piece `refund:NAME` with `{"amount": "12.40"}` and, where articles were
    told, `"items": [[sku, units, "12.40"]]`; `fold` deducts it.

    Attributes:
        amount: given back, > 0. traces: what may lead to the member, such as the card that got it.
        merchant, descriptor: as in a report. items: what came back: article, units, price before discounts.
    """

    amount: Decimal
    currency: str
    refunded_at: Moment
    traces: "Sequence[TraceFound]"
    merchant: str = ""
    descriptor: "Descriptor | None" = None
    items: Sequence[tuple[str, int, Decimal]] = ()


class Waiting(NamedTuple):
    """Why nothing can be said yet: a refund whose order has not come, an authorisation that may never clear.

    refund: when it is a refund that names no order, what may lead to one.
    """

    reason: str
    sentence: str
    refund: LooseRefund | None = None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A source's words for the state of a purchase, each with ours; and for why it declined one.

    statuses: exact word → state. reasons: word → one of `REASON_CODES`. A word it does not hold is refused by name.
    Raises ValueError when a reason is not ours.
    """

    statuses: Mapping[str, Validation]
    reasons: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = set(self.reasons.values()) - REASON_CODES
        if unknown:
            raise ValueError(f"Not among our reasons: {', '.join(sorted(unknown))}.")

    def status(self, word: str) -> Validation:
        """Return our word. Raises UnknownWord, which names theirs and those that are known."""
        try:
            return self.statuses[word]
        except KeyError:
            known = ", ".join(f"“{known}”" for known in self.statuses)
            raise UnknownWord(
                f"“{word}” is no state this source is known to use; it uses {known}.", word=word
            ) from None

    def reason(self, word: str) -> str:
        """Return our reason for theirs; "other" for one that has no better word."""
        return self.reasons.get(word, "other")


# ---- errors ----


class UnknownWord(InvalidInput):
    """The source used a word that its plugin does not know."""


class BadSignature(CagnotteError):
    """The signature of a message is missing or wrong; nothing of it was kept."""


class SourceBusy(CagnotteError):
    """The source asks to be called again later. `retry_after_seconds` when it says how much later."""


class SourceFailed(CagnotteError):
    """The source could not be asked: refused, unreachable, or an answer that cannot be used. Nothing was moved on."""


# ---- what a plugin is handed ----


class HttpAnswer(NamedTuple):
    """What a server answered. headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient(Protocol):
    """Calls out for a source: bounded in time and size, never to private addresses, at the source's own pace."""

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        basic: tuple[str, str] | None = None,
    ) -> HttpAnswer:
        """Ask, and return what was answered, whatever its status but 429.

        Raises SourceBusy for 429 after the pauses that are worth waiting here, SourceFailed when there is no answer.
        """


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a plugin may use.

    Attributes:
        settings: what the person filled in, without secrets; defaults are in.
        secrets: by name, the present value first, then the one before it while it is being replaced.
        zone: in which the source writes times without offset, where it does not say itself.
        now: the moment of this call, aware. http: for `poll` and `fetch` alone; None elsewhere.
    """

    settings: Mapping[str, str]
    secrets: Mapping[str, Sequence[str]]
    zone: ZoneInfo
    now: datetime
    http: HttpClient | None = None

    def secret(self, name: str) -> str:
        """Return the present value of a secret. Raises SourceFailed when none was given."""
        values = self.secrets.get(name, ())
        if not values:
            raise SourceFailed(
                f"The secret “{name}” is not set; set it with `cagnotte sources secret`."
            )
        return values[0]

    def calls(self) -> HttpClient:
        """Return the client. Raises SourceFailed where none may be used."""
        if self.http is None:
            raise SourceFailed("Nothing may be asked of the source here.")
        return self.http


class Link(NamedTuple):
    """A link of ours to a shop, about to be followed. click: our reference, which the source gives back."""

    target: str
    click: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a source may be asked: so many calls in so many seconds."""

    calls: int
    seconds: int


class SourcePlugin(ABC):
    """A source of purchases. Stateless: all that changes is in the context and the cursor.

    Attributes:
        name: such as "awin": how programme files and commands name it. title: such as "Awin": how people read it.
        proof: how well its reading is founded. settings: what a person fills in to connect it.
        pace: how fast it may be asked; None when it is never asked. polls: whether `poll` has anything to ask.
        receives: whether it sends anything to us.
        click_length_max: how many characters of a click reference it gives back; None when it has no links.
    """

    name: str
    title: str
    kind: SourceKind
    proof: Proof
    settings: Sequence[Setting] = ()
    vocabulary: Vocabulary
    pace: Pace | None = None
    polls: bool = False
    receives: bool = False
    click_length_max: int | None = None

    @abstractmethod
    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the pieces of a message, and what of it cannot be read or is not about purchases.

        Raises InvalidInput when nothing of it can be read; it is kept and waits for a better plugin.
        """

    @abstractmethod
    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return how an order stands, given the data of all its pieces by their keys.

        Depends on the pieces alone, not on when they came. Raises InvalidInput, UnknownWord among it.
        """

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Fetch what is new since the cursor ({} at first), page by page, with the source's own windows.

        Raises SourceBusy and SourceFailed; what was yielded before stands. The default has nothing to ask.
        """
        return iter(())

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Fetch all that is to be known of one order now. Raises as `poll`; the default has no such call."""
        raise SourceFailed(f"{self.title} cannot be asked for one order.")

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check the signature of a request over its raw bytes, with every secret that is valid now.

        Returns True when it is signed and right, False when this source signs nothing (then its messages are hints).
        Raises BadSignature when it should be signed and is not.
        """
        return False

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Say what of a request is to be kept, and how it is answered. Raises InvalidInput when it is not theirs."""
        raise InvalidInput(f"{self.title} sends nothing here.")

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Return the address that leads to the target through the source and makes it give the click back.

        Raises SourceFailed when it has no links or a setting is missing.
        """
        raise SourceFailed(f"{self.title} has no links.")
