"""Proofs are known by what they hold, never by what they are called."""

import io
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any
from uuid import uuid4

import pypdf
import pytest
from PIL import Image
from pypdf.generic import DictionaryObject, NameObject, TextStringObject
from pytest_django import Settings

from cagnotte.claims import documents
from cagnotte.domain.errors import InvalidInput
from cagnotte.platform.secrets_box import SEALED, SecretUnreadable


def pdf(change: Any = None, password: str = "") -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    if change:
        change(writer)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def picture(kind: str, size: tuple[int, int] = (30, 20), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, kind, **more)
    return out.getvalue()


def action(name: str) -> Any:
    """Let a page do something when it is opened, by a reference as programs write it."""

    def change(writer: pypdf.PdfWriter) -> None:
        told = DictionaryObject(
            {NameObject("/S"): NameObject(name), NameObject("/F"): TextStringObject("a")}
        )
        writer.root_object[NameObject("/OpenAction")] = writer._add_object(told)

    return change


def named(name: str) -> Any:
    """Let the whole document hold something by a name."""

    def change(writer: pypdf.PdfWriter) -> None:
        told = DictionaryObject({NameObject(name): DictionaryObject()})
        writer.root_object[NameObject("/Names")] = told

    return change


def reason(name: str, content: bytes) -> object:
    with pytest.raises(InvalidInput) as refused:
        documents.check(name, content)
    return refused.value.facts["reason"]


def test_a_pdf_stays_as_it_is() -> None:
    content = pdf()
    checked = documents.check("facture n° 12.PDF", content)

    assert (checked.name, checked.kind, checked.content) == ("facture n° 12.pdf", "pdf", content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (pdf(named("/JavaScript")), "active"),
        (pdf(lambda writer: writer.add_attachment("a.exe", b"MZ")), "active"),
        (pdf(action("/Launch")), "active"),
        (pdf(action("/JavaScript")), "active"),
        (pdf(password="secret"), "protected"),
        (b"%PDF-1.4\n" + b"<<" * 5000, "not_readable"),
        (pdf()[:200], "not_readable"),
        (picture("PNG")[:60], "not_readable"),
        (picture("GIF"), "wrong_kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "wrong_kind"),
        (b"PK\x03\x04", "wrong_kind"),
        (b"", "empty"),
    ],
)
def test_what_could_do_harm_or_cannot_be_read_is_refused(content: bytes, why: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert reason("proof.pdf", content) == why


@pytest.mark.parametrize(
    ("kind", "name"), [("JPEG", "a.jpg"), ("PNG", "a.png"), ("WEBP", "a.webp")]
)
def test_a_picture_is_drawn_anew_without_what_it_hid(kind: str, name: str) -> None:
    exif = Image.Exif()
    exif[0x0110] = "Telltale"
    content = picture(kind, exif=exif) + b"PK\x03\x04 and a program behind it"
    checked = documents.check("a.exe", content)

    assert (checked.name, checked.kind) == (name, kind.lower())
    assert b"Telltale" not in checked.content
    assert b"program" not in checked.content
    with Image.open(io.BytesIO(checked.content)) as drawn:
        assert (drawn.size, dict(drawn.getexif())) == ((30, 20), {})


def test_a_picture_is_turned_upright_and_made_smaller() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    checked = documents.check("a", picture("JPEG", (4000, 100), exif=exif))

    with Image.open(io.BytesIO(checked.content)) as drawn:
        assert drawn.size == (75, 3000)


def test_a_drawing_that_is_too_large_as_png_is_kept_as_jpeg(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(documents, "SIZE_MAX_BYTES", 400_000)
    # Grain in 256 colours: a byte for each pixel as it comes, more than that drawn anew in all colours.
    bands = [Image.effect_noise((600, 600), 90) for _ in range(3)]
    out = io.BytesIO()
    Image.merge("RGB", bands).quantize(256, Image.Quantize.FASTOCTREE).save(out, "PNG")
    assert len(out.getvalue()) < documents.SIZE_MAX_BYTES

    checked = documents.check("receipt.png", out.getvalue())

    assert (checked.name, checked.kind) == ("receipt.jpg", "jpeg")
    assert len(checked.content) <= documents.SIZE_MAX_BYTES


def test_what_lets_through_is_drawn_on_white(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(out, "PNG")
    saved = documents._saved
    monkeypatch.setattr(
        documents, "_saved", lambda one, kind: saved(one, kind) + b" " * 9_999 * (kind == "png")
    )
    monkeypatch.setattr(documents, "SIZE_MAX_BYTES", 9_999)

    checked = documents.check("a.png", out.getvalue())

    assert (checked.name, checked.kind) == ("a.jpg", "jpeg")
    with Image.open(io.BytesIO(checked.content)) as drawn:
        assert drawn.getpixel((150, 150)) == (255, 255, 255)


def test_what_stays_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = picture("PNG")
    monkeypatch.setattr(documents, "_saved", lambda _one, _kind: b" " * 99_999)
    monkeypatch.setattr(documents, "SIZE_MAX_BYTES", 9_999)
    assert reason("a.png", content) == "too_big"


PEAK = """
import re, sys
from pathlib import Path
from cagnotte.claims import documents

def now(name):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024

content, before = sys.stdin.buffer.read(), now("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
documents._drawn_anew(content)
print(now("VmHWM") - before)
"""
"""Prints the most megabytes that drawing takes, in a process that does nothing else."""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells the peak")
@pytest.mark.parametrize(
    ("kind", "size", "most"), [("PNG", (5000, 5000), 235), ("JPEG", (6000, 4000), 120)]
)
def test_a_picture_is_made_smaller_before_it_is_copied(
    kind: str, size: tuple[int, int], most: int
) -> None:
    content = picture(kind, size)
    assert len(content) < 500_000
    told = subprocess.run(
        [sys.executable, "-c", PEAK], input=content, capture_output=True, check=True
    )
    assert 0 < int(told.stdout) < most


def test_a_small_file_that_holds_a_huge_picture_is_not_opened() -> None:
    out = io.BytesIO()
    Image.new("1", (5001, 5000)).save(out, "PNG")

    assert reason("a.png", out.getvalue()) == "too_many_pixels"


@pytest.mark.parametrize("content", [pdf(), picture("JPEG"), picture("PNG"), picture("WEBP")])
def test_a_file_is_sealed_where_it_lies(content: bytes, tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR, settings.CAGNOTTE_FIELD_KEY = tmp_path, "the first key"
    one, other = uuid4(), uuid4()
    documents.write(one, content)
    lies = (documents.folder() / one.hex).read_bytes()
    assert lies.startswith(SEALED)
    assert content[:4] not in lies
    assert documents.read(one) == content
    # One that was kept before files were sealed.
    (documents.folder() / other.hex).write_bytes(content)
    assert documents.read(other) == content
    settings.CAGNOTTE_FIELD_KEY = "the next key, the first key"
    assert documents.read(one) == content
    settings.CAGNOTTE_FIELD_KEY = "another"
    with pytest.raises(SecretUnreadable):
        documents.read(one)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("a\u202egnp.exe", "agnp.png"),
        ("", "proof.png"),
        ("...", "proof.png"),
        ('x"; filename="y.html', "x; filename=y.png"),
        ("é" * 300, "é" * 115 + ".png"),
    ],
)
def test_a_name_is_shown_without_what_could_mislead(name: str, kept: str) -> None:
    assert documents.check(name, picture("PNG")).name == kept
