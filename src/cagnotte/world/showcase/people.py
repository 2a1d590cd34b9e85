"""The members of the showcase: two whom one can sign in as, and some hundred others."""

import csv
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from cagnotte.world import people

CROWD = 160
"""Members whom nobody signs in as; what they buy makes the measured figures of shops."""

PASSWORD = "three-small-birds"  # noqa: S105 - of an example, printed for whoever starts it
"""Of both who sign in; they may also ask for a code by mail."""

HEADER = ("number", "name", "email", "locale", "country", "joined", "iban")


class Sample(NamedTuple):
    """A member of the showcase. weight: orders in a hundred days."""

    ref: str
    name: str
    email: str
    locale: str
    country: str
    joined_on: date
    iban: str
    weight: int

    @property
    def row(self) -> tuple[str, ...]:
        """Its row in the file of members."""
        return (*self[:5], self.joined_on.isoformat(), self.iban)


def samples(first: date, *, crowd: int = CROWD) -> list[Sample]:
    """Return all members: the two, then the crowd. first: the first day of their year."""
    two = [
        Sample("C100001", "Camille Martin", "camille@colibri.example", "fr", "FR", first,
               "FR1420041010050500013M02606", 13),
        Sample("C100002", "Sam Taylor", "sam@colibri.example", "en", "FR", first + timedelta(days=190),
               "DE89370400440532013000", 8),
    ]  # fmt: skip
    dice = Random("colibri:crowd")
    others = [
        Sample(
            f"C2{place:05}",
            person.name,
            f"c2{place:05}@members.example",
            "fr",
            "FR",
            first + timedelta(days=dice.randrange(250)),
            person.iban,
            dice.choice((4, 6, 9, 14)),
        )
        for place, person in enumerate(people.people(range(1, crowd + 1), seed=41))
    ]
    return two + [member for member in others if member.iban]


def write(path: Path, members: Iterable[Sample]) -> None:
    """Write the file of members."""
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(HEADER)
        rows.writerows(member.row for member in members)
