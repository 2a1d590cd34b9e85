"""`/p/PROGRAMME/account/consents/`: what one agrees to, changed at any time, and what was said when."""

from typing import NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods

from cagnotte.domain.consents import Consent
from cagnotte.identity import consents as identity
from cagnotte.identity import terms
from cagnotte.journeys.join import SOURCE as JOINING
from cagnotte.portal.accounts.consent_texts import QUESTIONS, VERSION, Asked
from cagnotte.portal.helping.terms_text import current_terms
from cagnotte.portal.visit import Visit, member_page

SOURCE = "account"
"""Where members say so on this page, as is kept with each act."""

WHERE: dict[str, str | Promise] = {
    JOINING: _lazy("when joining"),
    SOURCE: _lazy("in your account"),
    "checkout": _lazy("at a checkout"),
}
"""Where members say so, in words; other sources are shown as they are named."""


class Switch(NamedTuple):
    """One question and what stands. is_old: agreed to in other words than today's."""

    asked: Asked
    on: bool
    act: Consent | None
    is_old: bool


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("account")
def consents(visit: Visit) -> HttpResponse:
    """Show what stands and what was said; keep what is said now."""
    if visit.request.method == "POST":
        return _said(visit)
    wallet_id = visit.wallet_id
    history = identity.history(wallet_id)
    standing = {act.purpose: act for act in history}
    words = {one.purpose: one.what for one in QUESTIONS}
    version, _text = current_terms(visit.programme)
    accepted = terms.accepted(wallet_id)
    return visit.show(
        "portal/accounts/consents.html",
        switches=[_switch(one, standing.get(one.purpose)) for one in QUESTIONS],
        history=[
            (act, words[act.purpose], WHERE.get(act.source, act.source))
            for act in reversed(history)
        ],
        accepted=list(reversed(accepted)),
        is_newest=any(one.version == version for one in accepted),
        terms_version=version,
    )


def _switch(asked: Asked, act: Consent | None) -> Switch:
    on = act is not None and act.granted
    return Switch(asked, on, act, on and act is not None and act.text_version != VERSION)


def _said(visit: Visit) -> HttpResponse:
    wallet_id = visit.wallet_id
    if visit.request.POST.get("act") == "terms":
        version, _text = current_terms(visit.programme)
        terms.accept(
            programme_id=visit.programme.id,
            wallet_id=wallet_id,
            version=version,
            source=SOURCE,
            now=visit.now,
        )
        return visit.redirect("portal_consents")
    changed = False
    for one in QUESTIONS:
        granted = one.purpose.value in visit.request.POST
        act = Consent(one.purpose, granted, visit.now, SOURCE, VERSION if granted else "")
        changed |= identity.record(wallet_id=wallet_id, consent=act)
    if changed:
        messages.success(visit.request, _("Noted. It holds from now on."))
    return visit.redirect("portal_consents")
