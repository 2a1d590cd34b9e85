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

# The schema is data for `programme-file.md`, which links to it.
html_extra_path = []

_REPOSITORY_LINK = re.compile(
    r"\[([^\]]+)\]\((?:src|tests|examples|bench|requirements|\.ci)[^)]*\)|\[([^\]]+)\]\((?:Makefile|LICENSE|pyproject\.toml)\)"
)


def _unlink(_app: Sphinx, path: Path, _parent: str, content: list[str]) -> None:
    """Turn links from the pages at the repository's root into its source files into plain text."""
    if path.parent == Path(__file__).parents[1]:
        content[0] = _REPOSITORY_LINK.sub(lambda link: link[1] or link[2], content[0])


def setup(app: Sphinx) -> None:
    """Connect what is above."""
    app.connect("include-read", _unlink)
