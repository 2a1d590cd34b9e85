"""A failure in the log says where it happened, and not what the variables held."""

import logging
from typing import Any

import psycopg
import pytest
import structlog
from django.db import IntegrityError, OperationalError
from structlog.stdlib import ProcessorFormatter

from cagnotte.config.settings import LOG_FORMATS
from cagnotte.platform.database import is_away
from cagnotte.platform.database_errors import DatabaseUnavailable


def fails(iban: str) -> None:
    raise KeyError("currency")


@pytest.mark.parametrize("name", ["text", "json"])
def test_a_traceback_is_written_without_what_variables_held(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    formatter = ProcessorFormatter(
        processors=[ProcessorFormatter.remove_processors_meta, *LOG_FORMATS[name]]
    )
    log = structlog.get_logger("tests.logs")
    iban = "FR7630006000011234567890189"
    try:
        fails(iban)
    except KeyError as error:
        log.error("a step failed", exc_info=error)  # noqa: TRY400 - as code does that was handed the error
    written = formatter.format(caplog.records[-1])
    assert "a step failed" in written
    assert "in fails" in written
    assert "KeyError: 'currency'" in written
    assert iban not in written
    assert caplog.records[-1].levelno == logging.ERROR


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (psycopg.OperationalError("the connection is closed"), True),
        (psycopg.errors.AdminShutdown("terminating"), True),
        (psycopg.errors.DiskFull("no space"), True),
        (DatabaseUnavailable("It cannot be reached."), True),
        (caused(OperationalError("closed"), psycopg.OperationalError("closed")), True),
        (psycopg.errors.LockNotAvailable("lock timeout"), False),
        (psycopg.errors.QueryCanceled("statement timeout"), False),
        (psycopg.errors.DeadlockDetected("deadlock"), False),
        (psycopg.errors.CheckViolation("check"), False),
        (caused(IntegrityError("check"), psycopg.errors.CheckViolation("check")), False),
        (KeyError("currency"), False),
    ],
)
def test_a_database_that_is_away_is_told_from_one_that_refuses(error: Any, away: bool) -> None:
    assert is_away(error) is away
