"""What can go wrong: one tree, so that `except CagnotteError` catches all of it.

CagnotteError
├── NotReached            no answer came
├── UnreadableAnswer      something answered that is not Cagnotte
├── SignatureInvalid      a webhook that is not from Cagnotte, or too old
└── Problem               the server said what is wrong, by status:
    ├── MalformedRequest  400        ├── PreconditionFailed  412
    ├── NotAuthenticated  401        ├── InvalidRequest      422
    ├── NotPermitted      403        ├── TooManyRequests     429
    ├── NotFound          404        └── ServerFault         500 and above
    └── NotAllowedNow     409
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


class CagnotteError(Exception):
    """Anything that went wrong in or through this client."""


class NotReached(CagnotteError):
    """No answer came, after all attempts. What was asked for may have been done or not.

    idempotency_key: send the request again with it, and it is done once. None for what changes nothing.
    """

    def __init__(self, sentence: str, *, idempotency_key: str | None = None) -> None:
        super().__init__(sentence)
        self.idempotency_key = idempotency_key


class UnreadableAnswer(CagnotteError):
    """An answer came that the interface does not give: a proxy's page, a redirection, another address.

    status: of HTTP. body: how it begins.
    """

    def __init__(self, sentence: str, *, status: int, body: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.body = body


class SignatureInvalid(CagnotteError):
    """A delivery that none of the secrets signed, or that was signed too long ago: do not act on it."""


@dataclass(frozen=True, slots=True)
class Place:
    """One thing that is wrong with a request, and where: one of the first three says.

    pointer: a JSON pointer into the body (RFC 6901), `#/lines/0/quantity`. parameter: of the path or query.
    code: stable, for machines. detail: a sentence for people.
    """

    pointer: str | None
    parameter: str | None
    header: str | None
    code: str
    detail: str


class Problem(CagnotteError):
    """The server says what is wrong (RFC 9457); nothing was changed.

    status: of HTTP. code: stable, such as `insufficient_funds`; decide by it. detail: a sentence for people, in the
    language asked for. type: the address of the page that explains the code. request_id: `req_…`, which the log of
    requests knows. places: what is wrong where. retry_after: seconds, where the server names them.
    """

    status_of_kind: ClassVar[int] = 0

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        status: int,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.code = str(document.get("code") or f"http_{status}")
        self.detail = str(document.get("detail") or document.get("title") or "")
        self.title = str(document.get("title") or "")
        self.type = str(document.get("type") or "about:blank")
        self.request_id = document.get("request_id") or request_id
        self.places = _places(document.get("errors"))
        self.retry_after = retry_after
        super().__init__(self._sentence())

    @property
    def pointer(self) -> str | None:
        """Where in the body the first thing is that is wrong, as a JSON pointer; None when it is not in the body."""
        return next((place.pointer for place in self.places if place.pointer), None)

    def _sentence(self) -> str:
        told = self.detail or "The server refused without saying why."
        where = "".join(
            f"; {place.pointer or place.parameter or place.header}: {place.detail}"
            for place in self.places
            if place.detail != self.detail
        )
        named = f" [{self.request_id}]" if self.request_id else ""
        return f"{told}{where} ({self.status} {self.code}){named}"


class MalformedRequest(Problem):
    """400: the request cannot be read at all, or names a version that is not known."""

    status_of_kind = 400


class NotAuthenticated(Problem):
    """401: no key, or one that opens nothing."""

    status_of_kind = 401


class NotPermitted(Problem):
    """403: the key lacks the scope."""

    status_of_kind = 403


class NotFound(Problem):
    """404: there is no such thing in this programme."""

    status_of_kind = 404


class NotAllowedNow(Problem):
    """409: understood, but not allowed as things stand: too little money, an order of other content, a wrong step."""

    status_of_kind = 409


class PreconditionFailed(Problem):
    """412: it was changed since it was read."""

    status_of_kind = 412


class InvalidRequest(Problem):
    """422: fields that are missing or wrong; `places` says which."""

    status_of_kind = 422


class TooManyRequests(Problem):
    """429: the quota is used up; `retry_after` says for how long."""

    status_of_kind = 429


class ServerFault(Problem):
    """500 and above: not your fault. 503: the server cannot work now."""

    status_of_kind = 500


def problem_of(
    document: Mapping[str, Any],
    *,
    status: int,
    request_id: str | None,
    retry_after: float | None,
) -> Problem:
    """Return the error for a problem document. retry_after: in seconds."""
    kind = _KINDS.get(min(status, ServerFault.status_of_kind), Problem)
    return kind(document, status=status, request_id=request_id, retry_after=retry_after)


_KINDS: dict[int, type[Problem]] = {kind.status_of_kind: kind for kind in Problem.__subclasses__()}


def _places(given: Sequence[Mapping[str, Any]] | None) -> tuple[Place, ...]:
    return tuple(
        Place(
            one.get("pointer"),
            one.get("parameter"),
            one.get("header"),
            str(one.get("code") or ""),
            str(one.get("detail") or ""),
        )
        for one in given or ()
    )
