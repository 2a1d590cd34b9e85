"""The command `cagnotte`: the list of its commands, and what people see when something goes wrong."""

import errno
import importlib
import os
import sys
from typing import Any, NamedTuple

import click

from cagnotte import __version__
from cagnotte.domain.errors import CagnotteError

INTERRUPTED_EXIT_CODE = 130


class Entry(NamedTuple):
    """Where a command is (`module:attribute`) and what it does, in a line for the help.

    The module is one of this package's, or a whole name such as `cagnotte.world.demo_command`.
    """

    place: str
    summary: str


COMMANDS: dict[str, Entry] = {
    "demo": Entry("cagnotte.world.demo_command:demo", "Run the main job on real purchases."),
    "showcase": Entry(
        "cagnotte.world.showcase.command:showcase", "Fill a portal with an example to look at."
    ),
    "simulate": Entry(
        "cagnotte.world.simulation.command:simulate", "Draw a world of shops and members as files."
    ),
    "init": Entry("init_commands:init", "Set up the database, a first programme and its operator."),
    "serve": Entry("serve_commands:serve", "Run the web server on this machine."),
    "programme": Entry(
        "programme_commands:programme", "Check and load the file that holds a programme's rules."
    ),
    "import": Entry(
        "purchase_commands:import_command", "Import members, products, purchases or answers."
    ),
    "files": Entry(
        "file_commands:files", "Look at files before they are imported; watch a folder for them."
    ),
    "sources": Entry(
        "source_commands:sources", "Connect, ask and watch sources; see to what waits."
    ),
    "worker": Entry("worker_commands:worker", "Ask sources when they are due; read what came in."),
    "events": Entry("event_commands:events", "List what happened, as others hear of it."),
    "webhooks": Entry(
        "event_commands:webhooks", "See to addresses that hear of events; send again."
    ),
    "listeners": Entry(
        "listener_commands:listeners", "Connect services that hear of events: analytics, CRMs."
    ),
    "validate": Entry(
        "purchase_commands:validate_command", "Confirm, decline or amend purchases from a file."
    ),
    "mature": Entry(
        "purchase_commands:mature_command", "Release confirmed money whose delay is over."
    ),
    "expire": Entry("wallet_commands:expire", "Let money expire that nobody spent in time."),
    "payouts": Entry("payouts_commands:payouts", "Pay members: plan, bank file, bank answers."),
    "redeem": Entry("wallet_commands:redeem", "Pay with the cagnotte at a checkout."),
    "vouchers": Entry(
        "voucher_commands:vouchers", "Issue vouchers, have shops take them, call them off."
    ),
    "charities": Entry(
        "charity_commands:charities", "Name charities that members may give to; pass gifts on."
    ),
    "claims": Entry(
        "claim_commands:claims", "Answer what members say is missing or wrong; ask shops."
    ),
    "close-account": Entry("wallet_commands:close_account", "Close a member's account."),
    "members": Entry(
        "member_commands:members",
        "Show and change what members are recognised by, and their visits.",
    ),
    "why": Entry("purchase_commands:why_command", "Explain every cent of a purchase."),
    "balance": Entry(
        "purchase_commands:balance_command", "Show what a member holds, now or on a day."
    ),
    "ledger": Entry("ledger_commands:ledger", "Check, export, seal and close the books."),
    "keys": Entry("key_commands:keys", "Make, list, rotate and revoke keys to the REST interface."),
    "staff": Entry("staff_commands:staff", "Say who may sign in to a programme's pages."),
    "api": Entry("api_commands:api", "Describe the REST interface; tidy what it keeps."),
    "db": Entry("db_commands:db", "Start, stop, migrate and inspect the database."),
}
"""Every command. Modules are imported when their command runs, so that the others start fast."""


class CommandList(click.Group):
    """The root command; imports each command when it is called and turns errors into sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Give the names in the order of `COMMANDS`, which follows a newcomer's path."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        if not module.startswith("cagnotte."):
            module = f"cagnotte.cli.{module}"
        found = getattr(importlib.import_module(module), attribute)
        if not isinstance(found, click.Command):
            raise TypeError(f"{entry.place} is no command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error a person can meet is a sentence, never a traceback."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _say("Interrupted: what was finished is kept, the rest is as if it had never begun.")
            sys.exit(INTERRUPTED_EXIT_CODE)
        except BrokenPipeError:
            # The reader went away (`cagnotte … | head`); nothing more can be said to it.
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
            sys.exit(1)
        except Exception as error:
            sentence = _sentence_for(error)
            if sentence is None or os.environ.get("CAGNOTTE_DEBUG") == "1":
                raise
            _say(sentence)
            sys.exit(1)


def _sentence_for(error: Exception) -> str | None:
    """The sentence of an error a person can meet, None for a fault of the program."""
    if isinstance(error, CagnotteError):
        return error.sentence
    from cagnotte.platform.database import explain
    from cagnotte.platform.database_errors import DiskFull

    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        # A file of ours: rejected rows, an export. The database's own disk is told by the server.
        return DiskFull().sentence
    # Django wraps the driver's errors; the cause is the original.
    for candidate in (error, error.__cause__):
        explained = explain(candidate) if candidate else None
        if explained:
            return explained.sentence
    return None


def _say(sentence: str) -> None:
    click.secho(sentence, fg="red", err=True)


@click.group(cls=CommandList, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cagnotte")
def cli() -> None:
    """Cagnotte, the open-source cashback platform: correct to the cent, and every cent explained.

    The database is the embedded one in .data/, started when needed and stopped after; to use your own,
    set CAGNOTTE_DATABASE_URL=postgresql://user:password@host/database.
    """


if __name__ == "__main__":
    cli()
