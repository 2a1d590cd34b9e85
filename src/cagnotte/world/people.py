"""The members: who the households are, drawn from a seed, since the data holds neither names nor accounts.

Bank accounts are formally right (bank codes exist, check digits fit) and belong to nobody in particular.
"""

import random
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import schwifty
from schwifty.exceptions import SchwiftyException

_FIRST_NAMES = (
    "Adèle Agathe Alice Amir Anton Arthur Aya Camille Chloé Clara David Elias Élise Emil Emma Enzo Fatou Félix "
    "Finn Gabriel Greta Hannah Hugo Ida Inès Jakob Jeanne Jonas Jules Karim Klara Lea Léo Lina Louis Louise Lucas "
    "Luise Malik Manon Marie Mathis Mila Moritz Nadia Nathan Nina Noah Oskar Paul Paula Rachid Rose Sacha Samuel "
    "Sofia Théo Tilda Victor Yasmine Zoé"
)
_LAST_NAMES = (
    "André Bauer Becker Benali Bernard Blanc Bonnet Braun Caron Chevalier Cohen Diallo Dubois Dupont Durand Faure "
    "Fischer Fontaine Fournier Garcia Girard Haddad Hartmann Hoffmann Keller Klein Koch Krüger Lambert Lange "
    "Laurent Lefèvre Lehmann Leroy Marchand Martin Maurer Mercier Meyer Moreau Müller Neumann Nguyen Petit Richter "
    "Robert Roche Roussel Sauvage Schäfer Schmidt Schneider Schulz Simon Traoré Vidal Vogel Wagner Weber Zimmermann"
)

FRENCH_BANKS = ("30004", "30006", "20041", "10278", "30003", "30002")
GERMAN_BANKS = ("37040044", "10010010", "50010517", "43060967", "12030000")

FRENCH_BPS = 7_000
"""Members who live in France; the others live in Germany."""

WITHOUT_ACCOUNT_BPS = 700
"""Members who have not told their bank account: their money waits."""

CLUB_BPS = 2_000
"""Members of the retailer's club, who get a little more."""

MISTYPED_EVERY = 1_000
"""One IBAN in so many has two digits swapped, which its check digits betray."""


class Person(NamedTuple):
    """A member as the retailer's file has them; texts are empty where nothing is known."""

    ref: str
    name: str
    email: str
    country: str
    locale: str
    segments: str
    joined_on: str
    iban: str


def member_ref(household_id: int) -> str:
    """Return the member number of a household."""
    return f"H{household_id:04}"


def people(households: Iterable[int], *, seed: int) -> Iterator[Person]:
    """Draw a person for each household; the same seed gives the same people, whichever others are asked for."""
    for place, household_id in enumerate(households):
        rng = random.Random(f"{seed}:person:{household_id}")
        country = "FR" if rng.randrange(10_000) < FRENCH_BPS else "DE"
        first, last = rng.choice(_FIRST_NAMES.split()), rng.choice(_LAST_NAMES.split())
        iban = _iban(rng, country)
        if rng.randrange(10_000) < WITHOUT_ACCOUNT_BPS:
            iban = ""
        if place % MISTYPED_EVERY == MISTYPED_EVERY // 2:
            iban = _mistyped(_iban(rng, country))
        ref = member_ref(household_id)
        yield Person(
            ref=ref,
            name=f"{first} {last}",
            email=f"{ref.lower()}@members.example",
            country=country,
            locale=country.lower(),
            segments="club" if rng.randrange(10_000) < CLUB_BPS else "",
            joined_on="2017-01-01",
            iban=iban,
        )


def _iban(rng: random.Random, country: str) -> str:
    """Draw account numbers until one fits the check digits that its bank asks for, within the IBAN's own."""
    while True:
        if country == "FR":
            iban = schwifty.IBAN.generate(
                "FR",
                bank_code=rng.choice(FRENCH_BANKS),
                branch_code=f"{rng.randrange(10**5):05}",
                account_code=f"{rng.randrange(10**11):011}",
            )
        else:
            iban = schwifty.IBAN.generate(
                "DE",
                bank_code=rng.choice(GERMAN_BANKS),
                account_code=f"{rng.randrange(10**10):010}",
            )
        if _fits(iban):
            return iban.compact


def _fits(iban: schwifty.IBAN) -> bool:
    try:
        return bool(iban.validate(validate_bban=True))
    except SchwiftyException:
        return False


def _mistyped(iban: str) -> str:
    """Swap the first two neighbouring digits that differ, after the country and check digits."""
    for place in range(4, len(iban) - 1):
        one, two = iban[place], iban[place + 1]
        if one != two:
            return iban[:place] + two + one + iban[place + 2 :]
    return iban[:-1] + ("1" if iban[-1] == "0" else "0")
