"""Writing what others read: JSON with exact numbers, the counterpart of `reading`."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def json_of(value: Any) -> bytes:
    """Write JSON with every `Decimal` as a bare number with all of its digits."""
    return _written(value).encode()


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        inner = ", ".join(f"{json.dumps(key)}: {_written(one)}" for key, one in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    return json.dumps(value)
