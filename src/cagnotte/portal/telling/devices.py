"""`/p/PROGRAMME/notices/device/`: browsers say that they may be pushed to, or no more."""

import json
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cagnotte.domain.errors import CagnotteError, InvalidInput
from cagnotte.domain.ids import parse_public_id
from cagnotte.identity.memberships import memberships_of
from cagnotte.notices import devices
from cagnotte.notices.devices import Subscription
from cagnotte.portal.visit import Visit, member_page

BODY_BYTES_MAX = 8_192

SESSION_DEVICES = "devices"
"""In the session: the ids of what this browser is pushed to by, which end when it signs out."""

ENDPOINTS_MAX = 20
"""Most addresses that are read from a form: more than one browser has portals."""


@require_POST
@member_page("notices")
def device(visit: Visit) -> HttpResponse:
    """Keep what a browser's push service gave it, as `PushSubscription.toJSON()`; or forget a device, by a form."""
    if visit.request.content_type != "application/json":
        _forget(visit)
        return visit.redirect("portal_channels")
    try:
        subscription = _subscription(visit.request.body)
        device_id = devices.add(
            programme_id=visit.programme.id,
            wallet_id=visit.wallet_id,
            subscription=subscription,
            name=devices.name_of(visit.request.headers.get("User-Agent", "")),
            now=visit.now,
        )
    except CagnotteError as error:
        return JsonResponse({"error": error.sentence}, status=HTTPStatus.BAD_REQUEST)
    known = visit.request.session.get(SESSION_DEVICES, [])
    visit.request.session[SESSION_DEVICES] = sorted({*known, str(device_id)})
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def forget_browser(visit: Visit) -> None:
    """Push no more to the browser that signs out, whichever programmes of this server it was told of.

    It is known by its session, and by the addresses that the page's script adds to the form.
    """
    person = visit.request.user
    if not person.is_authenticated:
        return
    devices.remove_browser(
        wallet_ids=[one.member.wallet_id for one in memberships_of(person)],
        device_ids=[UUID(text) for text in visit.request.session.get(SESSION_DEVICES, [])],
        endpoints=visit.request.POST.getlist("endpoint")[:ENDPOINTS_MAX],
    )


def _subscription(body: bytes) -> Subscription:
    """Read what a browser sends. Raises InvalidInput."""
    try:
        told: Any = json.loads(body[: BODY_BYTES_MAX + 1])
        return devices.checked(
            Subscription(told["endpoint"], told["keys"]["p256dh"], told["keys"]["auth"])
        )
    except (ValueError, KeyError, TypeError):
        raise InvalidInput("That is no subscription of a browser.") from None


def _forget(visit: Visit) -> None:
    try:
        device_id = parse_public_id(devices.PREFIX, visit.request.POST.get("forget", ""))
    except ValueError:
        return
    if devices.remove(wallet_id=visit.wallet_id, device_id=device_id):
        messages.success(visit.request, _("This device gets no more notices."))
