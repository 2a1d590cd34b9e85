"""The articles of the help pages: Markdown files beside this one, one folder per language, found by words.

A file begins with a few lines of `name: value` (title, summary, topic, words: further words to be found by) up to a
line of dashes. In the text `{programme}` is the programme's name, and a link to `page:NAME` leads to the page or the
article of that name, or is plain text where the programme has none. Articles come with the software and are read once
per process.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from markdown_it import MarkdownIt

from cagnotte.domain.errors import NotFound

FALLBACK = "en"

TOPICS = ("start", "money", "trouble", "account")
"""In the order of the page."""

ORDER = (
    "how-it-works",
    "activate-well",
    "in-shops",
    "refer",
    "states-and-delays",
    "withdraw",
    "bank-details",
    "vouchers",
    "expiry",
    "returns",
    "why-no-cashback",
    "claims",
    "security",
    "privacy",
)
"""Articles in the order in which they are listed; each language has all of them."""

WEIGHTS = {"title": 8, "words": 5, "summary": 3, "text": 1}
"""What it counts that a word stands in one part of an article."""

SNIPPET_LENGTH = 160

_PAGE_LINK = re.compile(r'<a href="page:([\w-]+)">(.*?)</a>', re.DOTALL)
_WORD = re.compile(r"\w+")

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
# The addresses of pages are ours alone; the usual check knows no such scheme.
_markdown.validateLink = lambda url: url.startswith(("page:", "https:", "#"))  # type: ignore[method-assign]


@dataclass(frozen=True, slots=True)
class Article:
    """One article in one language. parts: its words by the part they stand in, folded."""

    name: str
    language: str
    title: str
    summary: str
    topic: str
    html: str
    text: str
    parts: Mapping[str, tuple[str, ...]]

    def shown(self, programme: str, address: Callable[[str], str]) -> str:
        """Return its HTML for a programme; `address` gives that of a page by name, "" for none."""

        def linked(match: re.Match[str]) -> str:
            to = address(match[1])
            return f'<a href="{to}">{match[2]}</a>' if to else match[2]

        return _PAGE_LINK.sub(linked, self.html).replace("{programme}", programme)


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that was found, with a piece of its text."""

    article: Article
    snippet: str


def article(language: str, name: str) -> Article:
    """Return an article. Raises NotFound."""
    found = next((one for one in library(language) if one.name == name), None)
    if found is None:
        raise NotFound(f"There is no article “{name}”.", name=name)
    return found


@lru_cache
def library(language: str) -> tuple[Article, ...]:
    """Return all articles in a language, in the order of `ORDER`; in English for one that has none."""
    folder = files("cagnotte.portal.helping") / "pages"
    told = language if (folder / language).is_dir() else FALLBACK
    return tuple(
        _read(name, told, (folder / told / f"{name}.md").read_text(encoding="utf-8"))
        for name in ORDER
    )


def search(language: str, asked: str) -> list[Hit]:
    """Return the articles that hold every word asked for, or its beginning, the best first."""
    words = folded_words(asked)
    if not words:
        return []
    scored = [(score, one) for one in library(language) if (score := _score(one, words))]
    scored.sort(key=lambda pair: -pair[0])
    return [Hit(one, _snippet(one, words)) for _, one in scored]


def folded_words(text: str) -> tuple[str, ...]:
    """Return the words of a text in small letters without accents: “Où est l'argent ?” is ou, est, l, argent."""
    bare = unicodedata.normalize("NFKD", text).casefold().replace("œ", "oe")
    return tuple(_WORD.findall("".join(sign for sign in bare if not unicodedata.combining(sign))))


def _score(one: Article, words: tuple[str, ...]) -> int:
    total = 0
    for word in words:
        score = sum(
            WEIGHTS[part]
            for part, held in one.parts.items()
            if any(_meets(there, word) for there in held)
        )
        if not score and len(word) > 2:  # noqa: PLR2004 - “a” and “of” may be missing
            return 0
        total += score
    return total


def _meets(there: str, word: str) -> bool:
    """Tell whether a word is meant by another: the same, its beginning, or its plural."""
    return there.startswith(word) or (len(there) > 3 and word.startswith(there))  # noqa: PLR2004 - a stem


def _snippet(one: Article, words: tuple[str, ...]) -> str:
    """Return the sentence in which most of the words stand, or the summary."""
    best, count = one.summary, 0
    for sentence in _sentences(one.text):
        held = folded_words(sentence)
        here = sum(any(_meets(there, word) for there in held) for word in words)
        if here > count:
            best, count = sentence, here
    return best if len(best) <= SNIPPET_LENGTH else best[: SNIPPET_LENGTH - 1].rstrip() + "…"


def _sentences(text: str) -> Iterator[str]:
    for part in re.split(r"(?<=[.!?])\s+|\n+", text):
        if part.strip():
            yield part.strip()


def _read(name: str, language: str, source: str) -> Article:
    head, _, body = _typeset(source, language).partition("\n---\n")
    facts = dict(line.split(": ", 1) for line in head.strip().splitlines())
    html = _markdown.render(body)
    text = re.sub(r"<[^>]+>", "", html)
    parts = {
        "title": folded_words(facts["title"]),
        "words": folded_words(facts["words"]),
        "summary": folded_words(facts["summary"]),
        "text": tuple(dict.fromkeys(folded_words(text))),
    }
    return Article(
        name, language, facts["title"], facts["summary"], facts["topic"], html, text, parts
    )


def _typeset(source: str, language: str) -> str:
    """Return a text with its apostrophes and, in French, the spaces that no line may break at."""
    told = source.replace("'", "’")
    if language != "fr":
        return told
    told = re.sub(r" (?=[?!;»])", "\u202f", told)
    return re.sub(r"(?<=«) ", "\u202f", re.sub(r" (?=:)", "\u00a0", told))
