"""A server that tracks as Matomo does: in bulk, whole or not at all, and strict about times."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from tests.sources.fakes.clock import Clock
from tests.sources.fakes.server import Asked, FakeServer, Reply, json_reply, route

TOKENS = {"right": "super", "writer": "write"}


class MatomoFake(FakeServer):
    """What it tracked is in `tracked`. `invalid_orders`: numbers of orders that it calls invalid."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.tracked: list[dict[str, str]] = []
        self.invalid_orders: set[str] = set()

    @route("POST", "/matomo.php")
    def track(self, asked: Asked) -> Reply:
        """Track a bulk request."""
        assert "token_auth" not in dict(asked.fields), "a token stands in no address"
        told = asked.json()
        rights = TOKENS.get(told.get("token_auth", ""))
        taken: list[dict[str, str]] = []
        invalid: list[int] = []
        for place, query in enumerate(told["requests"]):
            fields = dict(parse_qsl(query.removeprefix("?"), keep_blank_values=True))
            if not self._is_valid(fields, rights):
                invalid.append(place)
            else:
                taken.append(fields)
        known = {one["ec_id"] for one in self.tracked if "ec_id" in one}
        self.tracked += [one for one in taken if one.get("ec_id") not in known]
        answer: dict[str, Any] = {
            "status": "success",
            "tracked": len(taken),
            "invalid": len(invalid),
        }
        if rights == "super":
            answer["invalid_indices"] = invalid
        return json_reply(answer)

    def _is_valid(self, fields: dict[str, str], rights: str | None) -> bool:
        if fields.get("idsite") != "3" or fields.get("rec") != "1":
            return False
        if fields.get("ec_id") in self.invalid_orders:
            return False
        at = datetime.strptime(fields["cdt"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        return self.clock.now - at < timedelta(days=1) or rights is not None

    @route("POST", "/index.php")
    def report(self, asked: Asked) -> Reply:
        """Answer for the one site there is, to who may see it; errors have the status 200."""
        form = asked.form()
        assert form["method"] == "SitesManager.getSiteFromId"
        if form["token_auth"] not in TOKENS or form["idSite"] != "3":
            return json_reply({"result": "error", "message": "You can't access this resource."})
        return json_reply({"idsite": "3", "name": "Shop", "ecommerce": "1", "timezone": "UTC"})
