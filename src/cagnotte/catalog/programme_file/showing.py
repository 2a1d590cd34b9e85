"""From the file's sections to what members are shown: the storefront, kinds of shops, and the shops' pages."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cagnotte.catalog import drawings
from cagnotte.catalog.programme_file import schema
from cagnotte.catalog.programme_file.problems import Loc
from cagnotte.catalog.programme_file.storefront import Texts
from cagnotte.domain import links
from cagnotte.domain.errors import InvalidInput

Report = Callable[[Loc, str], None]
"""Takes the place and the sentence of a problem."""


class StorefrontFacts(NamedTuple):
    """How a programme shows itself; see `models.Storefront`."""

    joining: bool = True
    promise: Texts = {}  # noqa: RUF012 - never changed
    hue: int | None = None
    logo: str = ""
    contact_email: str = ""
    company: dict[str, str] = {}  # noqa: RUF012 - never changed


class KindFacts(NamedTuple):
    """A kind of shop; see `models.ShopCategory`."""

    ref: str
    name: Texts
    icon: str


class PageFacts(NamedTuple):
    """What a shop's page tells, and by which words it is found; see `models.ShopPage`."""

    merchant_ref: str
    name: str
    told: dict[str, Any]
    logo: str
    words: str


class Shown(NamedTuple):
    """All that members are shown of a programme file, in its order."""

    storefront: StorefrontFacts
    kinds: list[KindFacts]
    pages: list[PageFacts]


def show(file: schema.ProgrammeFile, folder: Path, report: Report) -> Shown:
    """Make what is shown; logos are read from `folder`, and those that cannot be shown are reported and left out."""
    read = _Drawings(folder, report)
    own = file.storefront
    storefront = StorefrontFacts(
        joining=own.joining,
        promise=own.promise or {},
        hue=own.accent,
        logo=read(own.logo, ("storefront", "logo")),
        contact_email=own.contact_email or "",
        company=own.company.model_dump(exclude_defaults=True, by_alias=True),
    )
    kinds = [KindFacts(one.ref, one.name, one.icon or "") for one in file.shop_categories]
    names = {kind.ref: kind.name for kind in kinds}
    pages = [
        PageFacts(
            merchant.ref,
            merchant.name or merchant.ref,
            merchant.page.told(),
            read(merchant.page.logo, ("merchants", index, "page", "logo")),
            "\n".join(dict.fromkeys(_words(merchant, names))),
        )
        for index, merchant in enumerate(file.merchants)
    ]
    return Shown(storefront, kinds, pages)


def _words(merchant: schema.MerchantSection, kinds: dict[str, Texts]) -> Iterator[str]:
    """Give what a shop is found by, its name first: other names, hosts, and the kinds it belongs to."""
    yield merchant.name or merchant.ref
    for alias in merchant.page.aliases:
        yield " ".join(alias.split())
    for host in ([links.host_of(merchant.site)] if merchant.site else []) + merchant.hosts:
        yield host.removeprefix("www.")
    for ref in merchant.page.categories:
        yield from kinds.get(ref, {}).values()


class _Drawings:
    """Reads logos from files beside the programme file."""

    def __init__(self, folder: Path, report: Report) -> None:
        self._folder, self._report = folder, report

    def __call__(self, name: str | None, loc: Loc) -> str:
        """Return a drawing, "" where none is named or it cannot be shown, which is reported."""
        if name is None:
            return ""
        try:
            with (self._folder / name).open("rb") as file:
                return drawings.checked(file.read(drawings.BYTES_MAX + 1).decode("utf-8-sig"))
        except OSError as error:
            self._report(loc, f"“{name}” cannot be read: {error.strerror}.")
        except UnicodeDecodeError:
            self._report(loc, f"“{name}” is not UTF-8; save the file as UTF-8.")
        except InvalidInput as error:
            self._report(loc, f"“{name}”: {error.sentence}")
        return ""
