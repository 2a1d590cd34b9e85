"""`/p/PROGRAMME/contact/`: a message to whoever runs the programme.

It goes out by mail, and is kept for a year in case that the mail is lost. Whoever writes too often is asked to wait;
what is known of a visitor for that is a keyed hash of the address they come from.
"""

from datetime import datetime, timedelta

import structlog
from django import forms
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cagnotte.domain.ids import bucket_of
from cagnotte.platform.secrets_box import fingerprint
from cagnotte.platform.visitors import address_of
from cagnotte.portal.models import Letter
from cagnotte.portal.visit import Visit, portal_page

log = structlog.get_logger(__name__)

LETTERS_AN_HOUR = 5
"""So many messages may come from one place to one programme in an hour."""

KEPT_DAYS = 365

TEXT_LENGTH_MAX = 5000

ABOUT = {
    "purchase": gettext_lazy("A purchase or a claim"),
    "payout": gettext_lazy("A payout"),
    "account": gettext_lazy("My account or signing in"),
    "data": gettext_lazy("My data"),
    "accessibility": gettext_lazy("Something stands in my way (accessibility)"),
    "shop": gettext_lazy("I run a shop"),
    "other": gettext_lazy("Something else"),
}


class ContactForm(forms.Form):
    """What is asked. `website` is a trap: people do not see it, programs fill it in."""

    about = forms.ChoiceField(label=gettext_lazy("What is it about?"), choices=list(ABOUT.items()))
    name = forms.CharField(
        label=gettext_lazy("Your name (if you like)"), max_length=200, required=False
    )
    reply_to = forms.EmailField(
        label=gettext_lazy("E-mail address for the answer"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Your message"),
        max_length=TEXT_LENGTH_MAX,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=gettext_lazy("Never send a password or a whole card number."),
    )
    website = forms.CharField(required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@portal_page("help")
def contact(visit: Visit) -> HttpResponse:
    """Show the form, or take what was written."""
    if visit.request.method != "POST":
        return _form(visit, ContactForm(initial=_known(visit)))
    form = ContactForm(visit.request.POST)
    if not form.is_valid():
        return _form(visit, form)
    if form.cleaned_data["website"]:
        return visit.redirect("portal_contact", sent=1)
    if _writes_too_often(visit):
        form.add_error(None, _("That is many messages in a short time. Try again in an hour."))
        return _form(visit, form)
    _send(visit, form)
    return visit.redirect("portal_contact", sent=1)


def _form(visit: Visit, form: ContactForm) -> HttpResponse:
    sent = "sent" in visit.request.GET and not form.is_bound
    return visit.show("portal/helping/contact.html", form=form, sent=sent)


def _known(visit: Visit) -> dict[str, str]:
    """Return what need not be asked."""
    about = visit.request.GET.get("about", "")
    known = {"about": about if about in ABOUT else "purchase"}
    if visit.member is not None:
        known.update(name=visit.member.name, reply_to=visit.member.email)
    return known


def _sender(request: HttpRequest) -> str:
    return fingerprint(f"contact {address_of(request)}")


def _writes_too_often(visit: Visit) -> bool:
    since = visit.now - timedelta(hours=1)
    lately = Letter.objects.filter(
        programme_id=visit.programme.id, sender_hash=_sender(visit.request), written_at__gt=since
    )
    return lately.count() >= LETTERS_AN_HOUR


def _send(visit: Visit, form: ContactForm) -> None:
    """Keep the message and send it on; one whose mail fails stays, with why, and is lost to nobody."""
    forget_old_letters(now=visit.now)
    told = form.cleaned_data
    letter = Letter.objects.create(
        programme_id=visit.programme.id,
        wallet_id=visit.wallet_id if visit.member else None,
        bucket=bucket_of(visit.wallet_id) if visit.member else None,
        about=told["about"],
        name=told["name"],
        reply_to=told["reply_to"],
        text=told["text"],
        sender_hash=_sender(visit.request),
        written_at=visit.now,
    )
    to = visit.look.storefront.contact_email
    if not to:
        letter.problem = "The programme names no address (storefront: contact_email)."
        letter.save(update_fields=["problem"])
        return
    with override("en"):
        subject = f"[{visit.programme.name}] {ABOUT[told['about']]} (no. {letter.pk})"
    who = f"Member {visit.member.ref}" if visit.member else "A visitor"
    mail = EmailMessage(
        # A name may hold anything; a subject is one line.
        " ".join(subject.split()),
        f"{who} {told['name']}".strip() + f" <{told['reply_to']}> wrote:\n\n{told['text']}\n",
        to=[to],
        reply_to=[told["reply_to"]],
    )
    try:
        mail.send()
    except OSError as error:
        log.warning("mail_lost", what="contact", letter=letter.pk, problem=type(error).__name__)
        letter.problem = f"{type(error).__name__}: {error}"[:300]
        letter.save(update_fields=["problem"])
        return
    letter.sent_at = timezone.now()  # noqa: TID251 - when the mail server took it, not when the page was asked for
    letter.save(update_fields=["sent_at"])


def forget_old_letters(*, now: datetime) -> int:
    """Delete messages that are older than a year, in all programmes; return how many."""
    return Letter.objects.filter(written_at__lt=now - timedelta(days=KEPT_DAYS)).delete()[0]
