"""A member gives available money to a charity of the programme; the programme passes gifts on.

A file names the charities (`read`): all of them, so that one that is left out takes no new gifts.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.ids import named_id
from cagnotte.journeys.vouchers import Counter
from cagnotte.payouts import giving
from cagnotte.payouts.giving import CharityFacts, DonationView, Gift
from cagnotte.payouts.selectors import Connection
from cagnotte.wallet.movements import occasion as occasion_of

KEYS = {"ref", "name", "cause", "site"}


@dataclass(frozen=True, slots=True)
class PassedOn:
    """What a charity was paid: how many gifts, and their sum in minor units."""

    gifts: int
    amount_minor: int


def give(
    connection: Connection,
    counter: Counter,
    *,
    wallet_id: UUID,
    charity: str,
    amount_minor: int,
    token: str,
) -> DonationView:
    """Give to a charity, named as in the file; commits by itself. Asked again with the same token, it is one gift.

    Raises:
        NotFound: no such charity. Refused: it takes no gifts any more; the wallet is frozen or closed.
        InsufficientFunds: less is available. Conflict: the token stands for another gift.
        In each case nothing was changed.
    """
    with connection.transaction():
        to = giving.charity(connection, counter.programme_id, charity)
        gift = Gift(wallet_id, to, amount_minor, token)
        return giving.donate(connection, gift, occasion=_occasion(connection, counter))


def pass_on(connection: Connection, counter: Counter, *, charity: str) -> PassedOn:
    """Book that the programme's bank paid a charity all that members gave so far; commits by itself.

    Raises NotFound for a charity that does not exist. Doing it again books what was given since.
    """
    with connection.transaction():
        to = giving.charity(connection, counter.programme_id, charity)
        occasion = _occasion(connection, counter)
        return PassedOn(*giving.pass_on(connection, to, until=counter.now, occasion=occasion))


def load(connection: Connection, programme_id: UUID, path: Path) -> tuple[int, int]:
    """Save the charities that a file names; commits by itself. Return how many it names and how many rest now.

    Raises InvalidInput as `read`.
    """
    facts = read(path)
    with connection.transaction():
        return len(facts), giving.save_charities(connection, programme_id, facts)


def read(path: Path) -> list[CharityFacts]:
    """Read a file of charities: a list of ref, name, cause (a sentence, or one by language) and site.

    Raises InvalidInput, naming the entry, when it cannot be read or something is missing.
    """
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}", path=str(path)) from None
    rows = told.get("charities") if isinstance(told, dict) else None
    if not isinstance(rows, list):
        raise InvalidInput(f"{path} holds no list under “charities”.", path=str(path))
    facts = [_facts(number, row) for number, row in enumerate(rows, start=1)]
    if len({one.ref for one in facts}) < len(facts):
        raise InvalidInput(f"{path} names a charity twice.", path=str(path))
    return facts


def _facts(number: int, row: Any) -> CharityFacts:
    if not isinstance(row, dict) or not row.get("ref") or not row.get("name"):
        raise InvalidInput(f"Charity {number} needs a ref and a name.", number=number)
    if set(row) - KEYS:
        strange = min(map(str, set(row) - KEYS))
        raise InvalidInput(f"Charity {number}: “{strange}” is not known.", number=number)
    cause = row.get("cause") or {}
    by_language = cause if isinstance(cause, dict) else {"en": str(cause)}
    site = str(row.get("site") or "")
    if site and not site.startswith("https://"):
        raise InvalidInput(f"Charity {number}: its site begins with https://.", number=number)
    texts = {str(language): str(text) for language, text in by_language.items()}
    return CharityFacts(str(row["ref"]), str(row["name"]), texts, site)


def receipt_number(donation: DonationView) -> str:
    """Return the number that a confirmation of a gift bears: short enough to be read out, and its own."""
    return f"D-{named_id('receipt', donation.id).hex[:10].upper()}"


def _occasion(connection: Connection, counter: Counter) -> Occasion:
    return occasion_of(
        connection,
        programme_id=counter.programme_id,
        currency=counter.currency,
        now=counter.now,
        on=counter.on,
    )
