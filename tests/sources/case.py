"""What a source's test module says about its source, for the contract that all sources share.

Each plugin NAME has a module `tests/sources/test_NAME.py` that defines `CASE`; `test_contract.py` finds it there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cagnotte.hooks.sources import (
    Incoming,
    Message,
    PurchaseReport,
    SourceContext,
    SourcePlugin,
    Waiting,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Bought(NamedTuple):
    """An order of which messages are made, for the property that reading gives back what was written."""

    order_ref: str
    at: datetime
    amount: Decimal
    commission: Decimal
    click: str


@dataclass(frozen=True, slots=True)
class Life:
    """The messages about one order, and how it stands after all of them, exactly.

    in_order: the source tells no versions, so what came last counts; only repeats are tried, no other orders.
    """

    object_id: str
    messages: Sequence[Message]
    final: PurchaseReport | Waiting
    in_order: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One source as its tests know it.

    Attributes:
        lives: between them all native states of the vocabulary that can occur, restatements, returns, refunds.
        with_status: a message about one order in the given native state; None for a source without such words.
        message_of: messages that tell of an order with these facts, in EUR; None where none of it can be told.
        reads_back: which facts of `Bought` the report gives back: "amount", "commission", "click", "at", "order_ref".
        signed: a request with this body, signed with this secret, at `NOW`; None for a source that signs nothing.
        secret_name: which secret `signed` signs with.
        useless: messages that tell of no purchase, or of one that never earns, and must do no harm.
    """

    plugin: SourcePlugin
    lives: Sequence[Life]
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    zone: str = "Europe/Paris"
    with_status: Callable[[str], Message] | None = None
    message_of: Callable[[Bought], Sequence[Message]] | None = None
    reads_back: frozenset[str] = frozenset({"amount", "commission", "click", "at", "order_ref"})
    signed: Callable[[bytes, str], Incoming] | None = None
    secret_name: str = "secret"
    signed_body: bytes = b"{}"
    useless: Sequence[Message] = ()

    def context(self, **changes: object) -> SourceContext:
        """Return what the plugin is handed, with defaults filled in."""
        defaults = {
            setting.name: setting.default
            for setting in self.plugin.settings
            if not setting.secret and setting.default is not None
        }
        values: dict[str, object] = {
            "settings": {**defaults, **self.settings},
            "secrets": self.secrets,
            "zone": ZoneInfo(self.zone),
            "now": NOW,
            **changes,
        }
        return SourceContext(**values)  # type: ignore[arg-type]  # names of fields, checked by the class
