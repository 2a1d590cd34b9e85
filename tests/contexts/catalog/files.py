"""Short programme files for tests."""

from datetime import date
from pathlib import Path
from textwrap import dedent

from cagnotte.catalog.programme_file import ParsedProgramme, ProgrammeFileInvalid, parse

TODAY = date(2026, 3, 2)

HEAD = """
programme: {slug: corner, name: Corner shop, currency: EUR, timezone: Europe/Paris}
merchants: [{ref: corner}, {ref: market}]
brands: [{ref: acme}, {ref: bold}]
networks: [{ref: net}]
categories: [{ref: food, children: [{ref: tea}, {ref: jam}]}, {ref: fuel}]
contracts:
  - {ref: corner, merchant: corner, base: {excluded: {categories: [fuel]}}}
  - {ref: market, merchant: market, base: {excluded: {categories: [fuel]}}}
  - {ref: acme, brand: acme, commissions: [{rate: 10 %}]}
"""


def write(folder: Path, text: str) -> Path:
    """Write a programme file of exactly this text."""
    path = folder / "programme.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return path


def with_offers(folder: Path, offers: str) -> ParsedProgramme:
    """Parse a file of two shops, two brands (one with a contract) and these offers."""
    return parse(write(folder, HEAD + "offers:\n" + dedent(offers)))


def errors(folder: Path, text: str) -> list[str]:
    """Return what parsing says is wrong, as lines."""
    try:
        parse(write(folder, text))
    except ProgrammeFileInvalid as error:
        return [str(problem) for problem in error.problems]
    return []
