"""`/p/PROGRAMME/vouchers/`: money of the cagnotte on a code, for the shops that take it."""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cagnotte.domain import voucher_codes
from cagnotte.domain.errors import NotFound, Refused
from cagnotte.domain.ids import parse_public_id, public_id
from cagnotte.domain.vouchers import Terms, VoucherState
from cagnotte.identity.proofs import PROOF_SECONDS
from cagnotte.journeys import spending_rules, watch
from cagnotte.journeys import vouchers as journey
from cagnotte.journeys.spending_rules import Place
from cagnotte.journeys.vouchers import Counter
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.accounts.step_up import needs_step_up, proved_lately
from cagnotte.portal.spending import codes, words
from cagnotte.portal.spending.amounts import AmountField
from cagnotte.portal.spending.sent_before import First, first_of
from cagnotte.portal.spending.withdrawing import TOKEN_LENGTH_MAX
from cagnotte.portal.visit import Visit, member_page
from cagnotte.wallet import voucher_views
from cagnotte.wallet.voucher_views import VoucherView

VALID_DAYS = 365
"""How long a voucher that a member buys can be used; what is left then is the member's money again."""

PAGE = 20

SESSION_BOUGHT = "bought"
"""In the session: the voucher that was just bought and when; it is shown once even if the proof ran out on the way."""

OPEN = (VoucherState.ISSUED, VoucherState.PART_USED)


class VoucherForm(forms.Form):
    """How much, and for which shop."""

    def __init__(self, data: Any, *, currency: str, most_minor: int, places: list[Place]) -> None:
        """Take what was sent, and what may be chosen."""
        super().__init__(data)
        self.fields["amount"] = AmountField(
            label=_("Amount"), currency=currency, most_minor=most_minor
        )
        choices = [("", _("Any of these shops")), *((one.ref, one.name) for one in places)]
        self.fields["shop"] = forms.ChoiceField(label=_("Shop"), choices=choices, required=False)


@dataclass(frozen=True, slots=True)
class Row:
    """A voucher in the list; shop: the only one that takes it, "" for all."""

    voucher: VoucherView
    shop: str
    is_open: bool

    @property
    def id(self) -> str:
        """As it stands in addresses."""
        return public_id("vou", self.voucher.id)


def counter_of(visit: Visit) -> Counter:
    """Return in which programme and when a member acts."""
    return Counter(visit.programme.id, visit.programme.currency, visit.now, visit.today)


@require_safe
@member_page()
def vouchers(visit: Visit) -> HttpResponse:
    """List vouchers, newest first."""
    connection = shared_connection()
    before = visit.request.GET.get("before")
    found = voucher_views.vouchers_page(
        connection,
        visit.programme.id,
        wallet_id=visit.wallet_id,
        before=_own(visit, before).id if before else None,
        at_most=PAGE + 1,
    )
    names = _names(visit)
    rows = [_row(visit, one, names) for one in found[:PAGE]]
    older = visit.address("portal_vouchers", before=rows[-1].id) if len(found) > PAGE else ""
    return visit.show(
        "portal/spending/vouchers.html", rows=rows, older=older, places=_places(visit)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_page()
def buy(visit: Visit) -> HttpResponse:
    """Ask how much a voucher shall be worth and where, and make it."""
    led = needs_step_up(visit)
    if led is not None:
        return led
    places = _places(visit)
    if not places:
        return visit.redirect("portal_vouchers")
    available_minor = _available(visit)
    sent = visit.request.method == "POST"
    form = VoucherForm(
        visit.request.POST if sent else None,
        currency=visit.programme.currency,
        most_minor=available_minor,
        places=places,
    )
    first: First | None = None
    if sent and form.is_valid():
        try:
            made = _issue(visit, form, {one.ref: one.merchant_id for one in places})
        except Refused as error:
            first = first_of(visit, error)
            if first is None:
                form.add_error("amount", words.refused(error, currency=visit.programme.currency))
        else:
            visit.request.session[SESSION_BOUGHT] = [made.id.hex, visit.now.timestamp()]
            return visit.redirect("portal_voucher", public_id("vou", made.id), done=1)
    return visit.show(
        "portal/spending/voucher_new.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if sent else HTTPStatus.OK,
        form=form,
        places=places,
        available_minor=available_minor,
        until=visit.today + timedelta(days=VALID_DAYS),
        token=("" if first else visit.request.POST.get("token")) or uuid4().hex,
        first=first,
    )


def _issue(visit: Visit, form: VoucherForm, shops: dict[str, UUID]) -> VoucherView:
    """Make the voucher, once for each form. Raises Refused, of several kinds."""
    token = visit.request.POST.get("token", "")[:TOKEN_LENGTH_MAX]
    terms = Terms(
        currency=visit.programme.currency,
        amount_minor=form.cleaned_data["amount"],
        valid_from=visit.today,
        valid_until=visit.today + timedelta(days=VALID_DAYS),
        merchant_id=shops.get(form.cleaned_data["shop"]),
    )
    return journey.issue(
        shared_connection(),
        counter_of(visit),
        wallet_id=visit.wallet_id,
        reference=f"portal/{public_id('wal', visit.wallet_id)}/{token}",
        terms=terms,
    )


@require_safe
@member_page()
def voucher(visit: Visit, voucher: str) -> HttpResponse:
    """Show one voucher: what it still holds, what it paid; its code to who proved lately that it is theirs to use."""
    own = _own(visit, voucher)
    names = _names(visit)
    row = _row(visit, own, names)
    code = qr = ""
    if row.is_open and (_just_bought(visit, own) or proved_lately(visit)):
        code = voucher_codes.shown(journey.code_of(own))
        signed = own.terms.signed
        text = journey.signed(shared_connection(), counter_of(visit), own) if signed else code
        qr = codes.drawn(text, _("QR code of the voucher"))
    uses = voucher_views.uses_of_voucher(shared_connection(), own.id)
    return visit.show(
        "portal/spending/voucher.html",
        row=row,
        code=code,
        qr=qr,
        prove=visit.address("portal_confirm", next=visit.address("portal_voucher", row.id)),
        uses=[(use, names.get(use.merchant_id, "")) for use in uses],
        done=visit.request.GET.get("done") == "1",
    )


def _just_bought(visit: Visit, own: VoucherView) -> bool:
    """Tell whether whoever is here comes from buying it; the next time they are asked like anybody else."""
    identity, at = visit.request.session.pop(SESSION_BOUGHT, ("", 0))
    return bool(identity == own.id.hex and visit.now.timestamp() - at < PROOF_SECONDS)


def _row(visit: Visit, one: VoucherView, names: dict[UUID, str]) -> Row:
    shop = names.get(one.terms.merchant_id, "") if one.terms.merchant_id else ""
    is_open = one.state in OPEN and one.terms.valid_until >= visit.today
    return Row(one, shop, is_open)


def _own(visit: Visit, text: str) -> VoucherView:
    """Return a voucher of whoever is here. Raises Http404, NotFound for another's, and for what is none."""
    try:
        identity = parse_public_id("vou", text)
    except ValueError:
        raise Http404 from None
    found = voucher_views.voucher(shared_connection(), visit.programme.id, identity)
    if found.wallet_id != visit.wallet_id:
        raise NotFound("There is no such voucher.")
    return found


def _names(visit: Visit) -> dict[UUID, str]:
    return spending_rules.shop_names(visit.programme.id)


def _places(visit: Visit) -> list[Place]:
    return spending_rules.places(visit.programme.id, visit.today)


def _available(visit: Visit) -> int:
    balances = watch.balances(
        shared_connection(), visit.programme, visit.wallet_id, today=visit.today
    )
    return balances.available_minor
