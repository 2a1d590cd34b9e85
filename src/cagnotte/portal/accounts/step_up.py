"""Is it you? Asked before what would hurt in the wrong hands: bank details, money leaving, how one signs in.

A page calls `needs_step_up(visit)` first and returns what it gets, unless that is None:

    led = needs_step_up(visit)
    if led:
        return led

Signing in is a proof, too. Who has an authenticator app is asked for more than a code by e-mail: whoever reads the mail
alone does not get further.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from django.http import HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from cagnotte.identity import proofs
from cagnotte.portal.visit import Visit

PROOF_SECONDS = proofs.PROOF_SECONDS
"""So long a proof holds."""


def needs_step_up(visit: Visit) -> HttpResponse | None:
    """Return a redirect to the page that asks for a proof, which leads back here; None while the last one holds.

    What a form held is not kept: ask before showing it, and again when it arrives.
    """
    if proved_lately(visit):
        return None
    request = visit.request
    back = request.get_full_path() if request.method == "GET" else request.path
    return visit.redirect("portal_confirm", next=back)


def proved_lately(visit: Visit) -> bool:
    """Tell whether whoever is here proved within five minutes who they are, as strongly as they can."""
    return proofs.proved_lately(visit.request, now=visit.now)


def has_passkey(person: Any) -> bool:
    """Tell whether a person has a passkey."""
    return bool(
        Authenticator.objects.filter(user_id=person.pk, type=Authenticator.Type.WEBAUTHN).exists()
    )


def is_answer(form: Any) -> bool:
    """Tell whether a form holds the answer of a passkey that is right; what is no answer at all is none either."""
    try:
        return bool(form.is_valid())
    except (AttributeError, KeyError, TypeError, ValueError):
        # The library that reads it expects every part to be there.
        return False


def way_back(visit: Visit, name: str = "portal_home") -> str:
    """Return the address that `next` names, if it is one of ours; else that of a page of the programme."""
    told = visit.request.POST.get("next") or visit.request.GET.get("next", "")
    return told if is_ours(visit, told) else visit.address(name)


def is_ours(visit: Visit, address: str) -> bool:
    """Tell whether an address leads to this server."""
    return bool(address) and url_has_allowed_host_and_scheme(
        address, {visit.request.get_host()}, require_https=visit.request.is_secure()
    )
