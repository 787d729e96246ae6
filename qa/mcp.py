"""`qa mcp`: the articles for agents, as a Model Context Protocol server with three tools: ask, search and open_source.

It speaks over standard input and output. Built on the official SDK, the package `mcp`.
"""

from __future__ import annotations

import argparse
from typing import Any

from qa.settings import load

_FLAGS = ("index", "articles", "model")


def add_commands(subparsers: Any) -> None:
    parser = subparsers.add_parser("mcp", help="serve agents over standard input and output (MCP)", description=__doc__)
    parser.add_argument("--index", help="folder of the index")
    parser.add_argument("--articles", help="folder of the articles")
    parser.add_argument("--model", help="extractive, or provider:model")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve one client until it closes its end. Raises IndexProblem at once when there is no index."""
    settings = load({name: getattr(arguments, name, None) for name in _FLAGS})
    from qa.mcp_tools import Shelf, tools
    from qa.server.generation import open_served, published

    shelf = Shelf(lambda: open_served(settings), lambda: published(settings))
    shelf.served()
    tools(settings, shelf).run("stdio")
    return 0
