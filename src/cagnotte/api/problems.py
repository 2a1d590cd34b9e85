"""Answers that something is wrong, as RFC 9457 writes them."""

from http import HTTPStatus

from django.http import JsonResponse


def problem(status: HTTPStatus, code: str, detail: str) -> JsonResponse:
    """Answer with a problem document. code: its kind for machines; detail: a sentence, without facts of the inside."""
    return JsonResponse(
        {"title": status.phrase, "status": status.value, "code": code, "detail": detail},
        status=status.value,
        content_type="application/problem+json",
    )
