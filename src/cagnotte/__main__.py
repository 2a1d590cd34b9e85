"""`python -m cagnotte` is the command `cagnotte`."""

from cagnotte.cli.main import cli

cli(prog_name="cagnotte")
