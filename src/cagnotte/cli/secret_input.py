"""Secrets on the command line: asked for without being shown, and told of without being told."""

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cagnotte.platform.kept_secrets import SecretTold

keep_hours_option = click.option(
    "--keep-hours",
    type=click.IntRange(0, 24 * 30),
    default=24,
    show_default=True,
    help="How long the one before stays valid; 0 when it has leaked.",
)


def read_secret(name: str, ref: str) -> str:
    """Ask for a secret of a source or listener, or read it from standard input where nobody sits."""
    if sys.stdin.isatty():
        value: str = click.prompt(f"{name} of {ref}", hide_input=True)
        return value
    return sys.stdin.read()


def secret_line(told: "SecretTold") -> str:
    """Write what may be shown of a secret."""
    if told.since is None:
        return f"{told.name}: not set{'' if told.needed else ', and not needed'}"
    line = f"{told.name}: set since {told.since:%Y-%m-%d %H:%M} UTC, SHA-256 …{told.fingerprint}"
    if told.before_until is None:
        return line
    return f"{line}; the one before is valid until {told.before_until:%Y-%m-%d %H:%M} UTC"
