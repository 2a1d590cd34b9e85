"""`/p/PROGRAMME/suggest/`: a shop that somebody misses."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cagnotte.catalog.suggestions import suggest_shop
from cagnotte.domain.errors import InvalidInput, Refused
from cagnotte.portal.visit import Visit, portal_page


class SuggestionForm(forms.Form):
    """A shop by its name, and its site if that is known."""

    name = forms.CharField(
        label=gettext_lazy("Name of the shop"), max_length=100, min_length=2, strip=True
    )
    site = forms.CharField(
        label=gettext_lazy("Its site, if you know it"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal_page("shops")
def suggest(visit: Visit) -> HttpResponse:
    """Keep what is suggested, for the team to look at."""
    if visit.request.method != "POST":
        told = visit.request.GET
        form = SuggestionForm(initial={"name": told.get("name", ""), "site": told.get("site", "")})
        return visit.show("portal/finding/suggest.html", form=form)
    form = SuggestionForm(visit.request.POST)
    if form.is_valid() and _kept(visit, form):
        messages.success(
            visit.request,
            _("Thank you. We noted “{shop}” and will see whether they join us.").format(
                shop=form.cleaned_data["name"]
            ),
        )
        return visit.redirect("portal_shops")
    return visit.show("portal/finding/suggest.html", form=form, status=422)


def _kept(visit: Visit, form: SuggestionForm) -> bool:
    """Keep it; say beside the form why not."""
    try:
        suggest_shop(
            programme_id=visit.programme.id,
            wallet_id=visit.member.wallet_id if visit.member else None,
            text=form.cleaned_data["name"],
            site=form.cleaned_data["site"],
            now=visit.now,
        )
    except InvalidInput:
        form.add_error("name", _("Write the name of the shop."))
    except Refused:
        form.add_error(
            None,
            _("That is as many suggestions as we can read in a day. Please come back tomorrow."),
        )
    return not form.errors
