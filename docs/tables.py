"""The tables of the reference that are written by the code itself.

A page holds `<!-- table: NAME -->` and `<!-- end of table -->`; what stands between the two is the result of the
function NAME below. `python -m docs.tables` writes all of them anew; a test fails while one is old.
"""

import enum
import importlib
import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import click
import django
import orjson

from cagnotte.cli.main import COMMANDS, cli
from cagnotte.domain import chart, claims, errors, holds, lifecycle, payouts, vouchers
from cagnotte.hooks import manager
from cagnotte.hooks.sources import SourceKind
from cagnotte.notices.catalogue import TYPES

PAGES = Path(__file__).parent
WIDTH = 100
"""Columns of the commands' help, whatever terminal writes it."""

ERROR_MODULES = (
    "cagnotte.api.errors",
    "cagnotte.platform.database_errors",
    "cagnotte.platform.http",
    "cagnotte.platform.processes",
    "cagnotte.platform.secrets_box",
    "cagnotte.hooks.reading",
    "cagnotte.hooks.sources",
    "cagnotte.hooks.vouchers",
    "cagnotte.catalog.programme_file",
    "cagnotte.catalog.programme_file.parsing",
    "cagnotte.journeys.follow_link",
)
"""Where errors live beside the tree of the domain."""

CONNECTED_BY_ITSELF = "rest"
"""The plugin of an account that Cagnotte makes, for orders of its own interface; nobody connects it."""

State = TypeVar("State", bound=enum.StrEnum)
Event = TypeVar("Event", bound=enum.StrEnum)

_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def filled(text: str) -> str:
    """Return a page with its tables written anew."""
    return _BLOCK.sub(lambda block: f"{block[1]}\n{TABLES[block[2]]()}\n\n{block[3]}", text)


def pages() -> list[Path]:
    """Return the pages that hold tables."""
    return [page for page in sorted(PAGES.rglob("*.md")) if _BLOCK.search(page.read_text("utf-8"))]


def _table(*rows: tuple[str, ...]) -> str:
    head, *body = rows
    lines = [head, tuple("---" for _ in head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _code(text: object) -> str:
    return f"`{text}`"


def accounts() -> str:
    """Every kind of account of the chart."""
    rows = [
        (
            _code(kind.name),
            kind.side.value,
            "≥ 0" if kind.never_negative else "",
            kind.mode.value,
            kind.meaning,
        )
        for kind in chart.KINDS.values()
    ]
    return _table(("account", "side", "guard", "balance kept as", "meaning"), *rows)


def _transitions(table: Mapping[tuple[State, Event], State]) -> str:
    """States downwards, events across; an empty cell is refused."""
    states = list(dict.fromkeys([*(state for state, _ in table), *table.values()]))
    events = list(dict.fromkeys(event for _, event in table))
    rows = [
        (
            _code(state),
            *(_code(table[state, event]) if (state, event) in table else "–" for event in events),
        )
        for state in states
    ]
    return _table(("from", *(_code(event) for event in events)), *rows)


def purchase_transitions() -> str:
    """Validation of a purchase."""
    return _transitions(lifecycle.TRANSITIONS)


def hold_transitions() -> str:
    """The life of a hold."""
    return _transitions(holds.TRANSITIONS)


def payout_transitions() -> str:
    """The life of a payout."""
    return _transitions(payouts.TRANSITIONS)


def payout_states() -> str:
    """What each state of a payout means."""
    return _members(payouts.PayoutState)


def hold_states() -> str:
    """What each state of a hold means."""
    return _members(holds.HoldState)


def voucher_transitions() -> str:
    """The life of a voucher."""
    return _transitions(vouchers.TRANSITIONS)


def voucher_states() -> str:
    """What each state of a voucher means."""
    return _members(vouchers.VoucherState)


def claim_steps() -> str:
    """The life of a claim: a step is a row, since most lead from few states."""
    rows = [
        (_code(state), _code(event), _code(after))
        for (state, event), after in claims.TRANSITIONS.items()
    ]
    return _table(("from", "by", "to"), *rows)


def claim_states() -> str:
    """What each state of a claim means."""
    return _members(claims.ClaimState)


def _members(kind: type[enum.StrEnum]) -> str:
    """The members of an enumeration with the sentence that stands under each in the source."""
    found = re.findall(r'= "(\w+)"\n    """(.+?)"""', inspect.getsource(kind), re.DOTALL)
    rows = [(_code(value), " ".join(sentence.split())) for value, sentence in found]
    return _table(("state", "meaning"), *rows)


def error_codes() -> str:
    """Every error, indented as it inherits."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cagnotte.config.settings")
    django.setup()
    for module in ERROR_MODULES:
        importlib.import_module(module)
    rows = [
        (f"{'· ' * depth}`{kind.__name__}`", _code(kind.code), (kind.__doc__ or "").split("\n")[0])
        for depth, kind in _tree(errors.CagnotteError)
    ]
    return _table(("class", "code", "meaning"), *rows)


def connected_sources() -> str:
    """Every source that comes with Cagnotte: what it is, how it is heard, how well its reading is founded."""
    rows = []
    for plugin in manager.source_plugins().values():
        if plugin.name == CONNECTED_BY_ITSELF:
            continue
        page = PAGES / "how-to" / "sources" / f"{plugin.name}.md"
        title = f"[{plugin.title}]({plugin.name}.md)" if page.is_file() else plugin.title
        heard = [
            word for word, does in (("asked", plugin.polls), ("sends", plugin.receives)) if does
        ]
        rows.append(
            (title, _code(plugin.name), plugin.kind, " and ".join(heard) or "files", plugin.proof)
        )
    rows.sort(key=lambda row: (list(SourceKind).index(SourceKind(row[2])), row[1]))
    return _table(("source", "plugin", "kind", "how it is heard", "proof"), *rows)


def _tree(
    kind: type[errors.CagnotteError], depth: int = 0
) -> Iterator[tuple[int, type[errors.CagnotteError]]]:
    yield depth, kind
    # Classes of the domain as they are written, then the others by name, whatever was imported first.
    written = list(vars(errors))
    for below in sorted(
        kind.__subclasses__(),
        key=lambda each: (
            written.index(each.__name__) if each.__name__ in written else len(written),
            each.__name__,
        ),
    ):
        if below.__module__.startswith("cagnotte.") and not below.__name__.startswith("_"):
            yield from _tree(below, depth + 1)


def commands() -> str:
    """The help of every command, as the terminal shows it."""
    root = click.Context(cli, info_name="cagnotte", terminal_width=WIDTH, **cli.context_settings)
    parts = []
    for name in COMMANDS:
        command = cli.get_command(root, name)
        if command is None:
            raise AssertionError(f"{name} is listed and not found")
        parts += [
            f"## `{path}`\n\n```text\n{text}\n```"
            if top
            else f"### `{path}`\n\n```text\n{text}\n```"
            for top, path, text in _help(command, name, root)
        ]
    return "\n\n".join(parts)


def _help(
    command: click.Command, name: str, above: click.Context
) -> Iterator[tuple[bool, str, str]]:
    context = click.Context(command, parent=above, info_name=name, terminal_width=WIDTH)
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield above.parent is None, context.command_path, text
    if isinstance(command, click.Group):
        for below, one in command.commands.items():
            yield from _help(one, below, context)


def events() -> str:
    """Every type of events: when it is told, an example of its data, and what its fields mean."""
    parts = []
    for one in TYPES.values():
        example = orjson.dumps(one.example.plain(), option=orjson.OPT_INDENT_2).decode()
        told = [
            f"- `{name}`: {field.description}"
            for name, field in one.shape.model_fields.items()
            if field.description and name != "member_ref"
        ]
        fields = ["", *told] if told else []
        parts.append(
            "\n".join([f"### `{one.name}`", "", one.when, "", "```json", example, "```", *fields])
        )
    return "\n\n".join(parts)


TABLES: dict[str, Callable[[], str]] = {
    function.__name__: function
    for function in (
        accounts,
        commands,
        connected_sources,
        error_codes,
        events,
        hold_states,
        hold_transitions,
        payout_states,
        payout_transitions,
        claim_states,
        claim_steps,
        purchase_transitions,
        voucher_states,
        voucher_transitions,
    )
}


def main() -> None:
    """Write all tables anew."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        page.write_text(filled(text), encoding="utf-8")


if __name__ == "__main__":
    main()
