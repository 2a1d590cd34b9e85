"""The portal's frame around pages that are not its own: those of signing in, and "there is nothing here".

A context processor: where somebody came from a portal, `frame` names its base template and the rest is what that
needs; elsewhere there is no frame, and such pages take the developers'.
"""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from cagnotte.domain.errors import NotFound
from cagnotte.identity.memberships import member_at
from cagnotte.portal.look import look_of
from cagnotte.portal.visit import SESSION_PORTAL, Visit

ELSEWHERE = ("/developers/", "/admin/")
"""Whoever is on the way there signs in under the developers' roof."""


def around(request: HttpRequest) -> dict[str, Any]:
    """Return what a page needs to be shown in the frame of a portal; nothing for others."""
    slug = _slug(request)
    if not slug:
        return {}
    try:
        programme, look = look_of(slug)
    except NotFound:
        return {}

    def visit() -> Visit:
        person = request.user
        member = member_at(person, programme.id) if person.is_authenticated else None
        now = timezone.now()  # noqa: TID251 - the edge: a page reads the clock once and passes it on
        return Visit(request, programme, look, member, "account", now)

    # Asked for by such pages alone: those of the portal bring their own.
    here = SimpleLazyObject(visit)
    return {
        "frame": "portal/base.html",
        "programme": programme,
        "look": look,
        "visit": here,
        "member": SimpleLazyObject(lambda: here.member),
        "section": "account",
    }


def _slug(request: HttpRequest) -> str:
    if request.path.startswith("/p/"):
        return request.path.split("/")[2]
    if not request.path.startswith("/accounts/"):
        return ""
    to = request.POST.get("next") or request.GET.get("next", "")
    return "" if to.startswith(ELSEWHERE) else str(request.session.get(SESSION_PORTAL, ""))
