"""The page of each listener: its commands are meant for it, and all that must be filled in is on it."""

import re
from pathlib import Path

import pytest

from cagnotte.hooks import manager
from cagnotte.hooks.sources import Proof

FOLDER = Path(__file__).parents[2] / "docs" / "how-to" / "listeners"
NAMES = sorted(manager.listeners())


def text(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_all_settings_and_secrets_are_on_the_page(name: str) -> None:
    plugin, page = manager.listener(name), text(name)
    assert page.startswith(f"# {plugin.title}\n")
    rows = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert {one.name for one in plugin.settings} <= rows
    for one in plugin.settings:
        if one.secret:
            assert f"$ cagnotte listeners secret {name} {one.name}" in page
        elif one.default:
            assert one.default in page


@pytest.mark.parametrize("name", NAMES)
def test_the_command_that_connects_it_names_what_it_cannot_do_without(name: str) -> None:
    needed = {
        one.name
        for one in manager.listener(name).settings
        if not one.secret and one.default is None
    }
    (command,) = re.findall(rf"^\$ cagnotte listeners add {name}(.*)$", text(name), re.MULTILINE)
    assert set(re.findall(r"--set (\w+)=", command)) == needed


@pytest.mark.parametrize("name", NAMES)
def test_purpose_and_proof_are_what_the_plugin_says(name: str) -> None:
    plugin, page = manager.listener(name), text(name)
    assert f"Members must agree to `{plugin.purpose}`" in " ".join(page.split())
    assert f"*{plugin.proof}*" in page
    assert plugin.proof is Proof.OFFICIAL
    assert f"| [{plugin.title}]({name}.md) | `{name}` | `{plugin.purpose}` |" in text("index")


@pytest.mark.parametrize("name", ["ga4", "matomo"])
def test_every_event_that_is_told_of_is_on_the_page(name: str) -> None:
    told = set(re.findall(r"`(\w+\.\w+)`", text(name).partition("## What is told")[2]))
    assert told == manager.listener(name).event_types
