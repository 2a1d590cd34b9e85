"""A code sent to an address: whoever types it in reads what arrives there.

The same is sent to an address that somebody has an account with and to one that nobody has, so that the pages tell
nobody who is a member. What is kept is the session's: a keyed hash of the code, how often it was sent. How often it
was tried is counted beside the other limits, one request after the other: a session read by many requests at once
would count them as one.
"""

import enum
import re
from dataclasses import asdict, dataclass, field, replace

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from cagnotte.domain.errors import Refused
from cagnotte.identity.addresses import folded
from cagnotte.identity.people import person_of
from cagnotte.platform.secrets_box import fingerprint
from cagnotte.portal.visit import Visit

SESSION_CODE = "portal_asked"

CODE_SECONDS = 600
"""So long a code is valid."""

ATTEMPTS = 5
"""So often a code may be mistyped."""

SENDINGS = 4
"""So many codes are sent for one question, the first included."""

_SEPARATORS = re.compile(r"[\s\-.]+")


class Purpose(enum.StrEnum):
    """What a code is for; one that was sent for something else is none."""

    SIGN_IN = "sign_in"
    CONFIRM = "confirm"
    ADDRESS = "address"


class Answer(enum.Enum):
    """What was typed in: the code, something else, or something else once too often."""

    RIGHT = enum.auto()
    WRONG = enum.auto()
    OVER = enum.auto()


@dataclass(frozen=True, slots=True)
class Asked:
    """A code that was sent. at: seconds since 1970. told: what the page must not forget meanwhile."""

    purpose: str
    programme: str
    email: str
    code: str
    at: float
    sendings: int = 1
    told: dict[str, str] = field(default_factory=dict)

    @property
    def may_send_again(self) -> bool:
        """Whether another code would still be sent."""
        return self.sendings < SENDINGS


def ask(visit: Visit, purpose: Purpose, email: str, **told: str) -> None:
    """Send a code to an address.

    Raises Refused when codes were asked for too often, and allauth's ImmediateHttpResponse where no mail goes out.
    """
    _keep(
        visit,
        Asked(
            purpose,
            visit.programme.slug,
            email,
            _sent(visit, purpose, email),
            _seconds(visit),
            told=told,
        ),
    )


def ask_again(visit: Visit, asked: Asked) -> None:
    """Send another code in place of the last. Raises as `ask`, and Refused after the fourth."""
    if not asked.may_send_again:
        raise Refused(too_many())
    code = _sent(visit, Purpose(asked.purpose), asked.email)
    _keep(
        visit,
        replace(asked, code=code, at=_seconds(visit), sendings=asked.sendings + 1),
    )


def asked(visit: Visit, purpose: Purpose) -> Asked | None:
    """Return the code that is waited for, None when there is none, or it is too old."""
    kept = visit.request.session.get(SESSION_CODE)
    if not isinstance(kept, dict):
        return None
    found = Asked(**kept)
    if (found.purpose, found.programme) != (purpose, visit.programme.slug):
        return None
    # Nobody comes in by an address that another may be taken for; a person who has one is asked there all the same.
    is_usable = purpose == Purpose.CONFIRM or found.email.isascii()
    if _seconds(visit) - found.at > CODE_SECONDS or not is_usable:
        forget(visit)
        return None
    return found


def answer(visit: Visit, asked: Asked, typed: str) -> Answer:
    """Compare what was typed with the code, which serves once: right or wrong too often, it is forgotten."""
    text = _SEPARATORS.sub("", typed).upper()
    may_try = _try(visit, asked)
    if may_try and constant_time_compare(_hash(asked.email, text), asked.code):
        forget(visit)
        return Answer.RIGHT
    if may_try and _try(visit, asked, only_ask=True):
        return Answer.WRONG
    forget(visit)
    return Answer.OVER


def _try(visit: Visit, asked: Asked, *, only_ask: bool = False) -> bool:
    """Count an attempt at one code; return False when there were too many."""
    tries = f"{ATTEMPTS}/{CODE_SECONDS}s/key"
    return bool(
        ratelimit.consume(
            visit.request,
            app="cagnotte",
            action="type_code",
            config={"type_code": tries},
            key=asked.code,
            dry_run=only_ask,
        )
    )


def forget(visit: Visit) -> None:
    """Wait for no code any more."""
    visit.request.session.pop(SESSION_CODE, None)


def _sent(visit: Visit, purpose: Purpose, email: str) -> str:
    """Send a code; return what is kept of it."""
    request = visit.request
    if not _may_send(visit, purpose, email):
        raise Refused(too_many())
    adapter = get_adapter(request)
    code = adapter.generate_login_code()
    told = {"code": code, "purpose": str(purpose), "house": visit.programme.name}
    # To the address as it is kept where it is somebody's: what was typed has found it, and no more.
    known = person_of(email)
    to = known.email if known and known.email else email
    adapter.send_mail("portal/accounts/mails/code", to, told)
    return _hash(email, _SEPARATORS.sub("", code))


def _may_send(visit: Visit, purpose: Purpose, email: str) -> bool:
    """Count a code for an address. Those of signing in, which anybody may ask for, use up none of the others."""
    address = folded(email)
    key = address if purpose == Purpose.SIGN_IN else f"{purpose} {address}"
    return bool(
        ratelimit.consume(
            visit.request, app="allauth.account", action="request_login_code", key=key
        )
    )


def _hash(email: str, code: str) -> str:
    return fingerprint(f"code {folded(email)} {code}")


def _keep(visit: Visit, asked: Asked) -> None:
    visit.request.session[SESSION_CODE] = asdict(asked)


def _seconds(visit: Visit) -> float:
    return visit.now.timestamp()


# ---- sentences ------------------------------------------------------------------------------------------------


def wrong() -> str:
    """Say that it was not the code."""
    return _("That is not the code we sent. Look again: it is the last one that arrived.")


def over() -> str:
    """Say that the code cannot be used any more."""
    return _("That code is over. Ask for another one.")


def too_many() -> str:
    """Say that no further code is sent just now."""
    return _("That was a lot of codes in a short time. Wait a while, then ask again.")
