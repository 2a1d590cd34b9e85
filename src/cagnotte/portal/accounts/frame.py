"""The portal's frame around pages that are not its own: those of signing in, and "there is nothing here".

A context processor: where somebody came from a portal, `frame` names its base template and the rest is what that
needs; elsewhere there is no frame, and such pages take the developers'.
"""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from cagnotte.domain.errors import NotFound
from cagnotte.identity.memberships import member_at
from cagnotte.portal.look import look_of
from cagnotte.portal.visit import SESSION_PORTAL

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

    def member() -> Any:
        person = request.user
        return member_at(person, programme.id) if person.is_authenticated else None

    return {
        "frame": "portal/base.html",
        "programme": programme,
        "look": look,
        "member": SimpleLazyObject(member),
        "section": "account",
    }


def _slug(request: HttpRequest) -> str:
    if request.path.startswith("/p/"):
        return request.path.split("/")[2]
    if not request.path.startswith("/accounts/"):
        return ""
    to = request.POST.get("next") or request.GET.get("next", "")
    return "" if to.startswith(ELSEWHERE) else str(request.session.get(SESSION_PORTAL, ""))
