"""Enrol members: a file of members, row by row, into members with a wallet and, where given, bank details."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg

from cagnotte.domain.errors import InvalidRow
from cagnotte.identity import services
from cagnotte.identity.erasure import erased_among
from cagnotte.identity.models import Programme
from cagnotte.identity.services import MemberFacts
from cagnotte.journeys.records import Progress, Row, Summary, chunks, needed, read_chunk, text_of
from cagnotte.payouts import services as payouts
from cagnotte.payouts.bank_accounts import check_account
from cagnotte.payouts.services import MethodRow

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LOCALE = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")
_SEPARATORS = re.compile(r"[,;|]")

EMAIL_LENGTH_MAX = 254
SEGMENT_LENGTH_MAX = 50


class Enrolment(NamedTuple):
    """What one row says: the member, and the bank details where it has them."""

    member: MemberFacts
    account: tuple[str, str] | None
    """Holder and IBAN."""


def run(
    connection: psycopg.Connection[Any],
    *,
    programme: Programme,
    rows: Iterable[Row],
    now: datetime,
    progress: Progress | None = None,
) -> Summary:
    """Enrol members and open their wallets; commits after each ten thousand. The same file again changes nothing.

    A row is rejected whole when its member number is missing, or a text, date or IBAN cannot be understood.
    """
    summary = Summary()
    today = now.astimezone(ZoneInfo(programme.timezone)).date()
    for chunk in chunks(rows):
        enrolments = read_chunk(chunk, read, summary.rejected)
        counts = services.save_members(
            connection, programme.id, (found.member for found in enrolments), now=now, today=today
        )
        accounts = [
            MethodRow(services.wallet_id_of(programme.id, member.ref), *account)
            for member, account in enrolments
            if account
        ]
        if accounts:
            gone = erased_among(account.wallet_id for account in accounts)
            accounts = [account for account in accounts if account.wallet_id not in gone]
        saved = payouts.save_methods(connection, accounts, programme_id=programme.id, now=now)
        connection.commit()
        # A known member with a new account has changed too; one whose name changed with it counts once.
        changed = max(counts.changed, saved.changed + max(0, saved.new - counts.new))
        summary.new += counts.new
        summary.changed += changed
        summary.unchanged += len(enrolments) - counts.new - changed
        if progress:
            progress(len(chunk))
    return summary


def read(line: int, fields: dict[str, str]) -> Enrolment:
    """Return what a row says. Raises InvalidRow with the reason and a sentence."""
    ref = needed(fields, "ref")
    member = MemberFacts(
        line=line,
        ref=ref,
        name=text_of(fields, "name"),
        email=_matching(
            fields, "email", _EMAIL, "is not an e-mail address", longest=EMAIL_LENGTH_MAX
        ),
        country=_matching(fields, "country", _COUNTRY, "is not a country code of two capitals"),
        locale=_matching(fields, "locale", _LOCALE, "is not a language such as fr or fr-CA")
        or None,
        segments=_segments(fields),
        joined_on=_date(fields, "joined_on"),
    )
    iban = text_of(fields, "iban")
    if not iban:
        return Enrolment(member, None)
    holder = text_of(fields, "holder") or member.name or ref
    return Enrolment(member, (holder, check_account(iban).iban))


def _matching(
    fields: dict[str, str], name: str, pattern: re.Pattern[str], what: str, *, longest: int = 10
) -> str | None:
    text = text_of(fields, name, longest=longest)
    if text and not pattern.fullmatch(text):
        raise InvalidRow(f"bad_{name}", f"{name}: “{text}” {what}.", field=name)
    return text


def _segments(fields: dict[str, str]) -> list[str] | None:
    text = text_of(fields, "segments", longest=1000)
    if text is None:
        return None
    segments = sorted({part.strip() for part in _SEPARATORS.split(text) if part.strip()})
    for segment in segments:
        if len(segment) > SEGMENT_LENGTH_MAX:
            raise InvalidRow(
                "too_long", f"The segment “{segment}” has more than {SEGMENT_LENGTH_MAX} letters."
            )
    return segments


def _date(fields: dict[str, str], name: str) -> date | None:
    text = text_of(fields, name)
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise InvalidRow(
            "bad_date", f"{name}: “{text}” is not a date; write it as 2026-01-31.", field=name
        ) from None
