"""The members of a world: how much and where they buy, who cheats, and who they are on paper."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from cagnotte.world.simulation.dice import Dice
from cagnotte.world.simulation.plan import Plan

PERIOD_DAYS = 30
DAY = 1_000
"""Moments of visits are counted in thousandths of a day."""

GAP_MIN = 20
"""Nobody comes back sooner on average: some fifty times a day."""

THERE_BEFORE_BPS = 8_000
"""Members who joined before the first day of shopping; the others join during it."""

NEVER_ENROLLED_BPS = 50
"""Buyers whose number is in no file of members: their orders are rejected."""

CHEATS_BPS = 200
CHEATS = ("returns_late", "bursts", "splits", "sends_twice")
"""How a member cheats: gives everything back once the reward is released; orders many times within an hour; cuts a
basket into an order per line, for gifts per order and under ceilings; has one order recorded twice."""

SEGMENTS = (("club", 2_000), ("family", 2_500), ("student", 800), ("staff", 100))
"""Segments with the members in each, in basis points."""

LOCALES = (("FR", "fr"), ("FR", "fr"), ("FR", "fr"), ("BE", "fr"), ("DE", "de"))
FIRST_NAMES = [
    "Adèle",
    "Amir",
    "Anton",
    "Aya",
    "Camille",
    "Chloé",
    "David",
    "Elias",
    "Emma",
    "Fatou",
    "Félix",
    "Gabriel",
    "Hannah",
    "Hugo",
    "Inès",
    "Jonas",
    "Jules",
    "Karim",
    "Léa",
    "Lina",
    "Louis",
    "Malik",
    "Manon",
    "Mila",
    "Nadia",
    "Nathan",
    "Noah",
    "Paula",
    "Rachid",
    "Rose",
    "Sacha",
    "Samuel",
    "Sofia",
    "Théo",
    "Yasmine",
    "Zoé",
]
LAST_NAMES = [
    "Bauer",
    "Becker",
    "Benali",
    "Bernard",
    "Blanc",
    "Bonnet",
    "Caron",
    "Cohen",
    "Diallo",
    "Dubois",
    "Durand",
    "Faure",
    "Fischer",
    "Garcia",
    "Girard",
    "Haddad",
    "Keller",
    "Koch",
    "Lambert",
    "Laurent",
    "Lefèvre",
    "Leroy",
    "Martin",
    "Mercier",
    "Meyer",
    "Moreau",
    "Nguyen",
    "Petit",
    "Robert",
    "Roussel",
    "Schäfer",
    "Simon",
    "Traoré",
    "Vidal",
    "Weber",
    "Zimmermann",
]
FRENCH_BANKS = ("30004", "30006", "20041", "10278", "30003", "30002")
WITHOUT_ACCOUNT_BPS = 700


class Member(NamedTuple):
    """A member as a buyer.

    Attributes:
        joined: the day; below zero before the first. gap: mean time between visits, in thousandths of a day.
        favourite: place of the shop they like best. loyalty_bps: how often they go there.
        born: (month, day). cheat: one of CHEATS, or "". enrolled: False for one whom no file of members names.
    """

    number: int
    ref: str
    joined: int
    gap: int
    favourite: int
    loyalty_bps: int
    born: tuple[int, int]
    cheat: str
    enrolled: bool


class Person(NamedTuple):
    """A member as the file of members has them. born_on: no source reads it yet."""

    number: str
    name: str
    email: str
    country: str
    locale: str
    segments: str
    joined: str
    born_on: str
    iban: str


PERSON_COLUMNS = Person._fields


def members(plan: Plan, shops_count: int) -> list[Member]:
    """Draw all members; each is the same however many others there are."""
    dice = Dice(plan.seed)
    return [_member(plan, dice, number, shops_count) for number in range(1, plan.members + 1)]


def _member(plan: Plan, dice: Dice, number: int, shops_count: int) -> Member:
    dice.turn_to(f"member:{number}")
    busy = dice.heavy() * plan.orders_per_month
    there_before = dice.chance(THERE_BEFORE_BPS)
    enrolled = not dice.chance(NEVER_ENROLLED_BPS)
    cheats = dice.chance(CHEATS_BPS)
    return Member(
        number=number,
        ref=f"M{number:06}",
        joined=-dice.between(1, 730) if there_before else dice.below(plan.days),
        gap=max(PERIOD_DAYS * DAY * 1_000 // busy, GAP_MIN),
        # The first shops are the largest.
        favourite=dice.favour(range(shops_count)),
        loyalty_bps=dice.between(20, 95) * 100,
        born=(dice.between(1, 12), dice.between(1, 28)),
        cheat=dice.pick(CHEATS) if cheats and enrolled else "",
        enrolled=enrolled,
    )


def people(plan: Plan, known: list[Member]) -> Iterator[Person]:
    """Draw who the enrolled members are on paper."""
    dice = Dice(plan.seed)
    first_day = plan.starts_on.toordinal()
    for member in known:
        if member.enrolled:
            dice.turn_to(f"person:{member.number}")
            yield _person(dice, member, first_day)


def _person(dice: Dice, member: Member, first_day: int) -> Person:
    country, locale = dice.pick(LOCALES)
    iban = french_iban(dice)
    return Person(
        number=member.ref,
        name=f"{dice.pick(FIRST_NAMES)} {dice.pick(LAST_NAMES)}",
        email=f"{member.ref.lower()}@members.example",
        country=country,
        locale=locale,
        segments=";".join(name for name, share_bps in SEGMENTS if dice.chance(share_bps)),
        joined=date.fromordinal(first_day + member.joined).isoformat(),
        born_on=f"{dice.between(1940, 2007)}-{member.born[0]:02}-{member.born[1]:02}",
        iban="" if dice.chance(WITHOUT_ACCOUNT_BPS) else iban,
    )


def french_iban(dice: Dice) -> str:
    """Draw an account number of an existing bank whose check digits fit; it belongs to nobody in particular.

    The national key is 97 − (89 bank + 15 branch + 3 account) mod 97, the IBAN's is ISO 7064 MOD 97-10.
    """
    bank, branch, account = dice.pick(FRENCH_BANKS), dice.below(10**5), dice.below(10**9)
    key = 97 - (89 * int(bank) + 15 * branch + 3 * account) % 97
    number = f"{bank}{branch:05}{account:011}{key:02}"
    # F and R count as 15 and 27; the check digits count as 00 while they are reckoned.
    return f"FR{98 - int(f'{number}152700') % 97:02}{number}"
