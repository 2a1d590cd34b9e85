"""Vouchers in a shop's own software: what a plugin provides that has a shop take a member's voucher.

Cagnotte issues a voucher out of a member's money and then has the shop know it: as a code for one order, as a gift
card, or as credit on the customer's account there. The plugin speaks to the shop through the connection by which its
orders come (`sources`), with the same settings and secrets.

Three promises, whatever fails in between:

- `issue` issues once. It looks for the voucher first, by its code or by its id, which it writes where the shop keeps a
  remark; so it may be called again after an answer that was lost.
- Amounts are exact, in major units with the decimals of their currency. What the shop cannot take is refused.
- `read` tells what the shop gave for the voucher as it stands now; telling it again changes nothing.
"""

import enum
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from cagnotte.domain.errors import CagnotteError
from cagnotte.hooks.sources import SourceContext


class Form(enum.StrEnum):
    """As what a shop keeps a voucher."""

    CODE = "code"
    """A code for one order. What the order does not need of it is not kept."""
    GIFT_CARD = "gift_card"
    """A code with a balance: what an order does not need stays on it."""
    CREDIT = "credit"
    """Credit on a customer's account. It is the shop's from then on, and cannot be taken back."""


class Whose(enum.StrEnum):
    """Whether a voucher can be for one customer of the shop alone."""

    ANYBODY = "anybody"
    """It is for whoever has its code; no customer can be named."""
    MAY = "may"
    MUST = "must"


@dataclass(frozen=True, slots=True)
class Can:
    """What a shop can promise for one form.

    Attributes:
        keeps_rest: what an order does not need stays for the next one. minimum_basket: it can ask for one.
        first_day: it can begin later than today. whose: whether it can be for one customer alone.
        customer_is: how the customer is named, for people, such as "the e-mail address"; "" for anybody.
    """

    keeps_rest: bool = False
    minimum_basket: bool = False
    first_day: bool = False
    whose: Whose = Whose.ANYBODY
    customer_is: str = ""


@dataclass(frozen=True, slots=True)
class ShopVoucher:
    """A voucher as a shop shall know it.

    Attributes:
        id: Cagnotte's name of it, vou_…; a plugin writes it where the shop keeps a remark.
        code: as people read it, K7P2M-9XQ4T-0ABC. amount, minimum_basket: tax included, exact.
        starts_at: its first moment; ends_at: the moment after its last, at midnight in the programme's time zone.
        customer: as `Can.customer_is` says, "" for anybody. native_id: the shop's own, "" until it has told it.
    """

    id: str
    form: Form
    code: str
    amount: Decimal
    currency: str
    starts_at: datetime
    ends_at: datetime
    minimum_basket: Decimal = Decimal(0)
    customer: str = ""
    native_id: str = ""

    @property
    def plain_code(self) -> str:
        """The code without hyphens, for shops that take letters and digits alone."""
        return self.code.replace("-", "")

    @property
    def last_day(self) -> date:
        """The last day on which it can be used."""
        return (self.ends_at - timedelta(microseconds=1)).date()

    @property
    def remark(self) -> str:
        """What people of the shop read beside it, and what it is found by."""
        return f"Cagnotte {self.id}"


class ShopUse(NamedTuple):
    """What an order took of a voucher. given_back: of it, since the order was cancelled or refunded."""

    order_ref: str
    amount: Decimal
    used_at: datetime
    given_back: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class ShopStanding:
    """How a voucher stands at a shop.

    Attributes:
        native_id: the shop's own name of it. code: what a customer types there; "" = the voucher's code.
        uses: order by order, where the shop tells orders; all of them, or those that changed lately.
        used: what was used of it in all, less what came back, where the shop tells no more than that; else None.
    """

    native_id: str
    code: str = ""
    uses: Sequence[ShopUse] = ()
    used: Decimal | None = None


class ShopRefused(CagnotteError):
    """The shop does not take this voucher, and will not take it when it is told again."""


class VoucherShop(ABC):
    """A shop's software that can take vouchers. Stateless, as sources are.

    Attributes:
        name: of the source plugin whose connections it uses. title: how people read it.
        forms: what it can keep a voucher as; the first one is meant where nobody says.
        read_at_once: how many vouchers `read` is given; few, where it has to make a call for each.
    """

    name: str
    title: str
    forms: Mapping[Form, Can]
    read_at_once: int = 200

    @abstractmethod
    def issue(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding:
        """Have the shop know a voucher, unless it does already; return how it stands there.

        Raises ShopRefused when it never will; SourceBusy and SourceFailed when nobody knows, and it is tried again.
        """

    @abstractmethod
    def read(
        self, context: SourceContext, vouchers: Sequence[ShopVoucher], since: datetime
    ) -> Mapping[str, ShopStanding]:
        """Return how vouchers that were issued stand, by their id; all orders that changed since then are in it.

        A voucher that is left out is gone from the shop. Raises SourceBusy, SourceFailed.
        """

    @abstractmethod
    def void(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding | None:
        """See to it that nobody can use a voucher any more; return how it ended, None when the shop never knew it.

        Credit stays with the customer: it is told as it stands. Raises SourceBusy, SourceFailed.
        """
