"""Rewards that offers give as vouchers are issued as vouchers, on the night on which money would be released."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.chart import Account
from cagnotte.domain.contracts import VoucherRest
from cagnotte.domain.rating.decision import Award, Decision, from_data
from cagnotte.domain.vouchers import Terms
from cagnotte.journeys.breakage import gainer
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.sql import load
from cagnotte.wallet import vouchers
from cagnotte.wallet.movements import book, occasion
from cagnotte.wallet.vouchers import Given

Connection = psycopg.Connection[Any]
SQL = load("vouchers")


class _Rewarded(NamedTuple):
    """A purchase whose reward is in part still to be issued as vouchers; amounts in minor units."""

    id: UUID
    version: int
    wallet_id: UUID
    merchant_id: UUID
    currency: str
    vouchered_minor: int
    due_minor: int
    decision: Decision


def issue(
    connection: Connection, run: ProgrammeRun, purchase_ids: list[UUID], *, on: date
) -> list[int]:
    """Issue the vouchers of purchases that are locked with their wallets; return the amount of each.

    What was issued before is not issued again.
    """
    if not purchase_ids:
        return []
    rows = connection.execute(SQL.rewards_with_vouchers, {"ids": purchase_ids}).fetchall()
    rewarded = [_Rewarded._make((*row[:-1], from_data(orjson.loads(row[-1])))) for row in rows]
    given = [one for reward in rewarded for one in _vouchers_of(run, reward, on)]
    moment = occasion(
        connection, programme_id=run.id, currency=run.programme.currency, now=run.now, on=on
    )
    book(connection, vouchers.give(connection, given, occasion=moment))
    connection.execute(
        SQL.count_issued,
        {
            "ids": [reward.id for reward in rewarded],
            "amounts_minor": [reward.due_minor for reward in rewarded],
        },
    )
    return [one.terms.amount_minor for one in given]


def _vouchers_of(run: ProgrammeRun, reward: _Rewarded, on: date) -> Iterator[Given]:
    """Give a voucher for each award, less what was issued before, until what is due is reached."""
    before, due_minor = reward.vouchered_minor, reward.due_minor
    for award in reward.decision.awards:
        if award.voucher is None:
            continue
        issued = min(before, award.amount_minor)
        before -= issued
        amount_minor = min(award.amount_minor - issued, due_minor)
        if amount_minor:
            due_minor -= amount_minor
            minimum_basket_minor, valid_days = award.voucher
            yield Given(
                wallet_id=reward.wallet_id,
                purchase_id=reward.id,
                # All that a version of a purchase earns is issued at once; what it earns later is another version's.
                reference=f"{reward.id}/{reward.version}/{award.offer}",
                terms=Terms(
                    currency=reward.currency,
                    amount_minor=amount_minor,
                    valid_from=on,
                    valid_until=on + timedelta(days=valid_days),
                    minimum_basket_minor=minimum_basket_minor,
                    partial_use=False,
                    merchant_id=reward.merchant_id,
                ),
                gains=_gains(run, reward.decision, award),
            )


def _gains(run: ProgrammeRun, decision: Decision, award: Award) -> Account | None:
    """Return who gains by the voucher's expiry, None when the contract gives it to the member."""
    contract = run.policy_of(decision)
    if contract is not None and contract.spending.expired_vouchers is VoucherRest.MEMBER:
        return None
    self_funded = all(kind == "programme" for kind, _, _ in award.funders)
    return gainer(run, contract, self_funded=self_funded)
