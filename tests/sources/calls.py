"""The client of tests: the `HttpClient` of the hooks over plain HTTP, with the pace kept on a clock that tests move."""

import base64
import http.client
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

from cagnotte.hooks.sources import HttpAnswer, Pace, SourceBusy, SourceFailed
from tests.sources.fakes.clock import Clock

TIMEOUT_SECONDS = 10


class Calls:
    """Asks servers on this machine. With a pace it waits, on the clock alone, before it would ask too fast."""

    def __init__(self, *, clock: Clock | None = None, pace: Pace | None = None) -> None:
        self.count = 0
        self._clock = clock
        self._pace = pace
        self._asked: list[float] = []

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        basic: tuple[str, str] | None = None,
    ) -> HttpAnswer:
        """Ask; see `HttpClient`."""
        self._wait()
        self.count += 1
        address = urlsplit(url)
        if address.scheme != "http" or address.hostname is None:
            raise SourceFailed(f"Tests ask this machine alone, not {url}.")
        query = "&".join(part for part in (address.query, urlencode(params)) if part)
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if basic is not None:
            sent["authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
        connection = http.client.HTTPConnection(
            address.hostname, address.port, timeout=TIMEOUT_SECONDS
        )
        try:
            connection.request(
                method, (address.path or "/") + (f"?{query}" if query else ""), body, sent
            )
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise SourceFailed(f"No answer from {address.netloc}: {error!r}.") from None
        finally:
            connection.close()
        told = {name.lower(): value for name, value in answer.getheaders()}
        if answer.status == http.HTTPStatus.TOO_MANY_REQUESTS:
            wait = told.get("retry-after", "")
            facts = {"retry_after_seconds": int(wait)} if wait.isdigit() else {}
            raise SourceBusy("The source asks to be called again later.", **facts)
        return HttpAnswer(answer.status, told, content)

    def _wait(self) -> None:
        if self._clock is None or self._pace is None:
            return
        now = self._clock.now.timestamp()
        if len(self._asked) >= self._pace.calls:
            free_at = self._asked[-self._pace.calls] + self._pace.seconds
            if free_at > now:
                self._clock.wait(free_at - now)
        self._asked.append(self._clock.now.timestamp())
