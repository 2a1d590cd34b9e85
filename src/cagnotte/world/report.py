"""The demo's report: what happened, where every cent is, and what to try next; a hundred columns wide."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cagnotte.domain.money import format_minor
from cagnotte.world.figures import Figures, FunderFigures
from cagnotte.world.story import SLUG, Story

if TYPE_CHECKING:
    from cagnotte.journeys.explain import Why
    from cagnotte.journeys.import_file import ImportSummary

WIDTH = 100
CURRENCY = "EUR"
BRANDS_SHOWN = 10

REASONS = {
    "unknown_product": "an article that the retailer's catalogue does not hold",
    "unknown_member": "a card of nobody: the member's own row was rejected",
    "unknown_purchase": "an answer to an order that was rejected itself",
    "iban_checksum": "an IBAN with a mistyped digit",
    "bad_iban": "an IBAN with a mistyped digit",
}
"""What the codes of rejects mean here."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the run took. Memory in MiB: the highest of any one process, workers included, the server not."""

    seconds: float
    import_seconds: float
    peak_mib: int


def money(amount_minor: int) -> str:
    """Write minor units with thousands apart: 123456 is 1,234.56."""
    text = format_minor(abs(amount_minor), CURRENCY)
    whole, point, cents = text.partition(".")
    return f"{'−' if amount_minor < 0 else ''}{int(whole):,}{point}{cents}"


def percent(part: int, whole: int) -> str:
    """Write a share with two decimals; of nothing, a dash."""
    if not whole:
        return "–"
    bps = (2 * 10_000 * part + whole) // (2 * whole)
    return f"{bps // 100}.{bps % 100:02} %"


def show(
    console: Console, story: Story, figures: Figures, told: "Why | None", cost: Cost, *, seed: int
) -> None:
    """Print the report."""
    parts: list[RenderableType] = [
        _months(figures),
        _rejects(story),
        _funders(figures),
        _offers(figures),
        _balances(figures),
        _payouts(figures, story),
    ]
    if told is not None:
        parts.append(_why(told))
    parts += [_checks(figures), _cost(story, cost)]
    for part in parts:
        console.print(part)
        console.print()
    console.print(_closing(story, told, seed))


def _table(title: str, *columns: str, caption: str | None = None) -> Table:
    """Make a table: the first column holds words, the others numbers."""
    table = Table(
        title=title, caption=caption, box=box.SIMPLE_HEAD, title_justify="left",
        caption_justify="left", title_style="bold", pad_edge=False, show_footer=False,
    )  # fmt: skip
    first, *others = columns
    table.add_column(first, no_wrap=True, overflow="ellipsis", max_width=44)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _months(figures: Figures) -> Table:
    table = _table(
        "What members bought, and what it earned them (EUR)",
        "month", "purchases", "sales", "cashback", "rate", "confirmed", "declined", "waiting",
    )  # fmt: skip
    totals = [0, 0, 0, 0, 0, 0]
    for month in figures.months:
        numbers = [
            month.purchases, month.sales_minor, month.reward_minor,
            month.confirmed, month.declined, month.pending,
        ]  # fmt: skip
        totals = [total + number for total, number in zip(totals, numbers, strict=True)]
        table.add_row(month.month, *_month_cells(numbers))
    table.add_section()
    table.add_row(f"{figures.lines:,} lines", *_month_cells(totals), style="bold")
    return table


def _month_cells(numbers: list[int]) -> list[str]:
    purchases, sales, reward, *states = numbers
    return [
        f"{purchases:,}", money(sales), money(reward), percent(reward, sales),
        *[f"{count:,}" for count in states],
    ]  # fmt: skip


def _rejects(story: Story) -> Table:
    table = _table("What was rejected, kept, and can be sent again", "reason", "rows")
    table.columns[0].max_width = 80
    groups: list[tuple[str, Iterable[ImportSummary]]] = [
        ("members", [story.members]),
        ("products", [story.products]),
        ("purchases", story.purchase_files),
        ("answers", story.answer_files),
    ]
    for kind, summaries in groups:
        reasons: Counter[str] = Counter()
        for summary in summaries:
            reasons.update(summary.rejected)
        for reason, count in reasons.most_common():
            table.add_row(f"{kind}: {REASONS.get(reason, reason.replace('_', ' '))}", f"{count:,}")
    if not table.row_count:
        table.add_row("nothing", "0")
    return table


def _funders(figures: Figures) -> Table:
    table = _table(
        "Who pays (EUR): what is owed, and how it is shared",
        "funder", "purchases", "owed", "members", "shop", "programme",
    )  # fmt: skip
    for kind in ("merchant", "brand", "programme"):
        mine = [funder for funder in figures.funders if funder.kind == kind]
        for funder in mine[:BRANDS_SHOWN]:
            table.add_row(funder.name or "The programme itself", *_funder_cells(funder))
        others = mine[BRANDS_SHOWN:]
        if others:
            table.add_row(f"{len(others)} more brands", *_funder_cells(_sum(others)), style="dim")
    table.add_section()
    table.add_row("all", *_funder_cells(_sum(figures.funders)), style="bold")
    return table


def _sum(funders: Iterable[FunderFigures]) -> FunderFigures:
    columns = list(zip(*[funder[3:] for funder in funders], strict=True)) or [(0,)] * 4
    return FunderFigures("", "", 0, *[sum(column) for column in columns])


def _funder_cells(funder: FunderFigures) -> list[str]:
    amounts = (
        funder.commission_minor, funder.reward_minor, funder.share_minor, funder.margin_minor,
    )  # fmt: skip
    return [f"{funder.purchases:,}" if funder.purchases else "", *map(money, amounts)]


def _offers(figures: Figures) -> Table:
    table = _table("Which offers gave it (EUR)", "offer", "purchases", "cashback", "share")
    total = sum(offer.amount_minor for offer in figures.offers)
    for offer in figures.offers:
        table.add_row(
            offer.name, f"{offer.purchases:,}", money(offer.amount_minor),
            percent(offer.amount_minor, total),
        )  # fmt: skip
    return table


def _balances(figures: Figures) -> Table:
    table = _table("Where every cent is (EUR)", "account", "accounts", "debit", "credit")
    for balance in figures.balances:
        side = money(abs(balance.debit_minor))
        sides = (side, "") if balance.debit_minor > 0 else ("", side)
        if balance.debit_minor:
            table.add_row(balance.kind, f"{balance.accounts:,}", *sides)
    table.add_section()
    debited = sum(max(balance.debit_minor, 0) for balance in figures.balances)
    credited = sum(max(-balance.debit_minor, 0) for balance in figures.balances)
    table.add_row("sum", "", money(debited), money(credited), style="bold")
    table.add_row("debits less credits", "", money(debited - credited), "", style="bold green")
    return table


def _payouts(figures: Figures, story: Story) -> RenderableType:
    table = _table(
        "Bank files (pain.001.001.09), checked against their schema", "file", "transfers", "EUR"
    )
    table.columns[0].max_width = 70
    for file in figures.payout_files:
        table.add_row(_shown(file.path), f"{file.count:,}", money(file.total_minor))
    table.add_section()
    table.add_row(
        "all",
        f"{sum(file.count for file in figures.payout_files):,}",
        money(sum(file.total_minor for file in figures.payout_files)),
        style="bold",
    )
    refusals = Counter(refusal.code for refusal in story.months[-1].paid.plan.refusals)
    reasons = ", ".join(
        f"{count:,} {code.value.replace('_', ' ')}" for code, count in refusals.most_common()
    )
    note = Text(f"Not paid in the last run, their money waits: {reasons}.", style="dim")
    return Group(table, note) if refusals else table


def _shown(path: Path) -> str:
    """Show a path from here where it is below here."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _why(told: "Why") -> Panel:
    lines = Text()
    for sentence in told.sentences:
        lines.append(f"• {sentence}\n")
    lines.append(
        f"= {money(told.reward_minor)} {CURRENCY}, of which {money(told.released_minor)} released to member "
        f"{told.member_ref}.",
        style="bold",
    )
    title = f"cagnotte why {told.purchase.order_ref}"
    when = f"{told.purchase.occurred_at:%A %d %B %Y, %H:%M}"
    return Panel(
        lines,
        title=f"[bold]{title}[/]",
        subtitle=f"{when}, {money(told.purchase.amount_minor)} {CURRENCY}",
        title_align="left",
        subtitle_align="right",
        box=box.ROUNDED,
    )


def _checks(figures: Figures) -> Text:
    faults = [finding for finding in figures.findings if finding.is_fault]
    if not faults:
        return Text("✔ cagnotte ledger verify: every check of the books passed.", style="green")
    text = Text(f"✘ cagnotte ledger verify: {len(faults)} fault(s).", style="bold red")
    for finding in faults:
        text.append(f"\n  {finding.check}: {finding.sentence}")
    return text


def _cost(story: Story, cost: Cost) -> Text:
    rate = story.orders_read / cost.import_seconds if cost.import_seconds else 0
    return Text(
        f"{story.orders_read:,} orders read in {cost.import_seconds:.1f} s: {rate:,.0f} per second, from file to "
        f"booked.\nPeak memory of a process: {cost.peak_mib} MiB. Everything took {cost.seconds:.0f} s.",
    )


def _closing(story: Story, told: "Why | None", seed: int) -> RenderableType:
    headline = (
        Text("Done. Run it again: nothing will change.", style="bold")
        if story.changed
        else Text(
            "Nothing changed: all of this was there already, to the cent.", style="bold green"
        )
    )
    order = told.purchase.order_ref if told else "ORDER"
    member = told.member_ref if told else "MEMBER"
    commands = (
        f"cagnotte why {order}",
        f"cagnotte balance {member}",
        "cagnotte ledger export --format beancount --output books.beancount",
        "cagnotte programme check .data/demo/programme.yaml",
        "cagnotte demo --all",
    )
    body = Text.assemble(
        headline,
        f" Seed {seed}, books {story.digest[:16]}, programme {SLUG}.\n",
        "Try next:",
        *[("\n  " + command, "cyan") for command in commands],
    )
    return Padding(body, (0, 0, 1, 0))
