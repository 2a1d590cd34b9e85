"""What others made is as they made it, and what we build is built from the sources beside it."""

import gzip
import re
from hashlib import sha256, sha512
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UI = ROOT / "src" / "cagnotte" / "ui"
WIDGETS = ROOT / "widgets"

WIDGETS_GZIP_MAX = 15_000

LICENCES = {"0BSD", "ISC", "MPL-2.0", "OFL-1.1"}


def vendored() -> list[list[str]]:
    rows = (UI / "vendor.lock").read_text(encoding="utf-8").splitlines()
    return [row.split(" ") for row in rows if not row.startswith("#")]


def built() -> dict[str, str]:
    rows = (WIDGETS / "build.lock").read_text(encoding="utf-8").splitlines()
    return dict(row.split(" ") for row in rows if not row.startswith("#"))


@pytest.mark.parametrize("row", vendored(), ids=lambda row: Path(row[0]).name)
def test_a_vendored_file_is_untouched(row: list[str]) -> None:
    path, package, version, licence, digest = row

    assert sha512((ROOT / path).read_bytes()).hexdigest() == digest
    assert licence in LICENCES
    assert f'"{package}": "{version}"' in (WIDGETS / "package.json").read_text(encoding="utf-8")


def test_everything_that_looks_vendored_is_in_the_lock() -> None:
    known = {row[0] for row in vendored()}
    there = {
        str(path.relative_to(ROOT))
        for pattern in ("*.woff2", "*LICENSE", "icons.svg", "*.min.js")
        for folder in (UI, ROOT / "src" / "cagnotte" / "portal", ROOT / "tests" / "pages")
        for path in folder.rglob(pattern)
    }

    assert there == known


def test_icons_that_pages_name_are_in_the_sprite() -> None:
    sprite = (UI / "static" / "ui" / "icons.svg").read_text(encoding="utf-8")
    drawn = set(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite))
    named = {
        name
        for file in (ROOT / "src" / "cagnotte").rglob("templates/**/*.html")
        for name in re.findall(
            r'(?:<c-icon name|<c-[a-z_]+[^>]* icon)="([a-z0-9-]+)"', file.read_text("utf-8")
        )
    }

    assert named - drawn == set()


def test_the_script_is_the_one_built_from_the_sources() -> None:
    lock = built()
    script = ROOT / "src" / "cagnotte" / "portal" / "static" / "widgets" / "v1.js"
    sources = {
        f"src/{path.name}": sha256(path.read_bytes()).hexdigest()
        for path in (WIDGETS / "src").glob("*.js")
    }

    assert lock == {**sources, "v1.js": sha256(script.read_bytes()).hexdigest()}, (
        "sources changed: cd widgets && npm ci --ignore-scripts && npm run build"
    )


def test_the_script_stays_light() -> None:
    script = ROOT / "src" / "cagnotte" / "portal" / "static" / "widgets" / "v1.js"

    assert len(gzip.compress(script.read_bytes(), mtime=0)) < WIDGETS_GZIP_MAX


def test_the_script_needs_neither_eval_nor_markup_from_text() -> None:
    script = ROOT / "src" / "cagnotte" / "portal" / "static" / "widgets" / "v1.js"
    text = script.read_text(encoding="utf-8")

    for forbidden in (
        "eval(",
        "new Function",
        "innerHTML",
        "document.write",
        'setAttribute("style"',
    ):
        assert forbidden not in text
