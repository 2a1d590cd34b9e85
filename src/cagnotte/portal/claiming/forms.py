"""Forms of claims: what a member tells of an order, and in their own words."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cagnotte.claims.services import TEXT_LENGTH_MAX, Order
from cagnotte.portal.spending.amounts import AmountField


class OrderForm(forms.Form):
    """The order that is missing. Its day lies between the visit and today."""

    def __init__(
        self, data: Any, *, currency: str, visited_on: date | None, today: date, **more: Any
    ) -> None:
        """Take what was sent, and between which days the order must lie."""
        super().__init__(data, **more)
        self._visited_on, self._today = visited_on, today
        self.fields["order_ref"] = forms.CharField(
            label=_("Order number"),
            max_length=100,
            help_text=_("As it stands in the shop’s confirmation."),
            error_messages={"required": _("Write the order number; it is in the shop’s e-mail.")},
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        )
        self.fields["ordered_on"] = forms.DateField(
            label=_("Day of the order"),
            error_messages={
                "required": _("Choose the day of the order."),
                "invalid": _("Write a day such as 2026-03-14."),
            },
            input_formats=["%Y-%m-%d", "%d/%m/%Y"],
            widget=forms.DateInput(
                format="%Y-%m-%d", attrs={"type": "date", "max": today.isoformat()}
            ),
        )
        self.fields["amount"] = AmountField(
            label=_("What you paid"),
            currency=currency,
            help_text=_("The total of the order, with delivery."),
        )
        self.fields["shop_email"] = forms.EmailField(
            label=_("Your e-mail address at the shop"),
            required=False,
            help_text=_("The shop finds the order by it."),
            error_messages={"invalid": _("Write an address such as name@example.org.")},
            widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        )
        self.fields["coupon"] = forms.CharField(
            label=_("Coupon code, if you used one"),
            required=False,
            max_length=60,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        )

    def clean_ordered_on(self) -> date:
        """See that the order lies neither before the visit nor in the future."""
        day: date = self.cleaned_data["ordered_on"]
        if day > self._today:
            raise ValidationError(_("This day has not come yet."))
        if self._visited_on and day < self._visited_on:
            told = date_format(self._visited_on, "DATE_FORMAT")
            raise ValidationError(
                _("Your visit was on {day}; the order cannot be older.").format(day=told)
            )
        return day

    def told(self) -> Order:
        """Return what was told of the order."""
        told = self.cleaned_data
        return Order(
            order_ref=told["order_ref"],
            ordered_on=told["ordered_on"],
            amount_minor=told["amount"],
            shop_email=told["shop_email"],
            coupon=told["coupon"],
        )


class WordsForm(forms.Form):
    """Something in the member's own words."""

    def __init__(self, data: Any, *, label: str, hint: str = "", **more: Any) -> None:
        """Take what was sent, and what is asked."""
        super().__init__(data, **more)
        self.fields["text"] = forms.CharField(
            label=label,
            help_text=hint,
            max_length=TEXT_LENGTH_MAX,
            error_messages={"required": _("Write a few words.")},
            widget=forms.Textarea(attrs={"rows": 4}),
        )
