"""The OpenAPI file in the repository, written by the code; a test fails while the two differ."""

import json
from pathlib import Path

from cagnotte.api.v1 import api

FILE = Path("docs/reference/openapi.json")


def text() -> str:
    """Return what the file must hold."""
    return json.dumps(api.get_openapi_schema(), indent=2, ensure_ascii=False) + "\n"
