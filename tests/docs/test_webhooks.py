"""The receivers of the page on webhooks take what is signed, and nothing else."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from django.test import RequestFactory

from cagnotte.notices.catalogue import TYPES
from cagnotte.notices.messages import EventRow, Message, message, new_secret

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "webhooks.md"
SECRET = new_secret()


def block(language: str) -> str:
    """Return the program of a language on the page."""
    (found,) = re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    return str(found)


def signed(*, secret: str = SECRET, at: timedelta = timedelta()) -> Message:
    """Return a confirmed reward as it would be sent now."""
    one = TYPES["reward.confirmed"]
    now = datetime.now(UTC) + at
    row = EventRow(UUID(int=7), one.name, "rew_1", now, one.example.plain())
    return message(row, envelope="standard", programme="corner", keys=[secret], now=now)


def changed() -> Message:
    right = signed()
    return right._replace(body=right.body.replace(b"A-1001", b"A-1002"))


REFUSED = {
    "signed with another secret": lambda: signed(secret=new_secret()),
    "older than five minutes": lambda: signed(at=timedelta(minutes=-6)),
    "changed on its way": changed,
}


def in_python(sent: Message, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("CAGNOTTE_WEBHOOK_SECRET", SECRET)
    names: dict[str, Any] = {}
    exec(compile(block("python"), str(PAGE), "exec"), names)  # noqa: S102 - the page's own program
    request = RequestFactory().generic(
        "POST", "/hooks", sent.body, sent.headers["content-type"], headers=sent.headers
    )
    return int(names["hook"](request).status_code)


def test_the_receiver_in_python_takes_what_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_python(signed(), monkeypatch) == 204


@pytest.mark.parametrize("why", REFUSED)
def test_the_receiver_in_python_takes_nothing_else(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_python(REFUSED[why](), monkeypatch) == 400


@pytest.fixture(scope="module")
def php(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """PHP's own server with the page's program."""
    program = shutil.which("php")
    assert program, "PHP is needed, as for the plugins"
    script = tmp_path_factory.mktemp("php") / "hook.php"
    script.write_text(block("php"), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [program, "-S", f"127.0.0.1:{port}", str(script)],
        env={**os.environ, "CAGNOTTE_WEBHOOK_SECRET": SECRET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/hooks"
    finally:
        server.terminate()
        server.wait()


def in_php(sent: Message, url: str) -> int:
    return httpx.post(url, content=sent.body, headers=sent.headers, trust_env=False).status_code


def test_the_receiver_in_php_takes_what_is_signed(php: str) -> None:
    assert in_php(signed(), php) == 204


@pytest.mark.parametrize("why", REFUSED)
def test_the_receiver_in_php_takes_nothing_else(why: str, php: str) -> None:
    assert in_php(REFUSED[why](), php) == 400
