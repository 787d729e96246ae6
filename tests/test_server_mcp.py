"""The MCP tools, called by the official client in this process."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from qa.mcp_tools import Shelf, tools
from qa.settings import Settings
from tests.scripted_answerer import serve_folder

FOLDER = Path(__file__).parent.parent / "seeds"


def call(tool: str, **arguments: object) -> dict:
    """The result of one call: the tool's data, or {"error": its line}."""
    from mcp.client.client import Client

    async def talk() -> dict:
        served = serve_folder(FOLDER)
        async with Client(tools(Settings(), Shelf(lambda: served, lambda: "g1"))) as client:
            result = await client.call_tool(tool, arguments)
        text = result.content[0].text
        return {"error": text} if result.is_error else json.loads(text)

    return asyncio.run(talk())


def test_an_agent_asks_and_opens_the_quote() -> None:
    answer = call("ask", question="Who was wounded in the battle?", history=[{"question": "When?", "answer": "June"}])
    assert (answer["status"], answer["standalone_question"]) == ("answered", "Who was wounded in the battle? (When?)")
    citation = answer["citations"][0]
    opened = call("open_source", source_id=citation["source_id"], start=citation["start"], end=citation["end"])
    assert " ".join(opened["text"].partition("⟦")[2].partition("⟧")[0].split()) == citation["quote"]
    assert (opened["source"], opened["line"], opened["whole"]) == (citation["source"], citation["line"], True)


def test_search_gives_passages() -> None:
    passages = call("search", query="wounded in the battle", k=3)["passages"]
    assert len(passages) == 3 and passages[0]["score"] >= passages[1]["score"]


@pytest.mark.parametrize(
    ("tool", "arguments", "line"),
    [
        ("ask", {"question": " "}, "the question is empty"),
        ("ask", {"question": "x" * 2001}, "at most 2,000 are read"),
        ("open_source", {"source_id": "../etc/passwd"}, "no such source"),
        ("open_source", {"source_id": "x", "start": 1}, "give start and end"),
    ],
)
def test_a_mistake_is_told_in_one_line(tool: str, arguments: dict, line: str) -> None:
    assert line in call(tool, **arguments)["error"]
