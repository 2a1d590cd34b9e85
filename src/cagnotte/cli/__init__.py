"""The command line: each command parses its arguments, calls one journey or selector, and prints the result.

Commands live in `*_commands.py` and are listed in `main.COMMANDS`; `bootstrap` brings the database up for them.
"""
