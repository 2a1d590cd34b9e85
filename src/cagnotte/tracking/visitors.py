"""Who follows a link: a person, a program that reads links, or a browser that asks before its person has clicked.

Decided by the request's headers alone, and nothing of them is kept but the class of the device and what the visitor
said about being measured. The words are few on purpose: a program taken for a person costs one row that leads to no
purchase, a person taken for a program costs them their reward.
"""

import enum
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from cagnotte.tracking.models import Click


class Asking(enum.Enum):
    """Who asks."""

    PERSON = "person"
    ROBOT = "robot"
    """Reads links on its own: search engines, previews in messages, watchers, tools."""
    AHEAD = "ahead"
    """A browser that fetches what might be clicked next."""
    EMBEDDED = "embedded"
    """A page that loads the link as an image or in a frame: nobody sees the shop, and nobody chose it."""


class Visitor(NamedTuple):
    """Who asks, with what, and what they have said about being measured."""

    asking: Asking
    device: Click.Device
    consent: Click.Consent


_ROBOT = re.compile(
    # Names that programs give themselves in general, then those that have none of these words. Browsers inside other
    # applications are people: Facebook's own program is "facebookexternalhit", its readers have FBAN or FBAV. Cubot
    # makes telephones.
    r"(?<!cu)bot\b|bot[/;-]|crawl|spider|slurp|archiver|scraper|headless|phantomjs|lighthouse|pagespeed|preview"
    r"|validator|link ?check|facebookexternalhit|facebookcatalog|meta-external|mediapartners-google|apis-google"
    r"|google-read-aloud|googleother|feedfetcher|embedly|iframely|quora link|vkshare|outbrain|flipboardproxy"
    r"|uptime|pingdom|statuscake|site24x7|newrelic"
    # Tools say who they are in the first place.
    r"|^(?:whatsapp|python|aiohttp|httpx|curl|wget|libwww|java|go-http-client|php|guzzle|ruby|perl|okhttp|axios"
    r"|node|undici|postman|insomnia|apache-httpclient|snap url|zgrab|nmap|masscan|censys)",
    re.IGNORECASE,
)
_AHEAD = re.compile(r"prefetch|prerender", re.IGNORECASE)
_TABLET = re.compile(
    r"ipad|tablet|playbook|silk(?!.*mobile)|kindle|android(?!.*mobile)", re.IGNORECASE
)
_PHONE = re.compile(r"mobi|iphone|ipod|android|windows phone|blackberry|opera mini", re.IGNORECASE)

_AHEAD_HEADERS = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
"""Of today's standard and of older browsers. Safari says "preview" for the pictures of its start page."""

_REFUSALS = ("HTTP_SEC_GPC", "HTTP_DNT")
"""Global Privacy Control, and the older Do Not Track: both say no with a 1."""

AGENTS_MAX = 4_096
"""Names of browsers whose class is remembered, since the same ones come again and again; in memory alone."""


def visitor_of(environ: Mapping[str, Any]) -> Visitor:
    """Tell who asks, by the headers of a request under their names in WSGI, such as HTTP_USER_AGENT."""
    refused = any(environ.get(name) == "1" for name in _REFUSALS)
    is_robot, device = _class_of(environ.get("HTTP_USER_AGENT", ""))
    if environ.get("HTTP_SEC_CH_UA_MOBILE") == "?1":
        device = Click.Device.PHONE
    return Visitor(
        _asking(environ, is_robot=is_robot),
        device,
        Click.Consent.REFUSED if refused else Click.Consent.UNASKED,
    )


def _asking(environ: Mapping[str, Any], *, is_robot: bool) -> Asking:
    purposes = " ".join([environ[name] for name in _AHEAD_HEADERS if name in environ])
    if purposes and _AHEAD.search(purposes):
        return Asking.AHEAD
    if is_robot or "preview" in purposes:
        return Asking.ROBOT
    if environ.get("HTTP_SEC_FETCH_DEST", "document") != "document":
        return Asking.EMBEDDED
    return Asking.PERSON


@lru_cache(maxsize=AGENTS_MAX)
def _class_of(agent: str) -> tuple[bool, Click.Device]:
    """Tell by a browser's name whether it is a program, and what it runs on. Every browser names itself."""
    is_robot = not agent or _ROBOT.search(agent) is not None
    if _TABLET.search(agent):
        return is_robot, Click.Device.TABLET
    return is_robot, Click.Device.PHONE if _PHONE.search(agent) else Click.Device.WEB
