"""What must not stand in a log, whoever writes it."""

import re

from structlog.typing import EventDict, WrappedLogger

_ADDRESS = re.compile(r"(/in/[^/\s?\"']+/[^/\s?\"']+/)[^/\s?\"']+")
"""The address that a source sends to; what comes last is its secret."""


def without_tokens(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Leave the secret of addresses out of every text of an event; a step of structlog."""
    for key, value in event.items():
        if isinstance(value, str) and "/in/" in value:
            event[key] = _ADDRESS.sub(r"\1***", value)
    return event
