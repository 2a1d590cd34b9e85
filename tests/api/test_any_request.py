"""Any request that the description allows, and many it does not: never a fault, never an answer it does not tell of."""

import os
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.description import operations
from tests.api.interface import interface
from tests.api.strangers import things_of, with_things
from tests.journeys.world import World

EXAMPLES = int(os.environ.get("CAGNOTTE_API_EXAMPLES", "10"))
"""Requests of each kind for each operation."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

OPERATIONS = list(operations())
TAGS = sorted({one.told["tags"][0] for one in OPERATIONS})


@pytest.mark.parametrize("tag", TAGS)
def test_any_request_is_answered_as_described(world: World, tag: str, settings: Any) -> None:
    settings.CAGNOTTE_API_QUOTA = 1_000_000
    world.buy("A1")
    api = interface()
    things = things_of(world, api, {name for one in OPERATIONS for name in one.places})
    schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", get_wsgi_application())
    for one in OPERATIONS:
        if one.told["tags"][0] == tag:
            operation = schema[f"/v1{one.path}"][one.method.upper()]
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                try_any(operation, mode, things, {"Authorization": f"Bearer {api.secret}"})


def try_any(
    operation: Any, mode: GenerationMode, things: dict[str, str], headers: dict[str, str]
) -> None:
    """Send requests to one operation: half of them about things that exist."""

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(mode), is_real=st.booleans())
    def send(case: Any, is_real: bool) -> None:
        if is_real:
            case.path_parameters = {
                name: things.get(name, value)
                for name, value in (case.path_parameters or {}).items()
            }
            case.body = with_things(case.body, things)
            # No ETag that is made up stands.
            case.headers = {
                name: value
                for name, value in (case.headers or {}).items()
                if not name.startswith("If-")
            }
        # How requests without a key are answered, the matrix tries.
        case.headers = {**(case.headers or {}), **headers}
        response = case.call()
        case.validate_response(response, checks=CHECKS)

    send()
