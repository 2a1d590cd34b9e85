"""Contracts that contradict themselves cannot exist."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from cagnotte.domain.contracts import CommissionRate, Contract, FunderKind, Release, ReleaseFrom
from cagnotte.domain.errors import InvalidContract


def contract(**changes: Any) -> Contract:
    plain: dict[str, Any] = {
        "id": UUID(int=1),
        "ref": "shop",
        "version": 1,
        "funder_kind": FunderKind.MERCHANT,
        "funder": "shop",
        "funder_id": UUID(int=2),
        "merchant": "shop",
    }
    return Contract(**{**plain, **changes})


def test_a_plain_contract_releases_after_thirty_days_and_pays_exactly_the_reward() -> None:
    plain = contract()
    assert plain.release == Release(days=30, start=ReleaseFrom.PURCHASED)
    assert plain.commissions == ()
    assert plain.lot_months is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"valid_from": date(2026, 2, 1), "valid_until": date(2026, 1, 31)},
            "The contract “shop” ends before it starts.",
        ),
        ({"funder_kind": FunderKind.PROGRAMME}, "The programme funds without a contract."),
        ({"breakage_to": "bank"}, "Expired money goes to “funder” or “programme”."),
        ({"merchant_share_bps": 10_001}, "The shop's share lies between 0 and 100 %."),
        ({"merchant_share_bps": -1}, "The shop's share lies between 0 and 100 %."),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidContract) as caught:
        contract(**changes)
    assert caught.value.sentence == sentence


def test_a_contract_of_one_day_is_one() -> None:
    day = date(2026, 2, 1)
    assert contract(valid_from=day, valid_until=day).valid_until == day


@pytest.mark.parametrize("days", [-1, 731])
def test_a_release_waits_two_years_at_most(days: int) -> None:
    with pytest.raises(InvalidContract, match="between 0 and 730 days"):
        Release(days=days)


def test_a_release_from_an_event_names_it_and_no_other_does() -> None:
    with pytest.raises(InvalidContract, match="must name the event"):
        Release(start=ReleaseFrom.EVENT)
    with pytest.raises(InvalidContract, match="no other may"):
        Release(event="stay")
    assert Release(start=ReleaseFrom.EVENT, event="stay").event == "stay"


@pytest.mark.parametrize(("rate", "fixed"), [(-1, 0), (10_001, 0), (0, -1)])
def test_a_commission_is_neither_negative_nor_more_than_everything(rate: int, fixed: int) -> None:
    with pytest.raises(InvalidContract, match="between 0 and 100 %"):
        CommissionRate(rate_bps=rate, fixed_minor=fixed)
