"""Where a link to a shop may lead: to the shop, and nowhere else.

Whoever can write any address into a link of ours could send its readers to a page of their own under our name. So a
link names a page of the shop, and what it names is taken apart and put together again here: only `https`, only hosts
that the programme file names for the shop or hosts below them, no names or passwords before the host, and none of the
letters that browsers read differently from servers (backslashes, spaces, control characters).
"""

import re
from collections.abc import Collection
from urllib.parse import quote

from cagnotte.domain.errors import InvalidInput

CLICK_PARAMETER = "cagnotte_click"
"""What our reference is called in the address of a shop that tells its orders itself."""

ADDRESS_LENGTH_MAX = 1_000
"""Characters of an address that is asked for; longer ones are not followed."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.(?!\d+$)[a-z0-9-]*[a-z0-9]")
_ADDRESS = re.compile(r"(https)://([^/?#]*)([/?#].*)?", re.IGNORECASE)
_HERE = re.compile(r"(http)://((?:localhost|127\.0\.0\.1)(?::\d{1,5})?)([/?#].*)?", re.IGNORECASE)
_MISREAD = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]")
_RESERVED = "!#$%&'()*+,/:;=?@[]~"
"""Left as they are in what follows the host; all else that is not plain is written in percent signs."""


def host(text: str) -> str:
    """Return the name of a host in small letters. Raises InvalidInput for what is none, such as a number or a path."""
    name = text.strip().lower()
    if not _HOST.fullmatch(name):
        raise InvalidInput(f"“{text}” is no host; write it as shop.example.")
    return name


def site(text: str) -> str:
    """Return the front page of a shop as it is kept, with a path.

    `https`, but for a server on this machine, where somebody is trying things out. Raises InvalidInput.
    """
    found = None if _MISREAD.search(text) else _ADDRESS.fullmatch(text) or _HERE.fullmatch(text)
    if found is None or len(text) > ADDRESS_LENGTH_MAX:
        raise InvalidInput(f"“{text}” is no address of a shop; write it as https://shop.example/.")
    name = found[2].lower() if found[1].lower() == "http" else host(found[2])
    return f"{found[1].lower()}://{name}{_rest(found[3])}"


def _rest(written: str | None) -> str:
    """Return what follows the host, with a path, as plain characters."""
    rest = written or "/"
    return quote(rest if rest.startswith("/") else f"/{rest}", safe=_RESERVED)


def landing(front: str, hosts: Collection[str], asked: str) -> str | None:
    """Return the page of a shop that a link asks for; None when it is not the shop's, or not clear.

    front: the shop's front page, as `site` returns it; it is meant where nothing is asked. hosts: the other hosts of
    the shop. asked: a path from the root, such as /sale?page=2, or a whole address.
    """
    if not asked:
        return front
    if len(asked) > ADDRESS_LENGTH_MAX or _MISREAD.search(asked):
        return None
    if asked.startswith("/"):
        return None if asked.startswith("//") else origin(front) + quote(asked, safe=_RESERVED)
    found = _ADDRESS.fullmatch(asked)
    if found is None or not _is_theirs(found[2].lower(), {host_of(front), *hosts}):
        return None
    return f"https://{found[2].lower()}{_rest(found[3])}"


def _is_theirs(name: str, hosts: Collection[str]) -> bool:
    """Whether a host is one of these, or below one of them."""
    return bool(_HOST.fullmatch(name)) and any(
        name == own or name.endswith(f".{own}") for own in hosts
    )


def is_followed(address: str) -> bool:
    """Tell whether an address made by somebody else, such as a network's, is one that browsers follow as it reads."""
    found = _MISREAD.search(address) is None and _ADDRESS.fullmatch(address)
    return bool(found and _HOST.fullmatch(found[2].lower())) or bool(_HERE.fullmatch(address))


def origin(address: str) -> str:
    """Return the scheme and host of an address, without a slash."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{re.split('[/?#]', rest, maxsplit=1)[0]}"


def host_of(address: str) -> str:
    """Return the host of an address, with its port if it names one."""
    return origin(address).partition("://")[2]


def page_of(address: str) -> str:
    """Return what follows the host of an address: path, query and fragment; "" for the front page."""
    rest = address[len(origin(address)) :]
    return "" if rest == "/" else rest


def with_click(address: str, ref: str) -> str:
    """Return an address of a shop with our reference in its query, in place of any that stood there."""
    page, hash_sign, fragment = address.partition("#")
    path, _, query = page.partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0] != CLICK_PARAMETER]
    query = "&".join([*kept, f"{CLICK_PARAMETER}={ref}"])
    return f"{path}?{query}{hash_sign}{fragment}"
