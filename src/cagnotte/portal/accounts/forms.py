"""What is typed in when joining, signing in and looking after an account, and how it is checked."""

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cagnotte.domain.consents import Purpose
from cagnotte.domain.errors import InvalidInput
from cagnotte.identity.addresses import check_plain
from cagnotte.identity.profiles import YOUNGEST_YEARS, check_birthday
from cagnotte.identity.staff import EMAIL_LENGTH_MAX
from cagnotte.journeys.join import NAME_LENGTH_MAX


class EmailForm(forms.Form):
    """An address, where a code will be sent."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=EMAIL_LENGTH_MAX,
        error_messages={
            "required": _("Type your e-mail address."),
            "invalid": _("This is no e-mail address: it looks like name@example.com."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )

    def clean_email(self) -> str:
        """Refuse an address that another may be taken for."""
        return check_plain(str(self.cleaned_data["email"]))


def _languages() -> list[tuple[str, str]]:
    return [(code, name) for code, name in settings.LANGUAGES]


class AboutForm(forms.Form):
    """What a member tells of themselves."""

    name = forms.CharField(
        label=_("Your name"),
        help_text=_("As you like to be called. You may leave it empty."),
        required=False,
        max_length=NAME_LENGTH_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    locale = forms.ChoiceField(
        label=_("Language of what we write to you"),
        choices=_languages,
        widget=forms.RadioSelect,
    )
    birthday = forms.DateField(
        label=_("Birthday"),
        help_text=_("Only if you like: shops may have something for you on that day."),
        required=False,
        error_messages={"invalid": _("This is no date.")},
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "autocomplete": "bday"}),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["locale"].initial = (get_language() or settings.LANGUAGE_CODE)[:2]

    def clean_name(self) -> str:
        """Refuse what no database keeps."""
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean_birthday(self) -> date | None:
        """Refuse a day on which no member can have been born."""
        told: date | None = self.cleaned_data["birthday"]
        if told is None:
            return None
        try:
            check_birthday(told, today=self.today)
        except InvalidInput as error:
            if "years" in error.facts:
                young = _("Members are %(years)s or older.") % {"years": YOUNGEST_YEARS}
                raise forms.ValidationError(young) from None
            raise forms.ValidationError(_("Nobody who reads this was born on that day.")) from None
        return told


class JoiningForm(AboutForm):
    """The last step of joining."""

    marketing = forms.BooleanField(required=False)
    analytics = forms.BooleanField(required=False)
    sponsor = forms.CharField(
        label=_("Code of a friend"),
        help_text=_("If somebody invited you."),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    terms = forms.BooleanField(
        error_messages={"required": _("Without the terms we cannot keep a cagnotte for you.")}
    )

    @property
    def agreed(self) -> frozenset[Purpose]:
        """The purposes that were ticked."""
        return frozenset(purpose for purpose in Purpose if self.cleaned_data.get(purpose.value))


class ProfileForm(AboutForm):
    """What a member may change."""

    country = forms.CharField(
        label=_("Country"),
        help_text=_("Two letters, such as FR."),
        required=False,
        min_length=2,
        max_length=2,
        widget=forms.TextInput(attrs={"autocomplete": "country", "autocapitalize": "characters"}),
    )

    def clean_country(self) -> str:
        """Write it as it is kept; refuse what is no code."""
        told = str(self.cleaned_data["country"]).upper()
        if told and not (told.isascii() and told.isalpha()):
            raise forms.ValidationError(_("Two letters, such as FR."))
        return told
