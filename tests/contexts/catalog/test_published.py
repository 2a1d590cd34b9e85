"""What is published about the programme file is what it is."""

import json
import re
from pathlib import Path

import pytest

from cagnotte.catalog.checks import check
from cagnotte.catalog.programme_file import json_schema, parse
from cagnotte.catalog.programme_file.reference import key_tables
from cagnotte.catalog.source_fields import FIELDS, LINE_FIELDS
from tests.contexts.catalog.files import TODAY

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "programme.yaml"
REFERENCE = ROOT / "docs" / "reference" / "programme-file.md"
SCHEMA = ROOT / "docs" / "reference" / "programme.schema.json"


def test_the_published_schema_is_the_one_files_are_checked_by() -> None:
    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert published == json_schema(), (
        "write it anew: cagnotte programme schema > docs/reference/programme.schema.json"
    )


def test_the_reference_lists_every_key() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert key_tables() in text, "paste `cagnotte programme schema --as markdown` between its marks"


@pytest.mark.parametrize(
    "field", sorted({*LINE_FIELDS, *(name for names in FIELDS.values() for name in names)})
)
def test_the_reference_lists_every_field_of_sources(field: str) -> None:
    assert f"`{field}`" in REFERENCE.read_text(encoding="utf-8")


def test_the_example_loads_and_deserves_no_second_look() -> None:
    assert check(parse(EXAMPLE), today=TODAY) == []


def test_the_example_uses_every_part_of_the_file() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    missing = [
        key
        for section in (json_schema(), *json_schema()["$defs"].values())
        for key in section.get("properties", {})
        if not re.search(rf"\b{key}:", text) and key not in LEFT_OUT
    ]
    assert missing == []


LEFT_OUT = {
    "parent",
    "event",
    "counter",
    "maximum",
    "execution_days",
    "settles_on_report",
    "row",
    "available_on",
    "poll_every",
    "skus",
    "not_skus",
    "not_merchants",
    "sheet",
    "header_row",
    "record",
    "decimal",
    "dates",
}
"""Keys that few programmes need; the reference has them."""
