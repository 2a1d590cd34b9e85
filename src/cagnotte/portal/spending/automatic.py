"""`/p/PROGRAMME/withdraw/automatic/`: paid without asking, by a rule that is off until the member sets one."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cagnotte.domain.errors import NotFound
from cagnotte.journeys import auto_payout
from cagnotte.journeys.ask_payout import Outlook
from cagnotte.payouts import auto_rules
from cagnotte.payouts.auto_rules import ABOVE, MONTHLY, RuleView, When
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.accounts.step_up import needs_step_up
from cagnotte.portal.spending import words
from cagnotte.portal.spending.amounts import AmountField, typed
from cagnotte.portal.spending.withdrawing import desk_of, outlook_of
from cagnotte.portal.visit import Visit, member_page

OFF = "off"
USUAL_MINOR = 2_500
"""Proposed where a member has no rule yet, unless the programme's minimum is larger."""


class RuleForm(forms.Form):
    """When to be paid."""

    kind = forms.ChoiceField(choices=[(OFF, OFF), (ABOVE, ABOVE), (MONTHLY, MONTHLY)])

    def __init__(self, data: Any, *, outlook: Outlook, rule: RuleView | None) -> None:
        """Take what was sent, the programme's limits and the rule there is."""
        rules = outlook.rules
        proposed = max(rules.threshold_minor, USUAL_MINOR)
        above = rule.above_minor if rule and rule.above_minor else proposed
        initial = {
            "kind": rule.kind if rule and rule.active else OFF,
            "above": typed(above, rules.currency),
            "day": rule.month_day if rule and rule.month_day else 1,
        }
        super().__init__(data, initial=initial)
        self.fields["above"] = AmountField(
            label=_("Amount"),
            required=False,
            currency=rules.currency,
            least_minor=max(rules.threshold_minor, 1),
        )
        self.fields["day"] = forms.IntegerField(
            label=_("Day of the month"),
            required=False,
            min_value=1,
            max_value=auto_rules.MONTH_DAY_MAX,
            help_text=_("In a shorter month, its last day."),
        )

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen rule needs, and for no more."""
        told = super().clean() or {}
        needed = {ABOVE: "above", MONTHLY: "day"}.get(told.get("kind", ""))
        for field in {"above", "day"} - {needed}:
            self.errors.pop(field, None)
        if needed and told.get(needed) is None and needed not in self.errors:
            self.add_error(needed, _("This is needed for the rule you chose."))
        return told

    @property
    def when(self) -> When | None:
        """The rule that was chosen, None for none."""
        told = self.cleaned_data
        if told["kind"] == ABOVE:
            return When(above_minor=told["above"])
        return When(month_day=told["day"]) if told["kind"] == MONTHLY else None


@require_http_methods(["GET", "HEAD", "POST"])
@member_page()
def automatic(visit: Visit) -> HttpResponse:
    """Show the rule, and change it."""
    led = needs_step_up(visit)
    if led is not None:
        return led
    outlook = outlook_of(visit)
    if outlook is None:
        raise NotFound("The programme pays nothing out.")
    rule = auto_rules.rule_of(shared_connection(), visit.wallet_id)
    sent = visit.request.method == "POST"
    form = RuleForm(visit.request.POST if sent else None, outlook=outlook, rule=rule)
    if sent and form.is_valid():
        return _save(visit, form.when)
    return visit.show(
        "portal/spending/automatic.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if sent else HTTPStatus.OK,
        outlook=outlook,
        rule=rule,
        form=form,
        chosen=form["kind"].value(),
        came=words.outcome(rule.outcome) if rule and rule.tried_on else "",
    )


def _save(visit: Visit, when: When | None) -> HttpResponse:
    connection, desk = shared_connection(), desk_of(visit)
    if when is None:
        auto_payout.rest(connection, desk, wallet_id=visit.wallet_id)
        messages.success(visit.request, _("Automatic payouts are off."))
    else:
        auto_payout.choose(connection, desk, wallet_id=visit.wallet_id, when=when)
        messages.success(visit.request, _("Automatic payouts are on. We tell you each time."))
    return visit.redirect("portal_auto_payout")
