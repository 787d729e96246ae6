"""The `Answer` as JSON: the same from every edge, and readable again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.types import Answer, Citation, Claim, Conflict, ConflictValue, ShownPassage

texts = st.text(max_size=20)
numbers = st.lists(st.integers(1, 99), max_size=3).map(tuple)
sections = st.lists(texts, max_size=3).map(tuple)
places = st.integers(0, 10**6)
citations = st.builds(Citation, places, texts, texts, texts, sections, texts, places, places, places, texts)
claims = st.builds(Claim, texts, places, places, numbers, st.sampled_from(["quoted", "supported", "unsupported"]))
conflicts = st.builds(Conflict, texts, st.lists(st.builds(ConflictValue, texts, numbers), max_size=3).map(tuple))
passages = st.builds(ShownPassage, texts, texts, texts, sections, texts, st.floats(-1, 1), places, places, places)
answers = st.builds(
    Answer,
    question=texts,
    standalone_question=texts,
    status=st.sampled_from(["answered", "conflicting", "abstained"]),
    answer=texts,
    confidence=st.floats(0, 1),
    claims=st.lists(claims, max_size=2).map(tuple),
    citations=st.lists(citations, max_size=2).map(tuple),
    conflicts=st.lists(conflicts, max_size=2).map(tuple),
    passages=st.lists(passages, max_size=2).map(tuple),
    unresolved_markers=st.lists(texts, max_size=2).map(tuple),
    model=texts,
    index=st.dictionaries(texts, texts, max_size=2),
    timings_ms=st.dictionaries(texts, st.floats(0, 1e6), max_size=2),
    notices=st.lists(texts, max_size=2).map(tuple),
    prompt=texts,
    usage=st.dictionaries(texts, st.floats(0, 1e6), max_size=2),
)

SAVED = {
    "question": "And when was that?",
    "standalone_question": "When did the MNLA lose Gao?",
    "status": "answered",
    "answer": "The next day the MNLA were evicted from the city. [1]",
    "confidence": 0.93,
    "claims": [
        {
            "text": "The next day the MNLA were evicted from the city.",
            "start": 0,
            "end": 49,
            "citations": [1],
            "support": "quoted",
        }
    ],
    "citations": [
        {
            "number": 1,
            "source": "seeds/000_136c2ed4ac8dc82b.txt",
            "sha256": "ab",
            "title": "Battle of Gao",
            "section": ["Battle"],
            "quote": "The next day the MNLA were evicted from the city.",
            "start": 5120,
            "end": 5169,
            "line": 33,
            "passage_id": "cd",
        }
    ],
    "conflicts": [
        {"about": "date", "values": [{"value": "3 May 1999", "citations": [1]}, {"value": "4 May 1999", "citations": [2]}]}
    ],
    "passages": [],
    "unresolved_markers": ["[7]"],
    "model": "extractive",
    "index": {"generation": "g", "embedder": "all-MiniLM-L6-v2"},
    "timings_ms": {"total": 9.9},
}
"""As the design writes it."""


@given(answers)
def test_any_answer_reads_back_from_its_json(answer: Answer) -> None:
    assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer


@given(answers)
def test_plain_data_is_that_of_asdict_with_lists(answer: Answer) -> None:
    assert json.dumps(answer.to_dict()) == json.dumps(asdict(answer)) and type(answer.to_dict()["claims"]) is list


def test_the_json_is_that_of_the_design() -> None:
    answer = Answer.from_dict(SAVED)
    assert answer.citations[0].section == ("Battle",) and answer.claims[0].citations == (1,)
    assert [value.value for value in answer.conflicts[0].values] == ["3 May 1999", "4 May 1999"]
    assert answer.to_dict() == SAVED | {"notices": [], "prompt": "", "usage": {}}


def test_older_and_newer_answers_load() -> None:
    assert (
        Answer.from_dict({**SAVED, "later": 1, "claims": [SAVED["claims"][0] | {"later": 2}]}).claims
        == Answer.from_dict(SAVED).claims
    )
    small = {name: SAVED[name] for name in ("question", "standalone_question", "status", "answer", "confidence")}
    assert Answer.from_dict(small).citations == ()


@pytest.mark.parametrize(
    "change",
    [
        {"citations": [{"number": 1}]},
        {"citations": [SAVED["citations"][0] | {"start": "5120"}]},
        {"citations": [SAVED["citations"][0] | {"section": "Battle"}]},
        {"citations": [SAVED["citations"][0] | {"source": None}]},
        {"claims": [SAVED["claims"][0] | {"end": 4.5}]},
        {"conflicts": [{"about": "x"}]},
        {"conflicts": [{"values": []}]},
    ],
)
def test_what_is_no_answer_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError)):
        Answer.from_dict({**SAVED, **change})


def test_a_missing_field_is_refused() -> None:
    with pytest.raises(TypeError):
        Answer.from_dict({"question": "Why?"})
