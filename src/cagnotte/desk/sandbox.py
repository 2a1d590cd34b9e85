"""The sandbox of a programme: what it is, and a new one in its place."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cagnotte.desk.access import Visit, staff_page
from cagnotte.identity.models import ApiKey, Member
from cagnotte.identity.staff import Ability
from cagnotte.journeys import sandbox as sandboxes


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Ability.RESET_SANDBOX, "desk_sandbox")
def sandbox(visit: Visit) -> HttpResponse:
    """Show the sandbox; make it, or begin a new one once its name was typed."""
    found = sandboxes.sandbox_of(visit.programme.id)
    typed = ""
    wrong = False
    if visit.request.method == "POST":
        if found is None:
            sandboxes.make(visit.programme, now=visit.now)
            messages.success(visit.request, _("The sandbox is there, with the rules of now."))
            return _back(visit)
        typed = visit.request.POST.get("name", "").strip()
        wrong = typed != visit.programme.slug
        if not wrong:
            sandboxes.start_anew(visit.programme, now=visit.now)
            messages.success(
                visit.request, _("The sandbox is empty again; your test keys open the new one.")
            )
            return _back(visit)
    return visit.show(
        "desk/sandbox.html",
        sandbox=found,
        keys=ApiKey.objects.filter(programme=found, revoked_at=None).count() if found else 0,
        members=Member.objects.filter(programme=found).count() if found else 0,
        typed=typed,
        wrong=wrong,
        status=422 if wrong else 200,
    )


def _back(visit: Visit) -> HttpResponse:
    return HttpResponseRedirect(reverse("desk_sandbox", args=(visit.programme.slug,)))
