"""What a shop's word for an order means to us, and which of its words confirm a purchase.

A shop says that an order waits for money, is paid, is sent, is cancelled. Only the person who connects it knows which
word means that the purchase will stand: the setting `confirm_on` says it. Where none is named, the shop says nothing
about it, and the contract's deadline confirms.
"""

from collections.abc import Collection, Mapping
from typing import Any

from cagnotte.domain.purchases import Validation
from cagnotte.hooks.sources import Piece, Setting, SourceContext, Vocabulary

REFUSED = "refused"
"""The key of the piece that says that the shop once called off the order."""


def confirm_on(words: str) -> Setting:
    """Return the setting, with the words that confirm unless the person says otherwise."""
    return Setting(
        "confirm_on",
        "The shop's words that confirm a purchase, separated by commas; empty: its contract's deadline does.",
        default=words,
    )


def standing_of(
    word: str,
    vocabulary: Vocabulary,
    context: SourceContext,
    *,
    unpaid: Collection[str] = (),
    passed: Collection[str] = (),
    refused: bool = False,
) -> Validation | None:
    """Return what the shop's word says of the purchase; None when it says nothing.

    unpaid: words for an order whose money has not come; they never confirm. passed: words that an order in this state
    has behind it, such as "paid" for one that was sent. refused: the order was called off once, so that silence would
    leave it so. Raises UnknownWord.
    """
    known = vocabulary.status(word)
    if known is Validation.DECLINED or word in unpaid:
        return known
    confirming = [told.strip() for told in context.settings.get("confirm_on", "").split(",")]
    if not {word, *passed}.isdisjoint(confirming):
        return Validation.CONFIRMED
    return Validation.PENDING if any(confirming) or refused else None


def refusal(order: Piece, vocabulary: Vocabulary, word: str) -> list[Piece]:
    """Return the piece that remembers that an order was called off, when the word says so."""
    if vocabulary.statuses.get(word) is not Validation.DECLINED:
        return []
    return [Piece(order.object_id, REFUSED, {"word": word})]


def was_refused(pieces: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether the shop ever called off the order."""
    return REFUSED in pieces
