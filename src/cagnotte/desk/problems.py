"""`/developers/errors/`: every code that a problem document of the interface may carry, and what to do about it.

A problem's `type` leads to its code on this page.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from cagnotte.domain.errors import CagnotteError

FAULT = "internal_error"
"""The code of whatever is our fault."""

StatusOf = Callable[[type[CagnotteError]], HTTPStatus]
"""Says with which status the interface answers an error; handed in by who knows the interface."""


class Explained(NamedTuple):
    """A code in words: what happened, and what to do."""

    meaning: str | Promise
    remedy: str | Promise


class Problem(NamedTuple):
    """A code as the page shows it; remedy: empty where nobody wrote one."""

    code: str
    status: int
    phrase: str
    meaning: str | Promise
    remedy: str | Promise


class Group(NamedTuple):
    """Codes of one status."""

    status: int
    phrase: str
    problems: list[Problem]


EXPLAINED: dict[str, Explained] = {
    "malformed_request": Explained(
        _("The request cannot be read: its body is no JSON, or a header is malformed."),
        _("Send valid JSON in UTF-8, without the character NUL."),
    ),
    "request_refused": Explained(
        _("The request is not taken."), _("The sentence in “detail” says why.")
    ),
    "unknown_version": Explained(
        _("Cagnotte-Version names a version that does not exist."),
        _("Leave the header out, or name a version of the reference."),
    ),
    "key_missing": Explained(
        _("The request carries no key."),
        _("Send it with every request: Authorization: Bearer cag_…"),
    ),
    "key_invalid": Explained(
        _("The key opens nothing: it is unknown, was revoked, or has expired."),
        _("Look on the page of keys whether it is valid; a rotated key ends after its overlap."),
    ),
    "member_token_invalid": Explained(
        _(
            "The member's token was not made here, is another programme's, or is older than an hour."
        ),
        _("Have your server ask for a new one (POST /v1/members/{member_id}/tokens)."),
    ),
    "not_permitted": Explained(
        _("The key lacks the scope, or is publishable where a secret key is needed."),
        _("The reference names the scope of each operation; make a key that has it."),
    ),
    "origin_not_allowed": Explained(
        _("A publishable key was used by a page that is not one of its own."),
        _("Add the page's origin to the key, with scheme and port."),
    ),
    "not_found": Explained(
        _("There is nothing of that id or name in this programme."),
        _(
            "Mind the mode: a test key sees the sandbox alone. Ids of others are as unknown as wrong ones."
        ),
    ),
    "no_offer": Explained(
        _("The link names an offer that does not exist, or not today."),
        _("Take the link from the list of offers."),
    ),
    "method_not_allowed": Explained(
        _("There is something at this address, but not for this method."),
        _("The header Allow lists the methods there are."),
    ),
    "conflict": Explained(
        _("The same identity already stands here with other content."),
        _(
            "Read what stands. To change it, use the operation for changes; for something new, a new reference."
        ),
    ),
    "idempotency_in_flight": Explained(
        _("A request with this Idempotency-Key is being worked on."),
        _("Send the same again after Retry-After; it is answered as the first one was."),
    ),
    "refused": Explained(
        _("The request is understood but not allowed as things stand; nothing was changed."),
        _("The sentence in “detail” says what stands in the way."),
    ),
    "illegal_transition": Explained(
        _("The purchase, hold, voucher or payout cannot take this step from the state it is in."),
        _("Read its state again: another request may have come first."),
    ),
    "insufficient_funds": Explained(
        _("The available balance does not cover the amount."),
        _("Read the cagnotte; pending and confirmed money cannot be spent yet."),
    ),
    "period_closed": Explained(
        _("The accounting period is closed."), _("Send it with a day in an open period.")
    ),
    "payout_refused": Explained(
        _("The payout cannot be made now."),
        _(
            "“detail” says why: below the minimum or above the maximum, no account named, or the cagnotte is frozen."
        ),
    ),
    "spending_limited": Explained(
        _("The shop does not take that much of the cagnotte."),
        _("Ask for less: “detail” names the limit of the order or of the shop."),
    ),
    "voucher_refused": Explained(
        _("The voucher cannot be used for this order."),
        _(
            "Check it first (POST /v1/vouchers/check): it says what is missing, such as a minimum basket."
        ),
    ),
    "precondition_failed": Explained(
        _("It has changed since you read it; nothing was changed by you."),
        _("Read it again, decide again, and send the new ETag as If-Match."),
    ),
    "body_too_large": Explained(
        _("The body is larger than 2 MiB."),
        _("Send fewer at once: a batch has 500 purchases at most."),
    ),
    "unsupported_media_type": Explained(
        _("The body is not JSON."), _("Send Content-Type: application/json.")
    ),
    "invalid_request": Explained(
        _("Some fields are missing or wrong."),
        _(
            "Each of “errors” points at one: a JSON pointer into the body, a parameter, or a header."
        ),
    ),
    "invalid_input": Explained(
        _("A value cannot be understood."), _("“detail” says which, and how to write it.")
    ),
    "invalid_money": Explained(
        _("The text is no amount of money in this currency."),
        _("Amounts are whole numbers of the currency's smallest unit."),
    ),
    "unknown_currency": Explained(
        _("The currency is not in the ISO 4217 table."), _("Write its three letters in capitals.")
    ),
    "currency_mismatch": Explained(
        _("Two amounts in different currencies cannot be added or compared."),
        _("Use the currency of the order throughout."),
    ),
    "invalid_row": Explained(
        _("One of the things sent cannot be taken; the others of a batch were."),
        _("Mend it by its code in “errors”, and send it again."),
    ),
    "invalid_offer": Explained(
        _("The offer contradicts itself."), _("Mend the programme file, where offers are written.")
    ),
    "invalid_contract": Explained(
        _("The contract contradicts itself."),
        _("Mend the programme file, where contracts are written."),
    ),
    "invalid_programme": Explained(
        _("The programme file cannot be loaded."), _("Check it on the command line.")
    ),
    "programme_file_invalid": Explained(
        _("The programme file has errors; nothing was loaded."), _("It lists them all at once.")
    ),
    "misread": Explained(
        _("A field of a message is missing, or is not what it should be."),
        _("Compare the message with what its source documents."),
    ),
    "unknown_word": Explained(
        _("The source used a word that its plugin does not know."),
        _("Tell us the word: the plugin must learn what it means."),
    ),
    "idempotency_mismatch": Explained(
        _("This Idempotency-Key was used for another request."),
        _("Give every request that is new a key of its own, such as a UUID."),
    ),
    "quota-exceeded": Explained(
        _("Too many requests with this key, or from this browser."),
        _("Wait for Retry-After; the headers RateLimit say in every answer how many are left."),
    ),
    FAULT: Explained(
        _("Something went wrong on our side."),
        _("Tell us the request's id. With an Idempotency-Key you can safely send it again."),
    ),
    "no_slot": Explained(
        _("Too many recorders of one programme are at work at once."),
        _("Send it again after Retry-After."),
    ),
    "database_unavailable": Explained(
        _("The server cannot work now."), _("Send it again after Retry-After.")
    ),
    "database_folder_unusable": Explained(
        _("The server cannot work now."), _("Send it again after Retry-After.")
    ),
    "database_not_initialised": Explained(
        _("The server is being brought up to date."), _("Send it again after Retry-After.")
    ),
    "database_roles_missing": Explained(
        _("The server cannot work now."), _("Whoever runs it must look at its database.")
    ),
    "database_version_unsupported": Explained(
        _("The server cannot work now."), _("Whoever runs it must look at its database.")
    ),
    "disk_full": Explained(
        _("The server has no room left; what was committed is safe."),
        _("Whoever runs it must make room; then send it again."),
    ),
}
"""Every code in words; a code that is not here is shown with the words of its class."""


@require_safe
def errors(request: HttpRequest, status_of: StatusOf) -> HttpResponse:
    """Explain every code, by status."""
    return render(request, "desk/errors.html", {"groups": groups(status_of)})


def groups(status_of: StatusOf) -> list[Group]:
    """Return all codes by status, those of one status in the order of their names."""
    by_status: dict[HTTPStatus, dict[str, Problem]] = {}
    for kind in _kinds(CagnotteError):
        status = status_of(kind)
        if status is not HTTPStatus.INTERNAL_SERVER_ERROR:
            plain = Explained(" ".join((kind.__doc__ or "").split("\n")[0].split()), "")
            by_status.setdefault(status, {})[kind.code] = _problem(
                kind.code, status, EXPLAINED.get(kind.code, plain)
            )
    fault = HTTPStatus.INTERNAL_SERVER_ERROR
    by_status[fault] = {FAULT: _problem(FAULT, fault, EXPLAINED[FAULT])}
    return [
        Group(status.value, status.phrase, [found[code] for code in sorted(found)])
        for status, found in sorted(by_status.items())
    ]


def _problem(code: str, status: HTTPStatus, explained: Explained) -> Problem:
    return Problem(code, status.value, status.phrase, *explained)


def _kinds(kind: type[CagnotteError]) -> Iterator[type[CagnotteError]]:
    """Yield the kinds of error below one, as far as this process has loaded them."""
    for below in kind.__subclasses__():
        if below.__module__.startswith("cagnotte."):
            if not below.__name__.startswith("_"):
                yield below
            yield from _kinds(below)
