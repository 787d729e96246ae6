"""What the commands share: how one is added, and how its flags become settings."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qa.settings import Settings

EXIT_CODES = "exit codes: 0 answered, 1 a check found faults, 2 bad usage, 3 abstained or nothing proved, 4 index missing or stale, 5 disk refused, 6 a model failed"


def add_command(commands: Any, name: str, run: Callable[[argparse.Namespace], int], help: str) -> argparse.ArgumentParser:
    """A command that runs `run`, whose docstring is its description."""
    parser = commands.add_parser(name, help=help, description=run.__doc__, epilog=EXIT_CODES)
    parser.set_defaults(run=run)
    return parser


def add_setting_flags(parser: argparse.ArgumentParser, *names: str) -> None:
    """Flags for settings; the values given are checked by `qa.settings`, which names the flag when one is wrong."""
    flags = parser.add_argument_group("settings (also from QA_… and qa.toml; `qa settings` shows them)")
    for name in names:
        if name == "allow_stale":
            flags.add_argument("--allow-stale", action="store_true", default=None, help="answer although a file has changed")
        else:
            flags.add_argument(f"--{name.replace('_', '-')}", dest=name, metavar=name.upper(), help=_help(name))
    parser.set_defaults(flags=names)


def _help(name: str) -> str:
    from dataclasses import fields

    from qa.settings import Settings

    return next(f.metadata["help"] for f in fields(Settings) if f.name == name).replace("%", "%%")


def settings_of(parsed: argparse.Namespace) -> Settings:
    """The settings of a command: its flags over everything else. Raises UsageError."""
    from qa.settings import from_text, load

    given = {name: getattr(parsed, name) for name in getattr(parsed, "flags", ()) if getattr(parsed, name) is not None}
    return load({name: from_text(name, value) if isinstance(value, str) else value for name, value in given.items()})
