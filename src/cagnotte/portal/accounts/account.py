"""`/p/PROGRAMME/account/`: where everything about oneself is found."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from cagnotte.domain.member_numbers import shown
from cagnotte.identity.proofs import has_app
from cagnotte.portal.accounts.step_up import has_passkey
from cagnotte.portal.visit import Visit, member_page


@require_safe
@member_page("account")
def account(visit: Visit) -> HttpResponse:
    """Show what there is to look after."""
    assert visit.member is not None  # noqa: S101 - a member's page
    person = visit.request.user
    return visit.show(
        "portal/accounts/account.html",
        number=shown(visit.member.ref),
        has_app=has_app(person),
        has_passkey=has_passkey(person),
    )
