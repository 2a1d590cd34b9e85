"""Who works for a programme: invite people, change roles, take them away."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from cagnotte.desk.access import Visit, staff_page
from cagnotte.domain.errors import InvalidInput, Refused
from cagnotte.identity import staff
from cagnotte.identity.staff import Ability, Role

WORDS = {
    Role.OWNER: gettext_lazy("Owner: everything, and who else may come in"),
    Role.DEVELOPER: gettext_lazy("Developer: keys, webhooks, requests, the sandbox"),
    Role.SUPPORT: gettext_lazy("Support: looks, changes nothing"),
}
"""What each role means."""


class InviteForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=staff.EMAIL_LENGTH_MAX,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=list(WORDS.items()),
        widget=forms.RadioSelect,
        initial=Role.DEVELOPER,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Ability.MANAGE_STAFF, "desk_team")
def team(visit: Visit) -> HttpResponse:
    """List who works for the programme, and invite somebody."""
    form = InviteForm(visit.request.POST or None)
    if form.is_valid():
        try:
            staff.invite(
                email=form.cleaned_data["email"], programme=visit.programme,
                role=form.cleaned_data["role"], now=visit.now, by=visit.by,
            )  # fmt: skip
        except (InvalidInput, Refused) as error:
            form.add_error(None, error.sentence)
        else:
            _tell(visit, form.cleaned_data["email"])
            return _back(visit)
    return visit.show(
        "desk/team.html",
        form=form,
        people=staff.staff_of(visit.programme.id),
        status=422 if form.errors else 200,
    )


@require_POST
@staff_page(Ability.MANAGE_STAFF, "desk_team")
def dismiss(visit: Visit, staff_id: int) -> HttpResponse:
    """Take somebody's role away."""
    try:
        gone = staff.dismiss(programme_id=visit.programme.id, staff_id=staff_id)
    except Refused as error:
        messages.error(visit.request, error.sentence)
    else:
        messages.success(
            visit.request, _("{who} has no role here any more.").format(who=gone.person.email)
        )
    return _back(visit)


def _tell(visit: Visit, email: str) -> None:
    address = visit.request.build_absolute_uri(reverse("account_request_login_code"))
    messages.success(
        visit.request,
        _("{who} may come in now: by a code, asked for at {address}").format(
            who=email, address=address
        ),
    )


def _back(visit: Visit) -> HttpResponse:
    return HttpResponseRedirect(reverse("desk_team", args=(visit.programme.slug,)))
