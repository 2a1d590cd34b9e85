"""Cagnotte as a shop's developer has it: the sample shop's programme served, with a key of its sandbox."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from cagnotte.domain.chart import Account
from cagnotte.identity import api_keys
from cagnotte.identity.models import Member, Programme
from cagnotte.journeys import check_books, load_programme, sandbox
from cagnotte.journeys.kept_runs import RUNS
from cagnotte.journeys.mature import mature
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.ledger import selectors as ledger
from cagnotte.platform.database import connect
from tests.shops.cagnotte_server import cagnotte_server

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
PROGRAMME = ROOT / "examples" / "shop" / "programme.yaml"
CLIENT = ROOT / "clients" / "python" / "src"
SANDBOX = "corner-sandbox"
STATES = ("pending", "confirmed", "available", "held", "owing")


@dataclass
class Served:
    """Where Cagnotte is served, and a secret key of the sandbox."""

    url: str
    key: str

    def mature(self) -> None:
        """Release what is confirmed and due today, as an operator's nightly run does."""
        now = datetime.now(UTC)
        with connect() as connection:
            run = ProgrammeRun.open(connection, SANDBOX, now)
            mature(connection, run, on=now.astimezone(ZoneInfo("Europe/Paris")).date())

    def member(self, ref: str) -> dict[str, int]:
        """Return what the ledger says a member of the sandbox holds, in cents, without the zeros."""
        member = Member.objects.get(ref=ref, programme__slug=SANDBOX)
        with connect() as connection:
            found = {
                state: ledger.balance(
                    connection,
                    Account(f"member.{state}", member.wallet_id, member.programme_id, "EUR"),
                )
                for state in STATES
            }
        return {state: minor for state, minor in found.items() if minor}


@contextmanager
def served() -> Iterator[Served]:
    """Serve until the end of the block; whatever was done, the books are in order afterwards."""
    RUNS.forget()
    now = datetime.now(UTC)
    load_programme.run(PROGRAMME, now=now)
    trial = sandbox.make(Programme.objects.get(slug="corner"), now=now)
    key = api_keys.make(trial, name="tea corner", now=now).secret
    with cagnotte_server() as url:
        yield Served(url, key)
    with connect() as connection:
        faults = [one.sentence for one in check_books.verify(connection) if one.is_fault]
    assert faults == []


def awaited(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own: tests of pages leave a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
