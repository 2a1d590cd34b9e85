"""The log of requests to the REST interface: what was asked, what was answered, by the id that every answer carries."""

from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from cagnotte.desk.access import Visit, staff_page
from cagnotte.domain import ids
from cagnotte.domain.errors import NotFound
from cagnotte.identity import api_calls, api_keys
from cagnotte.identity.api_calls import KEPT_DAYS, Sought
from cagnotte.identity.models import ApiCall, ApiKey
from cagnotte.identity.staff import Ability
from cagnotte.journeys.sandbox import sandbox_of

PAGE = 50
"""Requests on one page."""

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")

ABOUT_LENGTH_MAX = 100


class Asked(NamedTuple):
    """What the visitor looks for, as it stands in the page's address; key: a public id."""

    mode: str
    failed: bool
    method: str
    key: str
    about: str

    def query(self, **more: str) -> str:
        """Return it as the query of an address."""
        told = {
            "mode": self.mode,
            "failed": "1" if self.failed else "",
            "method": self.method,
            "key": self.key,
            "about": self.about,
            **more,
        }
        return urlencode({name: value for name, value in told.items() if value})


class Line(NamedTuple):
    """A request on a page. state, icon: as `<c-chip>` has them."""

    id: str
    call: ApiCall
    state: str
    icon: str


@require_safe
@staff_page(Ability.LOOK, "desk_requests")
def requests(visit: Visit) -> HttpResponse:
    """List the last requests, narrowed as asked; a request's own id leads to it."""
    asked = _asked(visit)
    if asked.about.startswith("req_"):
        return HttpResponseRedirect(
            reverse("desk_request", args=(visit.programme.slug, asked.about))
        )
    owners = owners_of(visit)
    owner = owners.get(asked.mode)
    known = api_keys.keys_of(visit.programme.id)
    found: list[ApiCall] = []
    if owner is not None:
        sought = Sought(asked.failed, asked.method, _key_id(asked.key), asked.about)
        before = _call(owner, visit.request.GET.get("before", ""))
        found = api_calls.calls(owner, sought, count=PAGE + 1, before=before)
    older = ids.public_id("req", found[PAGE - 1].id) if len(found) > PAGE else ""
    return visit.show(
        "desk/requests.html",
        asked=asked,
        lines=[line_of(call) for call in found[:PAGE]],
        older=asked.query(before=older) if older else "",
        is_narrowed=asked != Asked(asked.mode, failed=False, method="", key="", about=""),
        has_sandbox="test" in owners,
        methods=METHODS,
        keys=[(ids.public_id("key", row.id), row) for row in known if row.mode == asked.mode],
        kept_days=KEPT_DAYS,
    )


@require_safe
@staff_page(Ability.LOOK, "desk_requests")
def request(visit: Visit, id: str) -> HttpResponse:  # noqa: A002 - the part of the address
    """Show one request of the programme or its sandboxes."""
    call, mode = _found(visit, id)
    key = ApiKey.objects.filter(id=call.key_id).first()
    return visit.show(
        "desk/request.html",
        line=line_of(call),
        mode=mode,
        key=key,
        kept_days=KEPT_DAYS,
    )


def line_of(call: ApiCall) -> Line:
    """Return a request as pages show it."""
    if call.status >= 500:  # noqa: PLR2004 - our fault, as HTTP counts
        state, icon = "bad", "circle-x"
    elif call.status >= 400:  # noqa: PLR2004 - the asker's
        state, icon = "wait", "triangle-alert"
    else:
        state, icon = "good", "check"
    return Line(ids.public_id("req", call.id), call, state, icon)


def _asked(visit: Visit) -> Asked:
    """Read the address; what cannot be meant is left out."""
    told = visit.request.GET
    method = told.get("method", "").upper()
    return Asked(
        "test" if told.get("mode") == "test" else "live",
        failed=bool(told.get("failed")),
        method=method if method in METHODS else "",
        key=told.get("key", "")[:ABOUT_LENGTH_MAX],
        about=told.get("about", "").replace("\x00", "").strip()[:ABOUT_LENGTH_MAX],
    )


def last_lines(visit: Visit, count: int) -> list[Line]:
    """Return the last requests, live and of the sandbox together."""
    found = [
        call for owner in owners_of(visit).values() for call in api_calls.calls(owner, count=count)
    ]
    found.sort(key=lambda call: call.at, reverse=True)
    return [line_of(call) for call in found[:count]]


def owners_of(visit: Visit) -> dict[str, UUID]:
    """Whose requests are shown, by mode."""
    owners = {"live": visit.programme.id}
    sandbox = sandbox_of(visit.programme.id)
    if sandbox is not None:
        owners["test"] = sandbox.id
    return owners


def _found(visit: Visit, text: str) -> tuple[ApiCall, str]:
    """Return a request and its mode. Raises NotFound."""
    for mode, owner in owners_of(visit).items():
        call = _call(owner, text)
        if call is not None:
            return call, mode
    raise NotFound(f"There is no request {text}, or it is too long ago.")


def _call(owner: UUID, text: str) -> ApiCall | None:
    try:
        return api_calls.call(owner, ids.parse_public_id("req", text))
    except ValueError:
        return None


def _key_id(text: str) -> UUID | None:
    try:
        return ids.parse_public_id("key", text)
    except ValueError:
        return None
