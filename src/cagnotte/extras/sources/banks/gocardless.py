"""GoCardless Bank Account Data: rows of members' bank accounts, asked for account by account.

Each member connects a bank once (a *requisition*, which holds for 90 days or more); its accounts are asked at most
four times a day, which is what banks allow. Pending rows are left aside: they change their wording, day and number
when they are booked, and nothing ties the two together. Numbers of rows may be missing, empty, or used twice.

Formats: as clients in use read them. GoCardless takes no new customers since 2025; for those it has.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cagnotte.domain.errors import InvalidInput
from cagnotte.extras.sources.banks import statements
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    Ignored,
    Message,
    Pace,
    Piece,
    Polled,
    Proof,
    PurchaseReport,
    Read,
    Setting,
    SourceBusy,
    SourceContext,
    SourceFailed,
    SourceKind,
    SourcePlugin,
    Unreadable,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

API = "https://bankaccountdata.gocardless.com/api/v2"
PAGE = 100
LINKED = "LN"
"""State of a requisition whose accounts may be read."""
ASKED_EVERY = timedelta(hours=6)
OVERLAP = timedelta(days=10)
"""So many days are asked for again: banks book late."""
NO_CONSENT = (401, 403, 404, 409)
"""Answers for one account whose consent has ended, or whose bank has closed it; the others are asked on."""
HISTORY_DAYS_MAX = 730

NOT_BY_CARD = frozenset(("ICDT", "RCDT", "IDDT", "RDDT", "IRCT", "RRCT", "SALA", "ICHQ", "RCHQ"))
"""Families of ISO 20022 bank transaction codes that are transfers, direct debits and cheques."""


class GoCardless(SourcePlugin):
    """Rows of members' bank accounts; see the module."""

    name = "gocardless"
    title = "GoCardless Bank Account Data"
    kind = SourceKind.BANK
    proof = Proof.SECONDARY
    settings = (
        Setting("secret_id", "The secret's id, from “User secrets” in the portal."),
        Setting("secret_key", "The secret's key, shown once when it is made.", secret=True),
        Setting("history_days", "How many days of the past the first poll asks for.", default="90"),
        Setting("api_url", "Where the API is.", default=API),
    )
    vocabulary = Vocabulary({})
    pace = Pace(60, 60)
    polls = True

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for each account that was not asked for six hours; one whose bank is busy waits, the others go on."""
        client = _Client(context)
        known: dict[str, Any] = {
            key: dict(value) for key, value in cursor.items() if isinstance(value, Mapping)
        }
        busy: SourceBusy | None = None
        for account in client.accounts():
            before = known.get(account, {})
            if not _is_due(before, context.now):
                continue
            try:
                body = client.rows(account, _since(before, context))
            except SourceBusy as error:
                busy = error
                continue
            known[account] = {
                "asked": context.now.isoformat(),
                "until": context.now.date().isoformat(),
            }
            messages = [Message(body, f"accounts/{account}/transactions")] if body else []
            yield Polled(messages, dict(known))
        if busy is not None:
            raise busy

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the booked rows of one account."""
        account = message.topic.removeprefix("accounts/").removesuffix("/transactions")
        if not account or "/" in account:
            raise reading.Misread(f"“{message.topic}” names no account.")
        told = reading.read_json(message.body)
        seen: Counter[str] = Counter()
        for number, one in enumerate(
            reading.sequence(reading.dig(told, "transactions.booked"), "“booked”"), 1
        ):
            try:
                yield _read(reading.mapping(one, "A row"), account, seen)
            except InvalidInput as error:
                yield Unreadable(error.code, error.sentence, f"booked row {number}")
        pending = reading.sequence(reading.dig(told, "transactions.pending"), "“pending”")
        if pending:
            yield Ignored(f"{len(pending)} rows that are not booked yet")

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return what a row stands for."""
        return statements.fold(pieces, context)


# ---- rows ----


def _read(told: Mapping[str, Any], account: str, seen: "Counter[str]") -> Read:
    amount = reading.decimal(told, "transactionAmount.amount")
    currency = reading.text(told, "transactionAmount.currency", length_max=3)
    on = told.get("bookingDate") or told.get("valueDate")
    booked_on = reading.calendar_day(on[:10] if isinstance(on, str) else on, "bookingDate")
    if not amount:
        return Ignored("no money moved")
    family = reading.text(told, "bankTransactionCode", default="").split("-")[1:2]
    if family and family[0] in NOT_BY_CARD:
        return Ignored("not a card payment")
    told_text = statements.wording(
        told.get("remittanceInformationUnstructured"),
        told.get("remittanceInformationUnstructuredArray"),
    )
    text = statements.wording(told.get("creditorName" if amount < 0 else "debtorName")) or told_text
    kept = statements.row(
        account=f"gocardless:{account}",
        amount=amount,
        currency=currency,
        on=statements.bought_on(told_text, booked_on),
        text=text,
        mcc=reading.text(told, "merchantCategoryCode", default="", length_max=4),
    )
    return Piece(
        f"{account}:{_name(told, amount, currency, booked_on, text, seen)}", statements.BOOKED, kept
    )


def _name(
    told: Mapping[str, Any],
    amount: Decimal,
    currency: str,
    on: date,
    text: str,
    seen: "Counter[str]",
) -> str:
    """Return what a row is known by.

    GoCardless's own number where it gives one; else the bank's, together with what the row says, since some banks use
    a number twice; else what it says and how often it said so that day, for two coffees are two purchases.
    """
    internal = reading.text(told, "internalTransactionId", default="").strip()
    if internal:
        return _digest(internal) if len(internal) > NAME_LENGTH_MAX else internal
    number = reading.text(told, "transactionId", default="").strip()
    content = _digest(
        json.dumps([number, str(amount), currency, on.isoformat(), "" if number else text])
    )
    if number:
        return content
    seen[content] += 1
    return f"{content}-{seen[content]}"


NAME_LENGTH_MAX = 64


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


# ---- asking ----


def _is_due(before: Mapping[str, Any], now: datetime) -> bool:
    asked = before.get("asked")
    return not isinstance(asked, str) or now - datetime.fromisoformat(asked) >= ASKED_EVERY


def _since(before: Mapping[str, Any], context: SourceContext) -> date:
    until = before.get("until")
    if isinstance(until, str):
        return date.fromisoformat(until) - OVERLAP
    days = context.settings.get("history_days", "")
    if not (days.isascii() and days.isdigit() and 0 < int(days) <= HISTORY_DAYS_MAX):
        raise SourceFailed(f"The setting “history_days” is “{days}”, not a number of days.")
    return context.now.date() - timedelta(days=int(days))


class _Client:
    """Asks with a token of its own, which holds for a day."""

    def __init__(self, context: SourceContext) -> None:
        self._calls = context.calls()
        self._api = (context.settings.get("api_url") or API).rstrip("/")
        secret_id = context.settings.get("secret_id", "")
        if not secret_id:
            raise SourceFailed("The setting “secret_id” is missing.")
        body = json.dumps(
            {"secret_id": secret_id, "secret_key": context.secret("secret_key")}
        ).encode()
        headers = {"content-type": "application/json", "accept": "application/json"}
        answer = self._calls.request("POST", f"{self._api}/token/new/", headers=headers, body=body)
        if answer.status != OK:
            raise SourceFailed(
                f"GoCardless gives no token for this secret (status {answer.status})."
            )
        token = _answered(answer.body, "access")
        self._headers = {"authorization": f"Bearer {token}", "accept": "application/json"}

    def accounts(self) -> list[str]:
        """Return the accounts that may be read, each once, sorted."""
        found: set[str] = set()
        offset = 0
        while True:
            params = (("limit", str(PAGE)), ("offset", str(offset)))
            answer = self._calls.request(
                "GET", f"{self._api}/requisitions/", params=params, headers=self._headers
            )
            if answer.status != OK:
                raise SourceFailed(f"GoCardless answered with status {answer.status}.")
            page = _results(answer.body)
            for requisition in page:
                if requisition.get("status") == LINKED:
                    accounts = requisition.get("accounts")
                    found |= {
                        one for one in accounts or () if isinstance(one, str) and _is_name(one)
                    }
            if len(page) < PAGE:
                return sorted(found)
            offset += PAGE

    def rows(self, account: str, since: date) -> bytes:
        """Return the answer for one account; nothing where its consent has ended."""
        answer = self._calls.request(
            "GET",
            f"{self._api}/accounts/{account}/transactions/",
            params=(("date_from", since.isoformat()),),
            headers=self._headers,
        )
        if answer.status in NO_CONSENT:
            return b""
        if answer.status != OK:
            raise SourceFailed(f"GoCardless answered with status {answer.status} for an account.")
        _answered(answer.body, "transactions")
        return answer.body


OK = 200


def _is_name(account: str) -> bool:
    """Tell whether an account's id may stand in an address."""
    return 0 < len(account) <= NAME_LENGTH_MAX and account.replace("-", "").isalnum()


def _answered(body: bytes, field: str) -> Any:
    """Return one field of an answer. Raises SourceFailed when it is not there."""
    try:
        found = reading.dig(reading.read_json(body), field)
    except reading.Misread as error:
        raise SourceFailed(f"GoCardless answered something else: {error.sentence}") from None
    if not found:
        raise SourceFailed(f"GoCardless answered without “{field}”.")
    return found


def _results(body: bytes) -> Sequence[Mapping[str, Any]]:
    try:
        return reading.objects(reading.dig(reading.read_json(body), "results"), "“results”")
    except reading.Misread as error:
        raise SourceFailed(f"GoCardless answered something else: {error.sentence}") from None


@hookimpl
def sources() -> Sequence[SourcePlugin]:
    """Bring GoCardless."""
    return [GoCardless()]
