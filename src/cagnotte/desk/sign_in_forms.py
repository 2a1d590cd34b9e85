"""What is typed in on django-allauth's pages for signing in: addresses and codes, checked as on the portal's.

The forms are named by ACCOUNT_FORMS in the settings.
"""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import (
    ConfirmLoginCodeForm,
    ConfirmPasswordResetCodeForm,
    RequestLoginCodeForm,
    ResetPasswordForm,
)
from allauth.account.views import ConfirmLoginCodeView
from allauth.core import context
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect

from cagnotte.identity.addresses import check_plain

TRIES = "3/h/key"
"""So often a code may be typed, as the library's settings say of who types one after the other."""


class AskCode(RequestLoginCodeForm):  # type: ignore[misc] # allauth has no type information
    """An address, where a code is sent if it is somebody's."""

    def clean_email(self) -> str:
        """Refuse an address that another may be taken for, before it finds anybody."""
        _check(self)
        return str(super().clean_email())


class ForgotPassword(ResetPasswordForm):  # type: ignore[misc] # allauth has no type information
    """An address, where a code for another password is sent."""

    def clean_email(self) -> str:
        """Refuse an address that another may be taken for, before it finds anybody."""
        _check(self)
        return str(super().clean_email())


def _check(form: Any) -> None:
    # As it was typed: the library's field makes letters small first, and with them the sign for Kelvin a k.
    check_plain(str(form["email"].data or ""))


class _Counted:
    """A code whose attempts are counted one request after the other.

    The session counts them too, and many requests that read it at once would count as one.
    """

    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        """Refuse what comes too often, right or wrong."""
        request = context.request
        may_try = ratelimit.consume(
            request,
            app="cagnotte",
            action="type_code",
            config={"type_code": TRIES},
            key=f"{request.session.session_key} {self.expected_code}",  # type: ignore[attr-defined] # the form's
        )
        if not may_try:
            raise get_adapter().validation_error("incorrect_code")
        return str(super().clean_code())  # type: ignore[misc] # the form's


class TypeCode(_Counted, ConfirmLoginCodeForm):  # type: ignore[misc] # allauth has no type information
    """The code of signing in."""


class TypeResetCode(_Counted, ConfirmPasswordResetCodeForm):  # type: ignore[misc] # allauth has no type information
    """The code of setting another password."""


class CodePage(ConfirmLoginCodeView):  # type: ignore[misc] # allauth has no type information
    """Where the code of signing in is typed, or asked for once more; that counts as asking for the first."""

    def _resend_form_valid(self, form: Any) -> HttpResponse:
        email = str(self._process.state.get("email", ""))
        may_send = ratelimit.consume(
            self.request, app="allauth.account", action="request_login_code", key=email
        )
        if may_send:
            sent: HttpResponse = super()._resend_form_valid(form)
            return sent
        messages.error(self.request, get_adapter().error_messages["rate_limited"])
        return HttpResponseRedirect(self.request.get_full_path())
