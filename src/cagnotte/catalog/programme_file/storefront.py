"""How a programme and its shops show themselves to members: words, colours, drawings. None of it touches money."""

import re
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from cagnotte.catalog.colours import FULL_TURN, hue_of
from cagnotte.catalog.programme_file.problems import meant
from cagnotte.catalog.programme_file.scalars import Days, Slug
from cagnotte.domain.errors import CagnotteError

LANGUAGES = ("en", "fr")

ANY_LANGUAGE = "any"
"""Under this a text stands that was written in one language alone; it is shown to all."""

TEXT_LENGTH_MAX = 2_000

Texts = dict[str, str]
"""A text by language, or under `ANY_LANGUAGE`."""

_EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+")


def texts_from(value: object) -> Texts:
    """Read a plain text, or one by language. Raises ValueError with a sentence."""
    told = {ANY_LANGUAGE: value} if isinstance(value, str) else value
    if not isinstance(told, dict) or not told:
        raise ValueError("Write a text, or one for each language: {en: …, fr: …}.")
    for language, text in told.items():
        if language not in (*LANGUAGES, ANY_LANGUAGE):
            raise ValueError(
                f"“{language}” is no language of the pages; these are {' and '.join(LANGUAGES)}."
            )
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"The text in “{language}” is missing.")
        if len(text) > TEXT_LENGTH_MAX:
            raise ValueError(f"The text is too long; at most {TEXT_LENGTH_MAX} letters fit.")
    return {language: " ".join(text.split()) for language, text in told.items()}


def hue_from(value: object) -> int:
    """Read a hue from 0 to 359, or the hue of a colour such as #0a7d55. Raises ValueError with a sentence."""
    text = str(value).strip()
    if text.isascii() and text.isdigit() and int(text) < FULL_TURN:
        return int(text)
    try:
        return hue_of(text)
    except CagnotteError as error:
        raise ValueError(error.sentence) from error


@cache
def icons() -> frozenset[str]:
    """Return the names of the drawings in our sprite."""
    sprite = files("cagnotte.ui").joinpath("static/ui/icons.svg").read_text(encoding="utf-8")
    return frozenset(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite))


def _icon(text: str) -> str:
    if text not in icons():
        raise ValueError(
            f"There is no icon “{text}”{meant(text, icons()) or '.'} The style guide shows them all."
        )
    return text


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError(f"“{text}” is no e-mail address.")
    return text


def _svg_file(text: str) -> str:
    if not text.lower().endswith(".svg"):
        raise ValueError(f"“{text}” is no drawing we can show; name a file that ends in .svg.")
    return text


Text = Annotated[
    Texts,
    BeforeValidator(texts_from),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {language: {"type": "string"} for language in LANGUAGES},
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            ],
            "description": "A text, or one by language: {en: …, fr: …}.",
        },
        mode="validation",
    ),
]
Hue = Annotated[
    int,
    BeforeValidator(hue_from),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer", "minimum": 0, "maximum": 359}, {"type": "string"}],
            "description": "A hue, or a colour such as #0a7d55.",
        },
        mode="validation",
    ),
]
Icon = Annotated[str, AfterValidator(_icon)]
SvgFile = Annotated[str, AfterValidator(_svg_file)]


class _Section(BaseModel):
    """A mapping of known keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CompanySection(_Section):
    """Who runs the programme, for its legal pages."""

    name: str = Field(default="", max_length=200, description="The legal person.")
    address: str = Field(default="", max_length=500, description="Its seat.")
    registered: str = Field(
        default="",
        alias="register",
        max_length=200,
        description="Where it is registered, with its number.",
    )
    vat: str = Field(default="", max_length=50, description="Its VAT number.")
    publisher: str = Field(default="", max_length=200, description="Who answers for the pages.")
    host: str = Field(
        default="", max_length=500, description="Who runs the servers: name, address."
    )
    mediator: str = Field(
        default="", max_length=500, description="The consumers' mediator: name, address, site."
    )


class StorefrontSection(_Section):
    """How the programme shows itself to its members."""

    joining: bool = Field(default=True, description="Whether anybody may become a member.")
    promise: Text | None = Field(default=None, description="One line on the front page.")
    accent: Hue | None = Field(
        default=None,
        description="The colour of its pages, as a hue from 0 to 359 or as a colour such as #0a7d55, of which the "
        "hue is taken: text stays readable on every one. Default: Cagnotte's own.",
    )
    logo: SvgFile | None = Field(
        default=None,
        description="A file beside this one: an SVG drawing of 20 kB at most, without scripts and without anything "
        "from outside. Default: the name alone.",
    )
    contact_email: Annotated[str, AfterValidator(_email)] | None = Field(
        default=None, description="Where members write to."
    )
    company: CompanySection = Field(
        default=CompanySection(), description="Who runs it, for the legal pages."
    )


class ShopCategorySection(_Section):
    """A kind of shop, by which members look around; not to be taken for categories of products."""

    ref: Slug = Field(description="Its name in addresses and in the shops' pages.")
    name: Text = Field(description="Its name for people.")
    icon: Icon | None = Field(default=None, description="A drawing of the style guide.")


class ClaimsSection(_Section):
    """When a member may claim cashback that is missing, and with what."""

    accepted: bool = Field(default=True, description="Whether it can be claimed at all.")
    after_days: Days | None = Field(
        default=None,
        description="Days after the purchase from which on. Default: by when nine of ten purchases were known, as "
        "measured; else 7.",
    )
    within_days: Annotated[int, Field(ge=1, le=3660)] = Field(
        default=90, description="Days after the purchase until which."
    )
    needs: list[Literal["order_number", "order_date", "amount", "confirmation"]] = Field(
        default=["order_number", "order_date", "amount"],
        description="What is asked for; `confirmation` is the shop's message, as a file.",
    )


class PageSection(_Section):
    """What a shop's own page tells. Rates, delays and the base of calculation are told without it."""

    description: Text | None = Field(
        default=None, description="What the shop is, in a line or two."
    )
    categories: list[str] = Field(default=[], description="Kinds of shops it belongs to.")
    aliases: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        default=[], description="Other names it is looked for by."
    )
    logo: SvgFile | None = Field(
        default=None, description="A file beside this one: an SVG drawing, as the programme's."
    )
    featured: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, description="Its place on the front page, from 1. Default: by what it gives."
    )
    online: bool | None = Field(
        default=None, description="One can buy on its site. Default: where it has one."
    )
    in_store: bool | None = Field(
        default=None, description="One can buy in its shops. Default: where it has no site."
    )
    base: list[Text] = Field(
        default=[],
        description="What rates are counted on, in the shop's own words. Default: what its contract says.",
    )
    gives: list[Text] = Field(default=[], description="What cashback is given on.")
    gives_not: list[Text] = Field(default=[], description="What it is not given on.")
    you_must: list[Text] = Field(default=[], description="What a member has to do for it.")
    coupons: Literal["all", "listed", "none"] | None = Field(
        default=None,
        description="Codes that may be used: all, only those told here, or none. Default: as the contract says.",
    )
    first_days_to_track: Days | None = Field(
        default=None,
        description="Days until a purchase is usually seen, told until there is something to measure.",
    )
    claims: ClaimsSection = Field(
        default=ClaimsSection(), description="When missing cashback can be claimed."
    )

    def told(self) -> dict[str, Any]:
        """Return what pages read, as JSON holds it."""
        kept: dict[str, Any] = self.model_dump(
            mode="json", exclude={"aliases", "logo"}, exclude_defaults=True
        )
        return kept
