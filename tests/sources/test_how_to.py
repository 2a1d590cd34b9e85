"""The page of each source: its example is accepted, and all that must be filled in is on it."""

import re
from pathlib import Path

import pytest
import yaml

from cagnotte.catalog.programme_file.connected_sources import ConnectedSection
from cagnotte.hooks import manager

FOLDER = Path(__file__).parents[2] / "docs" / "how-to" / "sources"
PAGES = sorted(FOLDER.glob("*.md"))
OF_PLUGINS = [page for page in PAGES if page.stem in manager.source_plugins()]

_YAML = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", OF_PLUGINS, ids=lambda page: page.stem)
def test_the_example_of_a_source_is_a_source(page: Path) -> None:
    told = [yaml.safe_load(found) for found in _YAML.findall(page.read_text(encoding="utf-8"))]
    sections = [
        section for one in told for section in one.get("sources", ()) if "plugin" in section
    ]
    assert sections
    for section in sections:
        assert ConnectedSection.model_validate(section).plugin == page.stem


@pytest.mark.parametrize("page", OF_PLUGINS, ids=lambda page: page.stem)
def test_all_settings_and_secrets_are_on_the_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    plugin = manager.source_plugin(page.stem)
    assert [one.name for one in plugin.settings if one.name not in text] == []
    if any(one.secret for one in plugin.settings):
        assert "cagnotte sources secret" in text


@pytest.mark.parametrize("page", OF_PLUGINS, ids=lambda page: page.stem)
def test_how_sure_we_are_is_what_the_plugin_says(page: Path) -> None:
    plugin = manager.source_plugin(page.stem)
    assert plugin.proof.value in page.read_text(encoding="utf-8").lower()
