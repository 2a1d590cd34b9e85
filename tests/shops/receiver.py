"""The address of a source, as a shop sees it: it checks signatures, keeps messages and reads them."""

import http
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cagnotte.domain.errors import InvalidInput
from cagnotte.hooks.sources import BadSignature, Incoming, SourceContext, SourcePlugin
from tests.sources.calls import Calls
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.server import Asked, FakeServer, Refusal, Reply, route
from tests.sources.standing import Standing


class Receiver(FakeServer):
    """Takes what is sent to `url` for one plugin. count: of what it took. wanted: orders that should be fetched."""

    def __init__(
        self,
        plugin: SourcePlugin,
        secrets: Mapping[str, Sequence[str]],
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(Clock(datetime.now(UTC)))
        self.plugin = plugin
        self.secrets = secrets
        self.settings = dict(settings or {})
        self.standing = Standing(plugin, self.context())
        self.count = 0
        self.wanted: list[str] = []
        self.broken = False
        self.url += "/in"

    def context(self) -> SourceContext:
        """Return what the plugin is handed now."""
        defaults = {
            one.name: one.default for one in self.plugin.settings if one.default is not None
        }
        return SourceContext(
            {**defaults, **self.settings}, self.secrets, ZoneInfo("Europe/Paris"), datetime.now(UTC)
        )

    def fetch_what_is_wanted(self) -> None:
        """Fetch the orders that hints named, as the worker does, and read them."""
        wanted = sorted(set(self.wanted))
        self.wanted.clear()
        context = replace(self.context(), http=Calls())
        for object_id in wanted:
            self.standing.take(*self.plugin.fetch(context, object_id))

    def poll(self) -> None:
        """Ask the source for what is new, from the beginning."""
        for page in self.plugin.poll(replace(self.context(), http=Calls()), {}):
            self.standing.take(*page.messages)

    @contextmanager
    def out_of_order(self) -> Iterator[None]:
        """Answer every request with an error until the end of the block."""
        self.broken = True
        try:
            yield
        finally:
            self.broken = False

    @route("POST", "/in")
    def take(self, asked: Asked) -> Reply:
        """Take one request, as the receiving page does."""
        if self.broken:
            raise Refusal(http.HTTPStatus.SERVICE_UNAVAILABLE)
        incoming = Incoming("POST", self.url, "", asked.headers, asked.body)
        context = self.context()
        try:
            signed = self.plugin.verify_signature(incoming, context)
            reception = self.plugin.receive(incoming, context, signed=signed)
        except BadSignature:
            raise Refusal(http.HTTPStatus.UNAUTHORIZED) from None
        except InvalidInput:
            raise Refusal(http.HTTPStatus.BAD_REQUEST) from None
        self.standing.take(*reception.messages)
        self.wanted += reception.wanted
        self.count += 1
        return Reply(reception.answer.encode(), reception.status)
