"""The one address at which Cagnotte tells the shop of vouchers: signed JSON, answered with JSON."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from cagnotte_oscar import signing, vouchers
from cagnotte_oscar.conf import conf
from cagnotte_oscar.sending import now

BODY_BYTES_MAX = 100_000


@method_decorator(csrf_exempt, name="dispatch")
class Vouchers(View):
    """Makes, reads and ends vouchers. What is not signed with the shop's secret learns nothing."""

    def post(self, request: HttpRequest) -> JsonResponse:
        """Answer one message: 401 unsigned, 400 not understood, 409 or 422 not taken, with a `message`."""
        body = request.read(BODY_BYTES_MAX + 1)
        given = {name.lower(): value for name, value in request.headers.items()}
        if not signing.is_right(given, body, conf().secret, at=now().timestamp()):
            return _problem(401, "The message is not signed with this shop's secret.")
        try:
            told = json.loads(body)
            return JsonResponse(_answer(told["type"], told["data"]))
        except vouchers.Refused as refused:
            return _problem(409 if refused.conflict else 422, str(refused))
        except (ValueError, KeyError, TypeError) as error:
            return _problem(400, f"The message cannot be understood: {type(error).__name__}.")


def _answer(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "voucher.issue":
        return vouchers.issue(data)
    if kind == "voucher.read":
        return vouchers.read(data)
    if kind == "voucher.void":
        return vouchers.void(data, now=now())
    raise ValueError(kind)


def _problem(status: int, message: str) -> JsonResponse:
    return JsonResponse({"message": message}, status=status)
