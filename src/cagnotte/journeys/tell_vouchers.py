"""Shops are told of vouchers, and asked what orders took of them; what is called off is ended there first.

Whatever fails in between, the next round does what is left: a shop that cannot be reached leaves the voucher `telling`,
a shop that refuses it puts the money back. Credit on a customer's account is the shop's own from then on, so the whole
voucher counts as used when the shop has it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import structlog

from cagnotte.domain import voucher_codes
from cagnotte.domain.errors import CagnotteError
from cagnotte.domain.ids import public_id
from cagnotte.domain.vouchers import AtShop, VoucherState
from cagnotte.hooks import manager
from cagnotte.hooks.sources import SourceBusy, SourceFailed
from cagnotte.hooks.vouchers import Form, ShopRefused, ShopStanding, ShopVoucher
from cagnotte.inbox import accounts
from cagnotte.inbox.models import Account
from cagnotte.journeys import shop_uses
from cagnotte.journeys import vouchers as journey
from cagnotte.journeys.poll_sources import pause_after
from cagnotte.journeys.shop_uses import Asking, counter_of, major
from cagnotte.journeys.source_calls import open_calls
from cagnotte.platform.database import is_away
from cagnotte.wallet import voucher_views, vouchers_at_shops
from cagnotte.wallet.movements import Connection
from cagnotte.wallet.voucher_rows import OVER
from cagnotte.wallet.voucher_views import VoucherView
from cagnotte.wallet.vouchers_at_shops import AtShopView, Told

READ_EVERY = timedelta(minutes=15)
"""How often a shop is asked what orders took."""

READ_AGAIN = timedelta(hours=1)
"""Orders are asked for from so long before the last reading on: shops' clocks differ, and their lists lag."""

SETTLED_AFTER = timedelta(hours=6)
"""So long after its end a voucher is read for the last time: an order may have been begun before."""

PUT_OFF_SECONDS = 5 * 60

NEVER_TOLD = "The shop could not be told before the voucher's last day was over."
USED_BEFORE = "The voucher was used before the shop could be told of it."
UNKNOWN_NOW = "The shop does not know the voucher any more."

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ToldSummary:
    """What a round did: vouchers told, refused, ended by calling off, read, and failed calls.

    unreachable: accounts whose shops gave no answer; the rest of their vouchers waits for the next round.
    """

    told: int = 0
    refused: int = 0
    ended: int = 0
    read: int = 0
    failed: int = 0
    unreachable: set[UUID] = field(default_factory=set)

    @property
    def did(self) -> bool:
        """Whether anything was done."""
        return any((self.told, self.refused, self.ended, self.read))


def work(
    connection: Connection,
    *,
    clock: Callable[[], datetime],
    account_id: UUID | None = None,
    stop: Callable[[], bool] = lambda: False,
    early: bool = False,
) -> ToldSummary:
    """Tell and end vouchers that are due, then read what orders took; each commits by itself.

    clock: read once for each call to a shop. early: also those whose turn comes later. A shop that fails keeps no
    other from its turn.
    """
    summary = ToldSummary()
    until = datetime.max.replace(tzinfo=UTC) if early else None
    with connection.transaction():
        due = vouchers_at_shops.due(connection, now=until or clock(), account_id=account_id)
    for account, voucher_id in due:
        if stop():
            return summary
        if account in summary.unreachable:
            continue
        tell(connection, voucher_id, now=clock(), summary=summary)
    with connection.transaction():
        to_read = vouchers_at_shops.to_read(connection, now=until or clock(), account_id=account_id)
    for account, ids in to_read.items():
        if stop():
            return summary
        if account not in summary.unreachable:
            _read(connection, account, ids, clock(), summary)
    return summary


def tell(
    connection: Connection, voucher_id: UUID, *, now: datetime, summary: ToldSummary | None = None
) -> ToldSummary:
    """Tell a shop of one voucher, or end it there, if that is to be done; commits by itself.

    What fails is noted with the voucher, which is told again later.
    """
    summary = ToldSummary() if summary is None else summary
    with vouchers_at_shops.alone(connection, voucher_id) as alone:
        if not alone:
            return summary
        with connection.transaction():
            at_shop = vouchers_at_shops.at_shop(connection, voucher_id)
        if at_shop is None or at_shop.state not in (AtShop.TELLING, AtShop.CALLING_OFF):
            return summary
        with (
            _noting(connection, [at_shop], now, summary),
            _asking(connection, at_shop.account_id, now) as asking,
        ):
            _step(connection, asking, at_shop, summary)
    return summary


@contextmanager
def _asking(connection: Connection, account_id: UUID, now: datetime) -> Iterator[Asking]:
    account = Account.objects.select_related("programme").get(id=account_id)
    software, plugin = manager.voucher_shop(account.plugin), accounts.plugin_of(account)
    with open_calls(connection, account.id, plugin.pace) as http:
        context = accounts.context_of(account, now=now, http=http)
        yield Asking(software, context, account.programme)


@contextmanager
def _noting(
    connection: Connection, at_shops: Sequence[AtShopView], now: datetime, summary: ToldSummary
) -> Iterator[None]:
    """Note what a shop's failure leaves to be done; nothing a shop or plugin does ends more than its own turn."""
    try:
        yield
    except Exception as error:
        # Whatever a plugin raises is told as its failure. A database that is away is not the shop's trouble; what it
        # refuses of one voucher keeps no other waiting.
        if is_away(error):
            raise
        connection.rollback()
        busy = isinstance(error, SourceBusy)
        if isinstance(error, CagnotteError):
            sentence = error.sentence
        elif isinstance(error, psycopg.Error):
            sentence = f"It could not be booked: {type(error).__name__}."
            log.exception("voucher not booked", connection=at_shops[0].connection)
        else:
            # What an unexpected error says may hold a secret; its kind is enough to find it.
            sentence = f"The plugin failed with {type(error).__name__}."
        log.warning("voucher at shop", connection=at_shops[0].connection, error=sentence)
        summary.failed += not busy
        if isinstance(error, SourceBusy | SourceFailed):
            summary.unreachable.add(at_shops[0].account_id)
        asked = error.facts.get("retry_after_seconds") if isinstance(error, SourceBusy) else None
        seconds = asked if isinstance(asked, int) else PUT_OFF_SECONDS
        pause = timedelta(seconds=seconds) if busy else pause_after(at_shops[0].attempts)
        with connection.transaction():
            vouchers_at_shops.note_failure(
                connection,
                [one.voucher_id for one in at_shops],
                sentence,
                next_at=now + pause,
                failed=not busy,
            )


def _step(
    connection: Connection, asking: Asking, at_shop: AtShopView, summary: ToldSummary
) -> None:
    """Tell a shop of a voucher, or end it there."""
    now = asking.context.now
    with connection.transaction():
        voucher = voucher_views.voucher(connection, at_shop.programme_id, at_shop.voucher_id)
    shop_voucher = _as_told(voucher, at_shop)
    why = _why_end(voucher, at_shop, now)
    if why is not None:
        standing = asking.software.void(asking.context, shop_voucher)
        _end(connection, asking, voucher, (at_shop, standing), why)
        summary.ended += 1
        return
    try:
        standing = asking.software.issue(asking.context, shop_voucher)
    except ShopRefused as refused:
        with connection.transaction():
            _put_back(connection, asking, voucher)
            vouchers_at_shops.note_end(connection, voucher.id, AtShop.REFUSED, refused.sentence)
        log.warning("voucher refused", connection=at_shop.connection, error=refused.sentence)
        summary.refused += 1
        return
    _take(connection, asking, voucher, at_shop, standing)
    summary.told += 1


def _why_end(voucher: VoucherView, at_shop: AtShopView, now: datetime) -> str | None:
    """Return why a voucher is to be ended at its shop instead of told: "" when it was called off; None to tell it."""
    if at_shop.state is AtShop.CALLING_OFF:
        return ""
    if now >= at_shop.ends_at:
        return NEVER_TOLD
    return USED_BEFORE if voucher.state is not VoucherState.ISSUED else None


def _as_told(voucher: VoucherView, at_shop: AtShopView) -> ShopVoucher:
    terms = voucher.terms
    return ShopVoucher(
        id=public_id("vou", voucher.id),
        form=Form(at_shop.form),
        code=voucher_codes.shown(journey.code_of(voucher)),
        amount=major(terms.amount_minor, terms.currency),
        currency=terms.currency,
        starts_at=at_shop.starts_at,
        ends_at=at_shop.ends_at,
        minimum_basket=major(terms.minimum_basket_minor, terms.currency),
        customer=at_shop.customer,
        native_id=at_shop.native_id,
    )


def _take(
    connection: Connection,
    asking: Asking,
    voucher: VoucherView,
    at_shop: AtShopView,
    standing: ShopStanding,
) -> None:
    """Note that the shop takes the voucher; credit is used as soon as the shop has it."""
    now = asking.context.now
    credit = at_shop.form == Form.CREDIT
    code = "" if standing.code == voucher_codes.shown(journey.code_of(voucher)) else standing.code
    with connection.transaction():
        if credit:
            shop_uses.book_credit(connection, asking, voucher, standing)
        told = Told(standing.native_id, code, now + READ_EVERY, over=credit)
        vouchers_at_shops.note_told(connection, voucher.id, told, now=now)


def _end(
    connection: Connection,
    asking: Asking,
    voucher: VoucherView,
    how: tuple[AtShopView, ShopStanding | None],
    error: str,
) -> None:
    """Book what orders took of a voucher that nobody can use any more, and give its member what is left."""
    at_shop, standing = how
    with connection.transaction():
        problems = ""
        if standing is not None and at_shop.form == Form.CREDIT:
            shop_uses.book_credit(connection, asking, voucher, standing)
        elif standing is not None:
            problems = shop_uses.book(connection, asking, voucher, standing)
        _put_back(connection, asking, voucher)
        vouchers_at_shops.note_end(connection, voucher.id, AtShop.ENDED, problems or error)


def _put_back(connection: Connection, asking: Asking, voucher: VoucherView) -> None:
    """Give the member what is left of a voucher."""
    voucher = voucher_views.voucher(connection, voucher.programme_id, voucher.id)
    if voucher.open_minor and voucher.state not in (*OVER, VoucherState.USED):
        counter = counter_of(asking)
        journey.void(connection, counter, voucher_id=voucher.id)


# ---- reading --------------------------------------------------------------------------------------------------


def _read(
    connection: Connection,
    account_id: UUID,
    ids: Sequence[UUID],
    now: datetime,
    summary: ToldSummary,
) -> None:
    """Ask a shop what orders took of vouchers, and book it."""
    with vouchers_at_shops.alone(connection, account_id) as alone:
        if not alone:
            return
        with connection.transaction():
            found = vouchers_at_shops.at_shops(connection, ids)
            known = {one.id: one for one in voucher_views.vouchers_by_id(connection, ids)}
        at_shops = [one for one in found.values() if one.state is AtShop.TOLD]
        if not at_shops:
            return
        with (
            _noting(connection, at_shops[:1], now, summary),
            _asking(connection, account_id, now) as asking,
        ):
            at_once = asking.software.read_at_once
            for start in range(0, len(at_shops), at_once):
                some = at_shops[start : start + at_once]
                with _noting(connection, some, now, summary):
                    _read_some(connection, asking, [(known[one.voucher_id], one) for one in some])
                    summary.read += len(some)
                if account_id in summary.unreachable:
                    return


def _read_some(
    connection: Connection, asking: Asking, read: Sequence[tuple[VoucherView, AtShopView]]
) -> None:
    since = min(one.read_at or one.told_at or one.starts_at for _, one in read)
    told = {voucher.id: _as_told(voucher, one) for voucher, one in read}
    standings = asking.software.read(asking.context, list(told.values()), since - READ_AGAIN)
    for voucher, at_shop in read:
        _note_read(connection, asking, voucher, at_shop, standings.get(told[voucher.id].id))


def _note_read(
    connection: Connection,
    asking: Asking,
    voucher: VoucherView,
    at_shop: AtShopView,
    standing: ShopStanding | None,
) -> None:
    now = asking.context.now
    with connection.transaction():
        error = UNKNOWN_NOW
        if standing is not None:
            error = shop_uses.book(connection, asking, voucher, standing)
        over = now >= at_shop.ends_at + SETTLED_AFTER
        vouchers_at_shops.note_read(
            connection, voucher.id, now=now, next_at=now + READ_EVERY, over=over, error=error
        )
