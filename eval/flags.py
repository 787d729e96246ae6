"""What the commands of `qa eval` share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qa.settings import Settings

QUESTIONS = Path(__file__).parent / "questions.jsonl"
PRACTICE = Path(__file__).parent / "practice"
SETTINGS = (
    "index", "articles", "model", "mode", "passages", "threshold", "embedder", "rewrite", "expand", "query_model", "model_cache",
)  # fmt: skip
FAULTS = 1
"""The exit code of a command that found faults."""


def command(commands: Any, name: str, help: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    """A parser for one command; its description is the docstring of what it runs."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=run.__doc__)
    parser.set_defaults(run=run)
    return parser


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings with those that were given as flags."""
    from qa.settings import load

    return load({name: getattr(arguments, name, None) for name in SETTINGS})


def progress() -> Callable[[int, int], None]:
    """A bar on the terminal's error stream; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        return lambda done, total: None

    def show(done: int, total: int) -> None:
        filled = 30 * done // max(total, 1)
        end = "\n" if done == total else ""
        print(f"\r{'█' * filled}{'░' * (30 - filled)} {done}/{total}", end=end, file=sys.stderr, flush=True)

    return show
