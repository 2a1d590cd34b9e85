"""Which shop a line of a bank or card statement means, and how sure that is.

A statement names a shop as its terminal or its bank was set up: `CB*8712 SUMUP *CAFE DU COIN 20/11/26 LYON FR`.
`normalise` takes off what is not the shop's name; `NameBook.match` looks the rest up by numbered rules:

    1. The number with the acquirer (MID), exactly. Where several shops share one, the rules below choose among them.
    2. A known name, with a category code (MCC) that is the shop's. The name may be followed by more words: the code
       vouches for it. The longest name counts.
    3. A wording that a person has said to mean a shop, exactly.
    4. A known name, exactly, where the statement has no category code or the shop lists none.
    5. Nothing else decides. Names that look alike are offered to a person, the nearest first.

Two shops that fit one rule equally well decide nothing. A category code that is not the shop's speaks against it.
Confidence and the version of these rules are kept with each match, so that it can be explained and made again.
"""

import enum
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

RULE_VERSION = 1
"""Of these rules and of `normalise`; raised whenever either may answer differently."""

SIMILAR_MIN = 50
"""Least likeness, in percent, of a name that is shown to a person."""
NEAR_MAX = 5
"""How many names are shown at most."""
TEXT_LENGTH_MAX = 500
"""What a statement says beyond these characters is not looked at."""


class KnownBy(enum.StrEnum):
    """What a shop is known by."""

    MID = "mid"
    """Its number with the acquirer, as the source writes it."""
    NAME = "name"
    """A name, as the programme file gives it."""
    ALIAS = "alias"
    """A whole wording that a person has said to mean the shop."""


class Rule(enum.StrEnum):
    """What decided a match, the surest first."""

    MID = "mid"
    NAME_AND_CATEGORY = "name_and_category"
    ALIAS = "alias"
    NAME = "name"
    AMBIGUOUS = "ambiguous"
    """Several shops fit equally well; none was chosen."""
    NONE = "none"


CONFIDENCE = {
    Rule.MID: 100,
    Rule.NAME_AND_CATEGORY: 95,
    Rule.ALIAS: 90,
    Rule.NAME: 80,
    Rule.AMBIGUOUS: 0,
    Rule.NONE: 0,
}
"""How sure a rule is, in percent: an order of trust, not a measured share."""


class Known(NamedTuple):
    """One thing a shop is known by. mcc: for names, a category code of the shop, "" when it lists none."""

    merchant: str
    kind: KnownBy
    value: str
    mcc: str = ""


class Near(NamedTuple):
    """A shop that may be meant, and how alike its name is, in percent."""

    merchant: str
    likeness: int


class Matched(NamedTuple):
    """Which shop a statement means.

    merchant_ref: None where a person must say. confidence: in percent, by rule. rule_version: `RULE_VERSION`.
    near: for a person, where nothing was decided: the shops that fit or look alike, the nearest first.
    """

    merchant_ref: str | None
    confidence: int
    rule: Rule
    rule_version: int
    near: tuple[Near, ...] = ()


# ---- what is not the name ----

FACILITATORS = frozenset(
    ("paypal", "pp", "sumup", "sq", "square", "zettle", "izettle", "stripe", "klarna", "mollie", "payplug", "lydia",
     "alma", "tst", "sp", "adyen", "nyx", "ly", "worldline", "viva")
)  # fmt: skip
"""Who takes payments for others and writes itself before them, with a star between."""

OPERATIONS = frozenset(
    ("achat", "avoir", "bancaire", "carte", "card", "cb", "contact", "contactless", "credit", "debit", "du", "facture",
     "le", "mastercard", "paiement", "par", "pay", "payment", "payt", "pos", "purchase", "refund",
     "remboursement", "reserved", "sans", "visa", "vente")
)  # fmt: skip
"""Words before the name that say how it was paid."""

LEGAL_FORMS = frozenset(
    ("ag", "bv", "co", "eurl", "gmbh", "inc", "llc", "ltd", "nv", "plc", "sa", "sarl", "sas", "sasu", "snc", "spa",
     "srl")
)  # fmt: skip
"""What companies write after their name."""

PLACES = frozenset(
    ("amiens", "amsterdam", "angers", "annecy", "barcelona", "berlin", "besancon", "bordeaux",
     "boulogne billancourt", "brest", "bruxelles", "brussels", "caen", "clermont ferrand", "dijon", "dublin",
     "geneve", "grenoble", "le havre", "le mans", "lille", "limoges", "lisboa", "london", "luxembourg", "lyon",
     "madrid", "marseille", "metz", "milano", "montpellier", "mulhouse", "nancy", "nantes", "nice", "nimes",
     "orleans", "paris", "perpignan", "poitiers", "reims", "rennes", "roma", "rouen", "saint denis",
     "saint etienne", "strasbourg", "toulon", "toulouse", "tours", "versailles", "villeurbanne")
)  # fmt: skip
"""Towns that stand after the name; the larger ones of France and some of its neighbours' capitals."""

COUNTRIES = frozenset(
    ("at", "aut", "be", "bel", "ch", "che", "de", "deu", "es", "esp", "fr", "fra", "france", "gb", "gbr", "ie", "irl",
     "it", "ita", "lu", "lux", "nl", "nld", "pt", "prt", "uk", "us", "usa")
)  # fmt: skip
"""Countries that stand after the name."""

_DATE = re.compile(
    r"\b\d{1,2}[/.-]\d{1,2}([/.-](\d{4}|\d{2}))?\b|\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[h:]\d{2}\b"
)
_CARD_TAIL = re.compile(r"(?<![^\s*])[x*]{1,16}\d{4}\b|(?<=\bcb)[*x]?\d{4}\b|(?<=\bcarte )\d{4}\b")
_NOT_A_WORD = re.compile(r"[^\w]+|_+")
_NUMBER = re.compile(r"\d{4,}")
_REFERENCE = re.compile(r"\d{3,}|(?=\w*\d)(?=\w*[a-z])\w{7,}")
_SITE = re.compile(r"^www\.|\.(com|fr|net|org|eu|de|be|co\.uk|co)\b")


def normalise(text: str) -> str:
    """Return the name of the shop in a statement's text: lower-case words without accents, one space between.

    Taken off: how it was paid, tails of cards, dates, references, payment facilitators, web endings, legal forms,
    towns and countries after the name. What would leave nothing keeps its words. Doing it twice changes nothing.
    """
    before, bare = "", _plain(text[:TEXT_LENGTH_MAX])
    while bare != before:
        before = bare
        for stage in (_after_the_star, _dated_out, _sited_out, _trimmed):
            # A text that is all dates, or all payment, keeps its words: they are all there is to know it by.
            bare = stage(bare) if _words(stage(bare)) else bare
        bare = " ".join(_words(bare))
    return bare


def _plain(text: str) -> str:
    """Return text in lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def _words(text: str) -> list[str]:
    return [word for word in _NOT_A_WORD.split(text) if word]


def _dated_out(text: str) -> str:
    return _CARD_TAIL.sub(" ", _DATE.sub(" ", text))


def _sited_out(text: str) -> str:
    return _SITE.sub(" ", text)


def _after_the_star(text: str) -> str:
    """Return what stands after a facilitator and its star; before any other star, which begins a reference."""
    head, star, tail = _CARD_TAIL.sub(" ", text).partition("*")
    if not star or not _words(tail):
        return head
    words = _trimmed(_dated_out(head)).split()
    if not words or words[-1] in FACILITATORS or words[-1] in OPERATIONS:
        return _after_the_star(tail)
    return head


def _trimmed(text: str) -> str:
    """Return words without those before and after a name that are not of it; never without all."""
    kept = _words(text)
    while len(kept) > 1 and (kept[0] in OPERATIONS or _NUMBER.fullmatch(kept[0])):
        kept.pop(0)
    while len(kept) > 1 and (cut := _tail(kept)):
        del kept[-cut:]
    return " ".join(kept)


def _tail(words: Sequence[str]) -> int:
    """Return how many words at the end are none of the name; never all of them."""
    for size in range(min(3, len(words) - 1), 0, -1):
        if " ".join(words[-size:]) in PLACES:
            return size
    last = words[-1]
    is_none = last in COUNTRIES or last in LEGAL_FORMS or _REFERENCE.fullmatch(last)
    # A district: "paris 11".
    is_district = last.isdecimal() and len(words) > 2 and words[-2] in PLACES  # noqa: PLR2004 - a name stays
    return 1 if is_none or is_district else 0


def likeness(one: str, other: str) -> int:
    """Return how alike two normalised names are, in percent: twice their common trigrams over all of theirs."""
    first, second = _trigrams(one), _trigrams(other)
    if not first or not second:
        return 0
    return 200 * len(first & second) // (len(first) + len(second))


def _trigrams(name: str) -> frozenset[str]:
    return frozenset(
        padded[start : start + 3]
        for word in name.split()
        for padded in (f"  {word} ",)
        for start in range(len(padded) - 2)
    )


# ---- whose it is ----


class NameBook:
    """What all shops of a programme are known by, indexed."""

    def __init__(self, known: Iterable[Known]) -> None:
        self._mids: dict[str, set[str]] = {}
        self._aliases: dict[str, set[str]] = {}
        self._names: dict[str, set[str]] = {}
        self._categories: dict[str, set[str]] = {}
        for entry in known:
            if entry.kind is KnownBy.MID:
                self._mids.setdefault(_mid(entry.value), set()).add(entry.merchant)
                continue
            kept = self._names if entry.kind is KnownBy.NAME else self._aliases
            kept.setdefault(normalise(entry.value), set()).add(entry.merchant)
            if entry.mcc:
                self._categories.setdefault(entry.merchant, set()).add(entry.mcc)
        self._longest = max((len(name.split()) for name in self._names), default=0)

    def match(self, *, text: str = "", mid: str = "", mcc: str = "") -> Matched:
        """Return which shop is meant, by the rules of this module."""
        sharing = self._mids.get(_mid(mid), set()) if mid else set()
        if len(sharing) == 1:
            return _decided(sharing, Rule.MID)
        name = normalise(text)
        for found, rule in self._found(name, mcc):
            fitting = found & sharing if sharing else found
            if len(fitting) == 1:
                return _decided(fitting, Rule.MID if sharing else rule)
            if fitting:
                return _undecided(Rule.AMBIGUOUS, [Near(one, 100) for one in sorted(fitting)])
        if sharing:
            return _undecided(Rule.AMBIGUOUS, [Near(one, 100) for one in sorted(sharing)])
        return _undecided(Rule.NONE, self._alike(name))

    def _found(self, name: str, mcc: str) -> Iterable[tuple[set[str], Rule]]:
        """Give what each rule after the first finds, in their order."""
        if not name:
            return
        if mcc:
            yield self._begun_by(name, mcc), Rule.NAME_AND_CATEGORY
        yield self._not_against(self._aliases.get(name, set()), mcc), Rule.ALIAS
        named = self._not_against(self._names.get(name, set()), mcc)
        yield named, Rule.NAME

    def _begun_by(self, name: str, mcc: str) -> set[str]:
        """Return the shops of this category whose name, the longest there is, begins the text."""
        words = name.split()
        for length in range(min(self._longest, len(words)), 0, -1):
            named = self._names.get(" ".join(words[:length]), set())
            fitting = {one for one in named if mcc in self._categories.get(one, set())}
            if fitting:
                return fitting
        return set()

    def _not_against(self, merchants: set[str], mcc: str) -> set[str]:
        """Return the shops that the category code does not speak against."""
        return {
            one
            for one in merchants
            if not mcc or one not in self._categories or mcc in self._categories[one]
        }

    def _alike(self, name: str) -> list[Near]:
        best: dict[str, int] = {}
        for known, merchants in (*self._names.items(), *self._aliases.items()):
            alike = likeness(name, known)
            if alike >= SIMILAR_MIN:
                for one in merchants:
                    best[one] = max(alike, best.get(one, 0))
        nearest = sorted(best.items(), key=lambda found: (-found[1], found[0]))
        return [Near(*found) for found in nearest[:NEAR_MAX]]


def _mid(text: str) -> str:
    """Return a number with an acquirer as it is compared: without spaces, letters in one case."""
    return "".join(text.split()).casefold()


def _decided(merchants: set[str], rule: Rule) -> Matched:
    (merchant,) = merchants
    return Matched(merchant, CONFIDENCE[rule], rule, RULE_VERSION)


def _undecided(rule: Rule, near: Sequence[Near]) -> Matched:
    return Matched(None, CONFIDENCE[rule], rule, RULE_VERSION, tuple(near[:NEAR_MAX]))
