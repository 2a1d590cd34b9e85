"""A member with 6.00 at a programme whose shop takes vouchers: short ways to issue, tell, use and call off."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from cagnotte.domain.vouchers import Terms
from cagnotte.inbox import accounts
from cagnotte.inbox.models import Account
from cagnotte.journeys import shop_vouchers, tell_vouchers
from cagnotte.journeys.shop_vouchers import Shop
from cagnotte.journeys.tell_vouchers import ToldSummary
from cagnotte.journeys.vouchers import Counter
from cagnotte.platform.database import connect
from cagnotte.purchases.services import source_id_of
from cagnotte.wallet import selectors, voucher_views, vouchers_at_shops
from cagnotte.wallet.voucher_views import VoucherView
from cagnotte.wallet.vouchers_at_shops import AtShopView
from tests.journeys.world import World
from tests.sources.fakes.clock import Clock
from tests.vouchers.cases import Case
from tests.vouchers.fakes.counter import Kept, VoucherFake

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LAST_DAY = date(2026, 4, 30)


@dataclass
class Member:
    """See the module. The voucher is over 5.00, so that 1.00 stays."""

    world: World
    case: Case
    fake: VoucherFake
    clock: Clock
    account_id: UUID

    def counter(self) -> Counter:
        with connect() as connection:
            programme_id = self.world.programme_id(connection)
        return Counter(programme_id, "EUR", self.clock.now, self.clock.now.date())

    def issue(self, **changes: Any) -> VoucherView:
        """Issue a voucher that the shop is to take."""
        terms = {
            "currency": "EUR",
            "amount_minor": 500,
            "valid_from": NOON.date(),
            "valid_until": LAST_DAY,
            "partial_use": self.case.can.keeps_rest,
        }
        shop = Shop("shop", self.case.form, changes.pop("customer", self.case.owner))
        counter = self.counter()
        with connect() as connection:
            with connection.transaction():
                wallet_id = selectors.wallet_of_member(connection, counter.programme_id, "1")
            return shop_vouchers.issue(
                connection,
                counter,
                wallet_id=wallet_id,
                reference=changes.pop("reference", "v1"),
                terms=Terms(**{**terms, **changes}),
                shop=shop,
            )

    def work(self) -> ToldSummary:
        """Do a round of the worker."""
        with connect() as connection:
            return tell_vouchers.work(connection, clock=lambda: self.clock.now)

    def void(self, voucher: VoucherView) -> VoucherView:
        with connect() as connection:
            return shop_vouchers.void(connection, self.counter(), voucher_id=voucher.id)

    def told(self) -> tuple[VoucherView, Kept]:
        """Issue a voucher, have the shop told, and return it with what the shop keeps."""
        voucher = self.issue()
        assert self.work().told == 1
        return voucher, self.fake.only()

    # ---- how things stand ----

    def at_shop(self, voucher: VoucherView) -> AtShopView:
        with connect() as connection:
            found = vouchers_at_shops.at_shop(connection, voucher.id)
        assert found is not None
        return found

    def stands(self, voucher: VoucherView) -> tuple[str, int, int, int]:
        """Return state, used, returned to the member, and left of a voucher."""
        with connect() as connection:
            (one,) = voucher_views.vouchers_by_id(connection, [voucher.id])
        return one.state.value, one.used_minor, one.returned_minor, one.open_minor

    def money(self) -> dict[str, int]:
        """Return what the member holds, what stands on vouchers, and what the shop is owed."""
        books = self.world.books()
        return {
            "available": self.world.member("1").get("available", 0),
            "vouchers": books.get("programme.vouchers", 0),
            "shop": -books.get("merchant.clearing", 0),
        }


@contextmanager
def member_at(case: Case, world: World, settings: Any) -> Iterator[Member]:
    """Open a shop that takes vouchers, with a member who has 6.00."""
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    world.load()
    world.till("A1,1,2026-01-10T10:00:00,EUR,confirmed,plum,12,120.00,jam,")
    world.mature(NOON.date())
    clock = Clock(NOON)
    with case.fake(clock) as fake:
        with connect() as connection:
            programme_id = world.programme_id(connection)
        account = Account.objects.create(
            id=source_id_of(programme_id, "shop"),
            programme_id=programme_id,
            ref="shop",
            plugin=case.software,
            merchant="corner",
            settings=case.all_settings(fake),
        )
        for name, value in case.secrets.items():
            accounts.set_secret(account, name, value, now=NOON)
        yield Member(world, case, fake, clock, account.id)


NOWHERE = {"available": 600, "vouchers": 0, "shop": 0}
"""How money stands before anything, and after a voucher that nobody used."""
