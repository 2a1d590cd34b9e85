"""The page and the script that go with a world: what it is, and the exact commands to run it."""

from pathlib import Path

from cagnotte.world.simulation.plan import Plan
from cagnotte.world.simulation.programmes import source_refs
from cagnotte.world.simulation.steps import Step

SHOWN_STEPS = 14
"""Steps that the page shows; the script has all of them."""

CLOSING_COMMANDS = ("cagnotte ledger verify", "cagnotte ledger digest --programme simulated")


def write(folder: Path, plan: Plan, steps: list[Step], counts: dict[str, int]) -> None:
    """Write README.md and run.sh."""
    commands = [step.command() for step in steps]
    (folder / "run.sh").write_text(_script(commands), encoding="utf-8")
    (folder / "run.sh").chmod(0o755)
    (folder / "README.md").write_text(_page(plan, commands, counts), encoding="utf-8")


def _script(commands: list[str]) -> str:
    lines = [*_OPENING, *commands, *CLOSING_COMMANDS]
    return "\n".join(lines) + "\n"


_OPENING = (
    "#!/bin/sh",
    "# Runs this world from its first day to its last, in a database of its own in data/ beside this file, or in",
    "# the one that CAGNOTTE_DATABASE_URL names. Running it again changes nothing.",
    "set -e",
    'cd "$(dirname "$0")"',
    'if [ -z "$CAGNOTTE_DATABASE_URL" ]; then',
    '  export CAGNOTTE_DATA_DIR="${CAGNOTTE_DATA_DIR:-$PWD/data}"',
    "  cagnotte db start",
    "  trap 'cagnotte db stop' EXIT",
    "fi",
    "cagnotte db migrate",
)


def _page(plan: Plan, commands: list[str], counts: dict[str, int]) -> str:
    shown = "\n".join([*commands[:SHOWN_STEPS], "…"] if len(commands) > SHOWN_STEPS else commands)
    return f"""# A simulated world

Made by `{simulate_command(plan)}`; the same command writes the same bytes anywhere.

{plan.members:,} members, {plan.days:,} days from {plan.starts_on}, {counts["orders"]:,} orders, \
{counts["messages"]:,} messages about them, {counts.get("answers", 0):,} answers. Nobody in it exists.

| file | what it holds |
|---|---|
{_files(plan)}
| `truth.csv` | what really became of each order: its end, what was kept, who cheated |
| `truth.json` | sums, cheats, who failed{", and how rewards follow from truth.csv" if plan.plain else ""} |
| `world.json` | the plan and the steps, for programs |
| `run.sh` | all commands |

## Run it

`./run.sh` runs all of it in a database of its own, in `data/` beside this file (remove that folder to begin anew). Its
commands, to be run from here after `cagnotte db migrate`:

```sh
{shown}
```

At the end `cagnotte ledger verify` finds nothing wrong, and every order in `truth.csv` of an enrolled member stands as
its row says. {counts.get("orders_of_strangers", 0):,} orders are of buyers who never enrolled, and are rejected.
"""


def _files(plan: Plan) -> str:
    rows = ["| `programme.yaml` | shops, contracts, offers and how the files are read |"]
    rows.append("| `members.csv` | the members |")
    if plan.tells_lines:
        rows.append("| `products.csv` | the articles |")
    refs = source_refs(plan)
    rows += [f"| `orders-….{name}` | orders, read by the source `{refs[name]}` |" for name in refs]
    if plan.tells_lines:
        rows.append("| `answers-….csv` | what shops confirm, decline or take back |")
    return "\n".join(rows)


def simulate_command(plan: Plan) -> str:
    """Return the command that makes this world."""
    parts = [
        f"cagnotte simulate --seed {plan.seed} --members {plan.members} --days {plan.days}",
        f"--model {plan.model.value} --start {plan.starts_on}",
        f"--orders-per-month {plan.orders_per_month} --currency {plan.currency}",
        f"--files-per {plan.files_per.value} --returns {plan.returns.value}",
        *[f"--format {name}" for name in plan.formats],
        *(["--plain"] if plan.plain else []),
        "--out DIR",
    ]
    return " ".join(parts)
