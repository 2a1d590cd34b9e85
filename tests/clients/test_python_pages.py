"""What the pages about the Python client show is run, in the order of each page, against the running server."""

import ast
import inspect
import re
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cagnotte_client import Cagnotte, errors
from cagnotte_client.webhooks import sign

from tests.clients.serving import ROOT, awaited, served

PAGES = [
    ROOT / "docs" / "reference" / "python-client.md",
    ROOT / "clients" / "python" / "README.md",
]
SECRETS = {"whsec_new…": "whsec_bmV3IHNlY3JldA==", "whsec_old…": "whsec_b2xkIHNlY3JldA=="}
ELSEWHERE = "import httpx\n"
"""How an example begins that needs a proxy of somebody else."""

_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def run(text: str, known: dict[str, Any]) -> None:
    """Run an example, which may await, with what the examples before it have made."""
    code = compile(text, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    found = eval(code, known)  # noqa: S307 - our own pages
    if inspect.iscoroutine(found):
        awaited(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_runs(
    page: Path, committed_db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert committed_db
    body = b'{"type": "reward.confirmed", "data": {"id": "rew_1"}}'
    headers = sign(body, SECRETS["whsec_old…"], id="evt_1", timestamp=int(time.time()))
    known: dict[str, Any] = {"body": body, "headers": headers}
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
    with served() as server, ExitStack() as open_clients:
        meant = {"cag_test_sk_…": server.key, "https://cashback.example": server.url, **SECRETS}
        for block in blocks:
            text = block
            for shown, value in meant.items():
                text = text.replace(shown, value)
            if text.startswith(ELSEWHERE):
                compile(text, "example", "exec")
            else:
                run(text, known)
            if isinstance(known["cagnotte"], Cagnotte):
                open_clients.callback(known["cagnotte"].close)
    printed = capsys.readouterr().out
    if page.name == "README.md":
        assert printed == "100\n"
    else:
        assert "evt_1 reward.confirmed {'id': 'rew_1'}" in printed
        assert "0,00 EUR" in printed or "0.00 EUR" in printed


def test_every_error_is_on_the_page() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    named = [one.__name__ for one in kinds if issubclass(one, errors.CagnotteError)]
    assert [name for name in named if f"`{name}`" not in text] == []
