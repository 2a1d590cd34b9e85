"""What the contracts of a programme mean for its members, in sentences."""

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cagnotte.catalog import selectors as catalog
from cagnotte.domain.attribution import Trace
from cagnotte.domain.contracts import (
    Contract,
    FunderKind,
    ReleaseFrom,
    ReleaseSettlement,
    ReturnPolicy,
)
from cagnotte.payouts.models import PayoutSettings
from cagnotte.platform.figures import money


class Terms(NamedTuple):
    """Sentences, and the shops they are about; shops is empty when they are about all."""

    shops: tuple[str, ...]
    sentences: tuple[str, ...]


def terms_of(
    programme_id: UUID, names: Mapping[str, str], day: date, *, linked: Container[str]
) -> list[Terms]:
    """Return what holds on a day, shops with the same terms together.

    names: of shops, by reference. linked: those that can be visited by a link.
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    for contract in catalog.contracts(programme_id):
        if contract.merchant is None or not contract.valid_from <= day <= contract.valid_until:
            continue
        if contract.funder_kind is FunderKind.BRAND:
            continue  # what a brand pays for comes on top of the shop's own terms
        shop = names.get(contract.merchant, contract.merchant)
        told = tuple(_sentences(contract, is_linked=contract.merchant in linked))
        alike.setdefault(told, []).append(shop)
    if len(alike) == 1:
        return [Terms((), sentences) for sentences in alike]
    return [Terms(tuple(sorted(set(shops))), sentences) for sentences, shops in alike.items()]


def payout_sentences(programme_id: UUID) -> Sequence[str]:
    """Return what is said of payouts; nothing where the programme makes none."""
    found = PayoutSettings.objects.filter(programme_id=programme_id).first()
    if found is None:
        return []
    told = [
        _("You can be paid from {amount} on, to your bank account.").format(
            amount=money(found.threshold_minor, found.currency)
        )
        if found.threshold_minor
        else _("You can be paid any amount, to your bank account.")
    ]
    if found.fee_minor:
        told.append(
            _("A payout costs {amount}.").format(amount=money(found.fee_minor, found.currency))
        )
    return told


def _sentences(contract: Contract, *, is_linked: bool) -> Iterator[str]:
    policy = contract.attribution
    if is_linked and Trace.CLICK in policy.precedence and policy.click_window.days:
        yield ngettext(
            "After a visit to the shop from here, you have {days} day to buy.",
            "After a visit to the shop from here, you have {days} days to buy.",
            policy.click_window.days,
        ).format(days=policy.click_window.days)
    if contract.auto_confirm_days is not None:
        yield ngettext(
            "A purchase that the shop has not answered after {days} day counts as confirmed.",
            "A purchase that the shop has not answered after {days} days counts as confirmed.",
            contract.auto_confirm_days,
        ).format(days=contract.auto_confirm_days)
    yield _released(contract)
    if contract.release.settlement is ReleaseSettlement.PAID:
        yield _("It is also waited for until the shop has paid for it.")
    yield _returned(contract.returns)
    yield _expiring(contract.lot_months)


def _released(contract: Contract) -> str:
    days = contract.release.days
    match contract.release.start:
        case ReleaseFrom.PURCHASED:
            told = ngettext(
                "Confirmed money is available {days} day after the purchase.",
                "Confirmed money is available {days} days after the purchase.",
                days,
            )
        case ReleaseFrom.CONFIRMED:
            told = ngettext(
                "Money is available {days} day after the shop has confirmed the purchase.",
                "Money is available {days} days after the shop has confirmed the purchase.",
                days,
            )
        case ReleaseFrom.EVENT:
            told = ngettext(
                "Confirmed money is available {days} day after what you booked has taken place.",
                "Confirmed money is available {days} days after what you booked has taken place.",
                days,
            )
    return told.format(days=days)


def _returned(policy: ReturnPolicy) -> str:
    if policy is ReturnPolicy.ALL_OR_NOTHING:
        return _("If you send anything back, the whole reward is taken back.")
    if policy is ReturnPolicy.REDECIDE:
        return _("If you send something back, the reward is computed anew on what you keep.")
    return _("If you send something back, the reward shrinks with it.")


def _expiring(months: int | None) -> str:
    if months is None:
        return _("Available money never expires.")
    return ngettext(
        "Available money can be used for {months} month.",
        "Available money can be used for {months} months.",
        months,
    ).format(months=months)
