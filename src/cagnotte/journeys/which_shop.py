"""Which of our merchants an order was placed at: by the source's word for the shop, or by what a statement wrote."""

from typing import Any, NamedTuple

from cagnotte.catalog.descriptors import DescriptorBook
from cagnotte.domain.errors import InvalidRow
from cagnotte.hooks.sources import Descriptor, LooseRefund, PurchaseReport
from cagnotte.inbox.models import Account
from cagnotte.journeys.programme_run import ProgrammeRun


class Shop(NamedTuple):
    """Our reference of a shop; how: by which rule, with which confidence, where a statement had to be understood."""

    merchant: str
    how: dict[str, Any] | None = None


def which_shop(
    told: PurchaseReport | LooseRefund, account: Account, run: ProgrammeRun, book: DescriptorBook
) -> Shop:
    """Return the shop of an order or refund. Raises InvalidRow when it is none of ours, or a person must say which.

    By the account's own list of the source's words, by our own reference, by the one shop that the account speaks
    for; last by what a statement wrote.
    """
    named = account.merchants.get(told.merchant, "") if told.merchant else ""
    if not named and ("merchant", told.merchant) in run.parties:
        named = told.merchant
    named = named or account.merchant
    if not named and told.descriptor is not None:
        return _described(told.descriptor, book)
    if not named:
        raise InvalidRow(
            "unknown_merchant",
            f"“{told.merchant}” is no shop that {account.ref} has been told of; add it to its merchants in the "
            "programme file.",
        )
    if ("merchant", named) not in run.parties:
        raise InvalidRow(
            "unknown_merchant",
            f"The programme has no merchant “{named}”; name it in the programme file.",
        )
    return Shop(named)


def _described(descriptor: Descriptor, book: DescriptorBook) -> Shop:
    found = book.match(descriptor)
    if found.merchant_ref is not None:
        return Shop(
            found.merchant_ref,
            {
                "rule": found.rule.value,
                "confidence": found.confidence,
                "rule_version": found.rule_version,
            },
        )
    if found.near:
        near = ", ".join(one.merchant for one in found.near)
        raise InvalidRow(
            "unknown_merchant",
            f"“{descriptor.text}” may be {near}: say which, or that it is none of them.",
        )
    raise InvalidRow("other_shop", f"“{descriptor.text}” is no shop of this programme.")
