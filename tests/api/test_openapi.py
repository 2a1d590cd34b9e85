"""The description of the interface: it is what the code does, it is valid, and its examples are too."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from cagnotte.api import schema_file
from cagnotte.identity.api_keys import SCOPES
from tests.api.description import DOCUMENT, operations, resolved

ROOT = Path(__file__).parents[2]


def test_the_file_says_what_the_code_does() -> None:
    kept = (ROOT / schema_file.FILE).read_text(encoding="utf-8")
    assert kept == schema_file.text(), f"run: cagnotte api schema --to {schema_file.FILE}"


def test_the_description_is_valid() -> None:
    validate(DOCUMENT)


def test_operations_have_names_of_their_own_fit_for_clients() -> None:
    names = [one.name for one in operations()]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name)] == []


def test_every_operation_says_what_it_does_and_which_scope_it_needs() -> None:
    for one in operations():
        assert one.told["description"], one.name
        assert one.told["tags"], one.name
        assert len(one.told["x-scopes"]) == 1, one.name
        assert set(one.told["x-scopes"]) <= set(SCOPES), one.name
        assert one.told["security"], one.name


def test_reading_needs_a_scope_to_read_alone() -> None:
    for one in operations():
        assert one.method != "get" or one.scope.endswith(":read"), one.name


def test_what_writes_takes_an_idempotency_key() -> None:
    """A POST that needs a scope to read only asks, with a question too long for an address; one shows a secret."""
    without = [
        one.name
        for one in operations()
        if one.scope.endswith(":write")
        and one.name != "show_voucher_code"
        and {"$ref": "#/components/parameters/IdempotencyKey"} not in one.told["parameters"]
    ]
    assert without == []


def test_every_problem_is_described() -> None:
    for one in operations():
        for status in ("400", "401", "403", "422", "429", "500", "503"):
            assert status in one.told["responses"], (one.name, status)


def examples() -> list[tuple[str, Any, Any]]:
    """Return the examples of all shapes, with the shape they are of."""
    found = []
    for name, schema in DOCUMENT["components"]["schemas"].items():
        found += [(name, schema, one) for one in schema.get("examples", ())]
        for field, told in schema.get("properties", {}).items():
            found += [(f"{name}.{field}", told, one) for one in told.get("examples", ())]
    return found


@pytest.mark.parametrize(
    ("name", "schema", "example"), examples(), ids=[name for name, _, _ in examples()]
)
def test_examples_are_valid(name: str, schema: Any, example: Any) -> None:
    faults = [error.message for error in OAS31Validator(resolved(schema)).iter_errors(example)]
    assert faults == [], name


def test_every_body_has_a_whole_example() -> None:
    bodies = {one.body for one in operations() if one.body}
    without = [
        name for name in bodies if not DOCUMENT["components"]["schemas"][name].get("examples")
    ]
    # What may be sent empty needs none.
    needed = [name for name in without if DOCUMENT["components"]["schemas"][name].get("required")]
    assert needed == []


def test_the_description_holds_no_address_of_ours() -> None:
    assert "localhost" not in json.dumps(DOCUMENT)
