"""What `cagnotte sources` shows, as tables for a terminal."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from rich.console import Console

    from cagnotte.hooks.sources import SourcePlugin
    from cagnotte.inbox.health import Health
    from cagnotte.inbox.models import Account
    from cagnotte.inbox.selectors import Queued
    from cagnotte.inbox.unread import UnfetchedOrder, UnreadableMessage


def _console() -> "Console":
    """A console without markup: names and sentences come from outside."""
    from rich.console import Console

    return Console(highlight=False, markup=False)


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else "–"


def _percent(share: int | None) -> str:
    return "–" if share is None else f"{share} %"


def print_plugins(plugins: "Sequence[SourcePlugin]") -> None:
    """Print the plugins: how each is reached, and how well it is proven."""
    from rich.table import Table

    table = Table("plugin", "source", "kind", "proof", "how", title="Plugins", title_justify="left")
    for plugin in plugins:
        how = [
            word
            for word, does in (
                ("asked", plugin.polls),
                ("sends", plugin.receives),
                ("links", plugin.click_length_max is not None),
            )
            if does
        ]
        table.add_row(
            plugin.name, plugin.title, plugin.kind.value, plugin.proof.value, ", ".join(how)
        )
    _console().print(table)


def print_accounts(accounts: "Sequence[Account]") -> None:
    """Print the connected accounts and their state."""
    from rich.table import Table

    console = _console()
    if not accounts:
        console.print("No source is connected yet; docs/how-to/connect-a-source.md says how.")
        return
    table = Table(
        "programme", "source", "plugin", "state", "last message", "next asked",
        title="Connected (times in UTC)", title_justify="left",
    )  # fmt: skip
    for account in accounts:
        table.add_row(
            account.programme.slug,
            account.ref,
            account.plugin,
            _state(account),
            _time(account.last_message_at),
            _time(account.next_poll_at) if account.active else "–",
        )
    console.print(table)


def _state(account: "Account") -> str:
    if not account.active:
        return "at rest"
    if account.errors_in_a_row:
        return f"{account.errors_in_a_row} failure(s): {account.last_error}"
    return "connected" if account.last_message_at else "nothing yet"


def print_health(found: "Sequence[Health]") -> None:
    """Print how the accounts have been doing, then the alarms, one a line."""
    from rich.table import Table

    from cagnotte.inbox.health import RECENT_DAYS

    console = _console()
    table = Table(
        title=f"Health (shares of the last {RECENT_DAYS} days, times in UTC)", title_justify="left"
    )
    table.add_column("source", no_wrap=True)
    table.add_column("last message", no_wrap=True)
    for name in ("told after", "misread", "attributed"):
        table.add_column(name, justify="right")
    table.add_column("waits", no_wrap=True)
    for one in found:
        table.add_row(
            one.account.ref,
            _time(one.account.last_message_at),
            _span(one.delay_seconds),
            _percent(one.error_percent),
            _percent(one.attributed_percent),
            _waits(one) if one.account.active else "at rest",
        )
    console.print(table)
    for one in found:
        for alarm in one.alarms:
            console.print(f"{one.account.ref}: {alarm}", style="red", soft_wrap=True)


def _waits(one: "Health") -> str:
    """Tell what waits, one a line, messages first."""
    waiting = {
        "unread": one.unread,
        "unreadable": one.unreadable,
        "to fetch": one.wanted,
        **dict(sorted(one.waiting.items())),
    }
    return "\n".join(f"{number:,} {state}" for state, number in waiting.items() if number) or "–"


def _span(seconds: int | None) -> str:
    """A span in its largest unit: 45 s, 12 min, 3 h, 9 d."""
    if seconds is None:
        return "–"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if abs(seconds) >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


class Waits(NamedTuple):
    """What waits for somebody or something."""

    orders: "Sequence[Queued]"
    messages: "Sequence[UnreadableMessage]"
    to_fetch: "Sequence[UnfetchedOrder]"


def print_waits(waits: Waits, names: Mapping[UUID, str]) -> None:
    """Print what waits, one under the other: what for, and the ids that other commands take."""
    console = _console()
    if not any(waits):
        console.print("Nothing waits.")
    for order in waits.orders:
        _print_order(console, order, names[order.account_id])
    for message in waits.messages:
        _print_message(console, message, names[message.account_id])
    for one in waits.to_fetch:
        console.print(
            f"unfetched: {names[one.account_id]} {one.object_id}, hinted at {_time(one.since)}, tried "
            f"{one.tries:,} time(s), again after {_time(one.next_at)}",
            soft_wrap=True,
        )
        console.print(f"  {one.sentence}", soft_wrap=True)


def _print_order(console: "Console", one: "Queued", source: str) -> None:
    from cagnotte.domain.money import format_minor

    amount = (
        f", {format_minor(one.amount_minor, one.currency)} {one.currency}"
        if one.amount_minor is not None and one.currency
        else ""
    )
    console.print(
        f"{one.state}: {source} {one.object_id}{amount}, {_time(one.occurred_at)}", soft_wrap=True
    )
    console.print(f"  {one.id}", style="dim")
    told = one.sentence or one.reason
    if told:
        console.print(f"  {told}", soft_wrap=True)
    for other in one.with_orders:
        console.print(f"  may be one with {other}", style="dim")


def _print_message(console: "Console", one: "UnreadableMessage", source: str) -> None:
    topic = f" {one.topic}" if one.topic else ""
    console.print(
        f"unreadable: {source} message {one.id}{topic}, {_time(one.received_at)}, {one.reason}",
        soft_wrap=True,
    )
    console.print(f"  {one.sentence}", soft_wrap=True)
    for place, _, sentence in one.problems:
        console.print(f"  {place + ': ' if place else ''}{sentence}", soft_wrap=True)
