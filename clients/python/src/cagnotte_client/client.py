"""The clients: one that waits for each answer, and one for asyncio. Both drive the exchanges of `calls`."""

import asyncio
import copy
import re
import time
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

import httpx

from cagnotte_client import async_resources, resources
from cagnotte_client.calls import Call, Outcome, Policy, exchange
from cagnotte_client.shapes import VERSION

Http = TypeVar("Http", httpx.Client, httpx.AsyncClient)

NAME = "cagnotte-client-python/0.1.0"
TIMEOUT_SECONDS = 30.0
RETRIES = 3


@dataclass(frozen=True, slots=True, repr=False)
class _Settings:
    """What a client was made with. key: never shown. language: of sentences, as Accept-Language has it."""

    key: str
    base_url: str
    language: str | None
    timeout: float
    retries: int

    def headers(self) -> dict[str, str]:
        told = {
            "Authorization": f"Bearer {self.key}",
            "Cagnotte-Version": VERSION,
            "User-Agent": NAME,
            "Accept": "application/json",
        }
        if self.language:
            told["Accept-Language"] = self.language
        return told

    def arguments(self, call: Call[Any]) -> dict[str, Any]:
        """Return what httpx needs to send a call."""
        needed = call.arguments()
        needed["url"] = self.base_url + call.path
        needed["headers"] = {**self.headers(), **needed["headers"]}
        needed["timeout"] = self.timeout
        needed["follow_redirects"] = False
        return needed


def _settings(
    api_key: str, base_url: str, language: str | None, timeout: float, retries: int
) -> _Settings:
    """Return settings that can work. Raises ValueError, without showing the key."""
    if not re.fullmatch(r"cag_(live|test)_[sp]k_\w+", api_key):
        raise ValueError(
            "This is no key of Cagnotte: keys begin with cag_live_sk_ or cag_test_sk_."
        )
    if "_pk_" in api_key:
        raise ValueError("This key is for browsers; on a server, use a secret one (…_sk_…).")
    if not re.match(r"https?://[^/]", base_url):
        raise ValueError(f"The address is one like https://cashback.example, not “{base_url}”.")
    return _Settings(api_key, base_url.rstrip("/").removesuffix("/v1"), language, timeout, retries)


class _Client(Generic[Http]):
    """What both clients are: settings, connections, and how a copy with other settings is made."""

    def __init__(
        self,
        api_key: str,
        base_url: str,
        *,
        language: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        retries: int = RETRIES,
        http_client: Http | None = None,
    ) -> None:
        self._settings = _settings(api_key, base_url, language, timeout, retries)
        self._owned = http_client is None
        self._http: Http = http_client or self._opened()

    def _opened(self) -> Http:
        raise NotImplementedError

    def with_options(
        self,
        *,
        language: str | None = None,
        timeout: float | None = None,
        retries: int | None = None,
    ) -> Self:
        """Return a client with other settings that shares the connections of this one."""
        told = {"language": language, "timeout": timeout, "retries": retries}
        changed = {name: value for name, value in told.items() if value is not None}
        found = copy.copy(self)
        vars(found).update(
            _settings=replace(self._settings, **changed),  # type: ignore[arg-type]
            _owned=False,
        )
        return found

    def __repr__(self) -> str:
        mode = self._settings.key.split("_")[1]
        return f"<{type(self).__name__} {self._settings.base_url} ({mode})>"


class Cagnotte(_Client[httpx.Client], resources.Resources):
    """Cagnotte, seen by the programme that a secret key opens. Threads may share one.

    api_key: `cag_test_sk_…` for the sandbox, `cag_live_sk_…` for what is real. base_url: where Cagnotte is served.
    language: in which sentences for people are answered, `en` or `fr`. timeout: seconds for each attempt.
    retries: how often a request is sent again when the server is busy, fails or does not answer; what changes
    something carries the same Idempotency-Key each time, so that it is done once.
    http_client: a client of httpx with proxies or certificates of your own; you close it.

        with Cagnotte("cag_test_sk_…", "https://cashback.example") as cagnotte:
            member = cagnotte.members.create(ref="H0906", name="Ana")
    """

    def _opened(self) -> httpx.Client:
        return httpx.Client()

    def send(self, call: Call[Any]) -> Any:
        """Send a call and return its answer. Raises NotReached, UnreadableAnswer, Problem."""
        turns = exchange(call, Policy(self._settings.retries))
        pause = next(turns)
        while True:
            if pause:
                time.sleep(pause)
            try:
                pause = turns.send(self._attempt(call))
            except StopIteration as done:
                return done.value

    def _attempt(self, call: Call[Any]) -> Outcome:
        try:
            return self._http.request(**self._settings.arguments(call))
        except httpx.TransportError as error:
            return error

    def close(self) -> None:
        """Close the connections, unless they are somebody else's."""
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncCagnotte(_Client[httpx.AsyncClient], async_resources.AsyncResources):
    """Cagnotte for asyncio: as `Cagnotte`, with each call awaited and lists gone through by `async for`.

    async with AsyncCagnotte("cag_test_sk_…", "https://cashback.example") as cagnotte:
        member = await cagnotte.members.create(ref="H0906", name="Ana")
    """

    def _opened(self) -> httpx.AsyncClient:
        return httpx.AsyncClient()

    async def send(self, call: Call[Any]) -> Any:
        """Send a call and return its answer. Raises NotReached, UnreadableAnswer, Problem."""
        turns = exchange(call, Policy(self._settings.retries))
        pause = next(turns)
        while True:
            if pause:
                await asyncio.sleep(pause)
            try:
                pause = turns.send(await self._attempt(call))
            except StopIteration as done:
                return done.value

    async def _attempt(self, call: Call[Any]) -> Outcome:
        try:
            return await self._http.request(**self._settings.arguments(call))
        except httpx.TransportError as error:
            return error

    async def close(self) -> None:
        """Close the connections, unless they are somebody else's."""
        if self._owned:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
