"""The quick start of a shop: its lines are run by a shell as they stand, against a server started as they say.

Only the port is another, because the usual one may be taken.
"""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from cagnotte.journeys import check_books
from cagnotte.platform.database import connect

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial" / "connect-a-shop.md").read_text(encoding="utf-8")
PORT = "8000"

_STEP = re.compile(r"^\*\*(\d)\. .*?(?=^\*\*\d\. |^## )", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Step(NamedTuple):
    """What is typed, and what the page says is answered."""

    typed: str
    answered: dict[str, Any] | None


def steps() -> list[Step]:
    """Read the page's steps."""
    found = []
    for step in _STEP.finditer(PAGE):
        blocks = dict(_BLOCK.findall(step[0]))
        answered = json.loads(blocks["json"]) if "json" in blocks else None
        found.append(Step(blocks["sh"], answered))
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture
def shell(committed_db: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a person who has just cloned the project."""
    return {
        **os.environ,
        "CAGNOTTE_DATABASE_URL": committed_db,
        "CAGNOTTE_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "cagnotte.config.settings",
        "PYTHONPATH": str(ROOT / "src"),
        "NO_PROXY": "127.0.0.1",
    }


@pytest.fixture
def port(shell: dict[str, str]) -> Iterator[int]:
    """Start Cagnotte as `make serve` does, but for the installation."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(
        r"^serve:(?:.*\n\t.*)+\n?\t?@\$\(BIN\)/cagnotte serve \$\(ARGS\)$", makefile, re.MULTILINE
    )
    found = free_port()
    command = [str(ROOT / ".venv" / "bin" / "cagnotte"), "serve", "--port", str(found)]
    with subprocess.Popen(
        command, cwd=ROOT, env=shell, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait(found)
            yield found
        finally:
            server.terminate()


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False, timeout=20)
        except httpx.TransportError:
            assert time.monotonic() < until, "nothing listens"
            time.sleep(0.1)
        else:
            return


def run(typed: list[str], shell: dict[str, str], port: int) -> list[str]:
    """Type steps into one shell; return what each printed."""
    end = "echo; echo '----'\n"
    script = "set -eu\n" + "".join(text.replace(f":{PORT}/", f":{port}/") + end for text in typed)
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=ROOT,
        env=shell,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n----\n")[:-1]


def as_told(told: Any, answered: Any) -> bool:
    """Tell whether an answer is what the page shows: its fields, texts that end in “…” by their beginning."""
    if isinstance(told, dict):
        return all(name in answered and as_told(told[name], answered[name]) for name in told)
    if isinstance(told, str) and told.endswith("…"):
        return isinstance(answered, str) and answered.startswith(told[:-1])
    return bool(told == answered)


def test_five_steps_end_with_a_reward(port: int, shell: dict[str, str]) -> None:
    serve, *others = steps()
    assert (serve.typed, len(others)) == ("make serve\n", 4)
    assert [one.answered is not None for one in others] == [False, True, True, True]
    typed = [one.typed for one in others]
    # Everything once, and what is sent to the interface a second time.
    _, *printed = run([*typed, *typed[1:]], shell, port)
    first, again = ([json.loads(text) for text in part] for part in (printed[:3], printed[3:]))
    for step, answer in zip(others[1:], first, strict=True):
        assert as_told(step.answered, answer), json.dumps(answer, ensure_ascii=False)
    assert (again[0]["status"], again[0]["code"]) == (409, "conflict")
    assert again[1:] == first[1:]
    with connect() as connection:
        told = connection.execute(
            "SELECT (SELECT count(*) FROM identity_member), "
            "(SELECT sum(amount_minor) FROM rewards_reward)"
        ).fetchone()
        assert told == (1, 360)
        assert [one for one in check_books.verify(connection) if one.is_fault] == []
