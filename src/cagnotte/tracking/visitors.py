"""Who follows a link: a person, a program that reads links, or a browser that asks before its person has clicked.

Decided by the request's headers alone, and nothing of them is kept but the class of the device and what the visitor
said about being measured. The words are few on purpose: a program taken for a person costs one row that leads to no
purchase, a person taken for a program costs them their reward.
"""

import enum
import re
from collections.abc import Mapping
from typing import NamedTuple

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

_AHEAD_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
"""Of today's standard and of older browsers. Safari says "preview" for the pictures of its start page."""

_REFUSALS = ("Sec-GPC", "DNT")
"""Global Privacy Control, and the older Do Not Track: both say no with a 1."""


def visitor_of(headers: Mapping[str, str]) -> Visitor:
    """Tell who asks, by the headers of a request, whose names are found in any case."""
    agent = headers.get("User-Agent", "")
    refused = any(headers.get(name) == "1" for name in _REFUSALS)
    consent = Click.Consent.REFUSED if refused else Click.Consent.UNASKED
    return Visitor(_asking(headers, agent), _device(headers, agent), consent)


def _asking(headers: Mapping[str, str], agent: str) -> Asking:
    purposes = " ".join(headers.get(name, "") for name in _AHEAD_HEADERS)
    if _AHEAD.search(purposes):
        return Asking.AHEAD
    # Every browser names itself.
    if not agent or "preview" in purposes or _ROBOT.search(agent):
        return Asking.ROBOT
    if headers.get("Sec-Fetch-Dest", "document") != "document":
        return Asking.EMBEDDED
    return Asking.PERSON


def _device(headers: Mapping[str, str], agent: str) -> Click.Device:
    if headers.get("Sec-CH-UA-Mobile") == "?1":
        return Click.Device.PHONE
    if _TABLET.search(agent):
        return Click.Device.TABLET
    return Click.Device.PHONE if _PHONE.search(agent) else Click.Device.WEB
