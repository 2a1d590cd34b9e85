"""How Sphinx builds these pages: MyST Markdown, the furo theme, warnings are errors (`make docs`)."""

import re
from pathlib import Path

from sphinx.application import Sphinx

project = "Cagnotte"
author = "the Cagnotte contributors"
project_copyright = "the Cagnotte contributors, Apache-2.0"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]

html_theme = "furo"
html_title = "Cagnotte"
html_show_sourcelink = False

ROOT = Path(__file__).parents[1]
FROM_THE_ROOT = {
    "ARCHITECTURE.md": "explanation/architecture",
    "CONTRIBUTING.md": "how-to/contribute",
    "CHANGELOG.md": "changelog",
}
"""Pages that stand at the root of the repository, and the place they have here."""

_LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def _take_from_the_root(app: Sphinx, name: str, source: list[str]) -> None:
    """Put a page of the repository's root in its place, its links leading where they lead there."""
    for file, place in FROM_THE_ROOT.items():
        if name == place:
            app.env.note_dependency(str(ROOT / file))
            source[0] = _LINK.sub(_here, (ROOT / file).read_text(encoding="utf-8"))


def _here(link: re.Match[str]) -> str:
    """Return a link as it reads from these pages; what is not among them is named without a link."""
    text, target, anchor = link[1], link[2], link[3] or ""
    if target in FROM_THE_ROOT:
        return f"[{text}](/{FROM_THE_ROOT[target]}.md{anchor})"
    return f"[{text}](/{target[5:]}{anchor})" if target.startswith("docs/") else text


def setup(app: Sphinx) -> None:
    """Connect what is above."""
    app.connect("source-read", _take_from_the_root)
