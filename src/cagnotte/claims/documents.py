"""Proofs that members hand in: looked at by their content, made harmless, kept outside all that is served.

A picture is drawn anew, which leaves out where and with what it was taken, and whatever was hidden in it. A PDF is
kept as it is, but for those that could do something when they are opened. Files are sealed as bank details are, and
named by a random id, in a folder and with modes that only this system's user may read.
"""

import hashlib
import io
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

import pypdf
import structlog
from django.conf import settings
from PIL import Image, ImageOps, UnidentifiedImageError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from cagnotte.domain.errors import InvalidInput, NotFound
from cagnotte.platform.secrets_box import SEALED, seal_bytes, unseal_bytes

log = structlog.get_logger(__name__)

SIZE_MAX_BYTES = 8 * 1024 * 1024

PIXELS_MAX = 25_000_000
"""Larger pictures are not opened: a small file can hold one that fills the memory. One of this size takes 100 MB."""

SIDE_MAX = 3_000
"""Pixels of the longer side that are kept: enough to read a receipt."""

PDF_OBJECTS_MAX = 20_000

KINDS = {
    "pdf": "application/pdf",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}
"""What is taken, and what it is served as."""

ACTIVE = frozenset(
    {
        "/JS",
        "/JavaScript",
        "/Launch",
        "/EmbeddedFiles",
        "/EmbeddedFile",
        "/RichMedia",
        "/XFA",
        "/AA",
    }
)
"""Names in a PDF (ISO 32000-1, 12.6 and 7.11.4) of what runs, opens or carries something."""

NAME_LENGTH_MAX = 120

_ONE_AT_A_TIME = Lock()
"""Held while a picture is open: a process never holds more than one, however many are sent at once."""

_UNWANTED = re.compile(r'[\x00-\x1f\x7f/\\<>:"|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]')


@dataclass(frozen=True, slots=True)
class Checked:
    """A proof that may be kept: its content, drawn anew where it is a picture."""

    name: str
    kind: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Of what is kept."""
        return hashlib.sha256(self.content).hexdigest()


REFUSALS = {
    "empty": "The file is empty.",
    "too_big": "The file is larger than 8 MB.",
    "wrong_kind": "This is no PDF, JPEG, PNG or WebP.",
    "not_readable": "The file cannot be read.",
    "too_many_pixels": "The picture has more than 25 million pixels.",
    "protected": "The PDF is protected by a password.",
    "active": "The PDF holds a program or other files; print it to a new PDF and hand in that one.",
}
"""Why a file is not taken, by the reason that the error carries."""


def check(name: str, content: bytes) -> Checked:
    """Look at a file by its content, whatever its name says. Raises InvalidInput, with its `reason`."""
    if not content:
        raise _refusal("empty")
    if len(content) > SIZE_MAX_BYTES:
        raise _refusal("too_big")
    # Readers of PDF look for its mark in the first kilobyte; ours demands it at the start.
    if content.startswith(b"%PDF-"):
        _check_pdf(content)
        return Checked(_named(name, "pdf"), "pdf", content)
    kind, drawn = _drawn_anew(content)
    return Checked(_named(name, kind), kind, drawn)


def _named(name: str, kind: str) -> str:
    """Return a name that is safe to show and to save, with the ending of what the file really is."""
    stem = _UNWANTED.sub("", Path(name).name).strip(" .").rpartition(".")
    base = (stem[0] or stem[2])[: NAME_LENGTH_MAX - 5].strip(" .") or "proof"
    return f"{base}.{'jpg' if kind == 'jpeg' else kind}"


# ---- pictures -------------------------------------------------------------------------------------------------


def _refusal(reason: str) -> InvalidInput:
    return InvalidInput(REFUSALS[reason], reason=reason)


def _drawn_anew(content: bytes) -> tuple[str, bytes]:
    try:
        found = Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP"))
    except UnidentifiedImageError:
        raise _refusal("wrong_kind") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _refusal("too_many_pixels") from None
    if found.width * found.height > PIXELS_MAX:
        raise _refusal("too_many_pixels")
    kind = (found.format or "").lower()
    with _ONE_AT_A_TIME:
        bare = _pixels(found, "RGB" if kind == "jpeg" else "RGBA")
        drawn = _saved(bare, kind)
        if len(drawn) > SIZE_MAX_BYTES and kind != "jpeg":
            # A photograph as PNG can be far larger than it came; it is drawn on white where it lets through.
            paper = Image.new("RGB", bare.size, "white")
            paper.paste(bare, mask=bare.getchannel("A"))
            kind, drawn = "jpeg", _saved(paper, "jpeg")
    if len(drawn) > SIZE_MAX_BYTES:
        raise _refusal("too_big")
    return kind, drawn


def _pixels(found: Image.Image, mode: str) -> Image.Image:
    """Return a picture's pixels alone, upright and of the size that is kept. Raises InvalidInput.

    It is made smaller before anything copies it: a JPEG while it is read, others where they lie.
    """
    try:
        share = min(1, SIDE_MAX / max(found.size))
        found.draft("RGB", (ceil(found.width * share), ceil(found.height * share)))
        found.thumbnail((SIDE_MAX, SIDE_MAX))
        ImageOps.exif_transpose(found, in_place=True)
        plain = found.convert(mode)
    # A broken picture can make its reader fail in any way; the member is told one thing.
    except Exception:  # noqa: BLE001
        raise _refusal("not_readable") from None
    # What else the file held is left behind.
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    return bare


def _saved(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "png":
        picture.save(out, "PNG", optimize=False)
    else:
        picture.save(out, kind.upper(), quality=85)
    return out.getvalue()


# ---- PDF ------------------------------------------------------------------------------------------------------


def _check_pdf(content: bytes) -> None:
    try:
        reader = pypdf.PdfReader(io.BytesIO(content), strict=False)
        is_protected = reader.is_encrypted
        is_active = not is_protected and _does_something(reader)
        is_empty = not is_protected and not reader.pages
    # As with pictures: a broken file can make its reader fail in any way.
    except Exception:  # noqa: BLE001
        raise _refusal("not_readable") from None
    if is_protected:
        raise _refusal("protected")
    if is_active:
        raise _refusal("active")
    if is_empty:
        raise _refusal("not_readable")


def _does_something(reader: pypdf.PdfReader) -> bool:
    """Walk through everything that can be reached from the PDF's root."""
    seen: set[int] = set()
    waiting: list[Any] = [reader.trailer]
    count = 0
    while waiting:
        one = waiting.pop()
        if isinstance(one, IndirectObject):
            if one.idnum in seen:
                continue
            seen.add(one.idnum)
            one = one.get_object()
        count += 1
        if count > PDF_OBJECTS_MAX * 10 or len(seen) > PDF_OBJECTS_MAX:
            raise _refusal("not_readable")
        if isinstance(one, DictionaryObject):
            if ACTIVE & {str(name) for name in one} or str(dict.get(one, "/S")) in ACTIVE:
                return True
            waiting.extend(_values(one))
        elif isinstance(one, ArrayObject):
            waiting.extend(list.__iter__(one))
    return False


def _values(found: DictionaryObject) -> Iterable[Any]:
    """Give a dictionary's values as they stand, references not followed."""
    return [dict.__getitem__(found, key) for key in found]


# ---- files ----------------------------------------------------------------------------------------------------


def folder() -> Path:
    """Where the files are: `claims` in the folder of all that Cagnotte keeps."""
    return Path(settings.DATA_DIR) / "claims"


def write(document_id: UUID, content: bytes) -> None:
    """Write a file, sealed, for our own user alone."""
    place = folder()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = place / document_id.hex
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(seal_bytes(content))


def read(document_id: UUID) -> bytes:
    """Return what a file holds. Raises NotFound where it is gone, SecretUnreadable where its key is.

    Files of before they were sealed are read as they are: no proof that is taken begins as a sealed one does.
    """
    try:
        kept = (folder() / document_id.hex).read_bytes()
    except FileNotFoundError:
        raise NotFound("The file is no longer there.", document_id=document_id) from None
    return unseal_bytes(kept) if kept.startswith(SEALED) else kept


def delete(document_id: UUID) -> bool:
    """Delete a file, if it is there; return whether it is gone.

    One that the system does not let go is logged by its id, which is its name in the folder.
    """
    try:
        (folder() / document_id.hex).unlink(missing_ok=True)
    except OSError as error:
        log.error(  # noqa: TRY400 - the kind of the error and the file say it all
            "a proof could not be deleted", document=str(document_id), error=type(error).__name__
        )
        return False
    return True
