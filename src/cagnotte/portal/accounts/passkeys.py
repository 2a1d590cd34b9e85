"""What a browser needs to ask for a passkey; it answers with a form."""

from allauth.mfa.webauthn.internal import auth
from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from cagnotte.portal.visit import Visit, portal_page


@never_cache
@require_GET
@portal_page("account")
def options(visit: Visit) -> HttpResponse:
    """Return what to ask for: the passkeys of whoever is signed in, else any that knows this server."""
    person = visit.request.user if visit.request.user.is_authenticated else None
    return JsonResponse(auth.begin_authentication(person))
