"""Passages and their sentences: what each promises, over all seeds, over made-up files, and at the edges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import chunk
from index.build import passage_text, sentence_texts
from index.embed import Encoder
from index.markup import parse
from index.repair import fold, repair
from index.types import Passage, Sentence
from tests.encoder_double import WordEncoder

BRIDGE = (
    "= Bridge =\n\nInfobox\n- Length: 412 m\n- Builder: Maud Tiller\n\nIt is long. It is old.\n\n== Use ==\nLorries use it.\n"
)
DOUBLE = WordEncoder()


def passages(raw: str, words: int = 110, tokens: int = 252, encoder: Encoder = DOUBLE, source: str = "a/b.txt") -> list[Passage]:
    repaired = repair(raw)
    limits = chunk.Limits(words, tokens, encoder.count_tokens)
    return chunk.passages(parse(source, "f" * 64, repaired), repaired, limits)


def check(raw: str, found: list[Passage], encoder: Encoder, words: int = 110) -> None:
    """The promises: offsets, lines, quotes, nesting, order, sizes, distinct ids."""
    repaired = repair(raw)
    most = encoder.card.max_tokens
    for passage in found:
        assert passage.sentences and encoder.count_tokens(passage_text(passage)) <= most
        assert all(encoder.count_tokens(text) <= most for text in sentence_texts(passage))
        assert len(passage.sentences) == 1 or sum(len(s.text.split()) for s in passage.sentences) <= words
        assert passage.line == passage.sentences[0].line
        for sentence in passage.sentences:
            assert passage.start <= sentence.start < sentence.end <= passage.end
            assert sentence.quote == repaired.quote(sentence.start, sentence.end) != ""
            assert sentence.line == raw.count("\n", 0, sentence.start) + 1
            assert sentence.text and sentence.text == fold(sentence.text)
        ends = [(s.start, s.end) for s in passage.sentences]
        assert ends == sorted(ends) and all(a[1] <= b[0] for a, b in pairwise(ends))
    assert len({passage.id for passage in found}) == len(found)


@pytest.fixture(scope="module")
def of_seeds(seeds: Path, encoder: Encoder) -> dict[Path, list[Passage]]:
    """The passages of each seed, cut as `build` cuts them."""
    return {path: passages(raw_of(path), 110, 252, encoder, f"seeds/{path.name}") for path in sorted(seeds.iterdir())}


def raw_of(path: Path) -> str:
    """The file as a citation counts it."""
    with open(path, encoding="utf-8", newline="") as stream:
        return stream.read()


def test_every_sentence_of_every_seed_is_proved(of_seeds: dict[Path, list[Passage]], encoder: Encoder) -> None:
    assert encoder.card.max_tokens == 254
    assert sum(len(p.sentences) for found in of_seeds.values() for p in found) > 800
    for path, found in of_seeds.items():
        check(raw_of(path), found, encoder)


def test_quotes_of_seeds_agree_with_an_independent_repair(of_seeds: dict[Path, list[Passage]]) -> None:
    """Without the map: the slice of the file is the quote, and in the damaged file it is so after a whole-file round trip."""
    checked = 0
    for path, found in of_seeds.items():
        raw = raw_of(path)
        for sentence in (s for passage in found for s in passage.sentences):
            piece = raw[sentence.start : sentence.end]
            piece = piece.encode("mac_roman").decode("utf-8") if path.name.startswith("001") else piece
            if not re.search("[\U0001f1e6-\U0001f1ff]", piece):
                assert fold(piece) == sentence.quote
                checked += 1
    assert checked > 700


def test_every_word_of_the_prose_of_the_seeds_is_in_a_sentence(of_seeds: dict[Path, list[Passage]]) -> None:
    for path, found in of_seeds.items():
        raw = raw_of(path)
        held = bytearray(len(raw))
        for sentence in (s for passage in found for s in passage.sentences):
            held[sentence.start : sentence.end] = b"\1" * (sentence.end - sentence.start)
        left = [(number, line) for number, line in lines_outside(raw, held) if not is_no_prose(line)]
        assert left == [], path.name


def lines_outside(raw: str, held: bytearray) -> Iterator[tuple[int, str]]:
    """Lines of the body that hold a word outside all sentences, and their numbers."""
    at = raw.index("\n---", 3) + 4 if raw.startswith("---\n") else 0
    first = raw.count("\n", 0, at) + 1
    for number, line in enumerate(raw[at:].split("\n"), first):
        if any(c.isalnum() and not held[at + n] for n, c in enumerate(line)):
            yield number, line
        at += len(line) + 1


def is_no_prose(line: str) -> bool:
    """Headings, images, the word Infobox, and the field of an infobox that says nothing."""
    return line.startswith(("=", "#", "![")) or line == "Infobox" or re.fullmatch(r"- \w+:\W*", line) is not None


def test_ids_are_those_of_the_content(of_seeds: dict[Path, list[Passage]], encoder: Encoder) -> None:
    for path, found in of_seeds.items():
        assert [p.id for p in passages(raw_of(path), 110, 252, encoder, f"seeds/{path.name}")] == [p.id for p in found]
    every = [passage.id for found in of_seeds.values() for passage in found]
    assert len(every) == len(set(every)) and all(re.fullmatch("[0-9a-f]{16}", name) for name in every)


def test_an_id_changes_with_source_section_and_text_only() -> None:
    base = [p.id for p in passages(BRIDGE)]
    assert [p.id for p in passages(BRIDGE.replace("= Bridge =", "= Other =", 1))] == base, "the title is not in it"
    assert set(base).isdisjoint(p.id for p in passages(BRIDGE, source="a/c.txt"))
    assert [a == b for a, b in zip(base, (p.id for p in passages(BRIDGE.replace("== Use", "== Other"))), strict=True)] == [
        True,
        True,
        False,
    ]
    assert [a == b for a, b in zip(base, (p.id for p in passages(BRIDGE.replace("old", "new"))), strict=True)] == [
        True,
        False,
        True,
    ]
    assert [a == b for a, b in zip(base, (p.id for p in passages(BRIDGE.replace("\n\nIt", "\n\n\n\nIt"))), strict=True)] == [
        True,
        True,
        True,
    ]


def test_the_parts_of_a_small_article() -> None:
    facts, prose, use = passages(BRIDGE)
    assert (facts.kind, facts.header, facts.text) == ("facts", "Bridge › Infobox", "Length: 412 m; Builder: Maud Tiller")
    assert facts.sentences[0] == Sentence("412 m", "Length: 412 m", 22, 35, 4, "Length")
    assert (prose.kind, prose.header, prose.text, prose.line) == ("prose", "Bridge", "It is long. It is old.", 7)
    assert (use.header, use.section, use.text, use.line) == ("Bridge › Use", ("Use",), "Lorries use it.", 10)
    assert passage_text(use) == "Bridge › Use\nLorries use it." and sentence_texts(use) == ["Bridge: Lorries use it."]


def test_lines_are_counted_as_editors_count_them() -> None:
    raw = "One\x0b\x0c\x1c\u2028\x85 here.\r\n\r\nTwo here.\n\nThree here.\n"
    assert [(s.quote.split()[0], s.line) for p in passages(raw) for s in p.sentences] == [("One", 1), ("Two", 3), ("Three", 5)]


def test_passages_are_even_in_length() -> None:
    raw = " ".join(f"Sentence number {n} has just eight words here." for n in range(15))
    assert [len(p.sentences) for p in passages(raw, words=110)] == [8, 7]


def test_the_same_text_twice_has_two_ids() -> None:
    first, second = passages("== A ==\nThe same.\n== B ==\nAnother.\n== A ==\nThe same.\n")[::2]
    assert first.id != second.id and first.text == second.text


def test_short_facts_count_what_stands_between_them() -> None:
    raw = "= T =\nInfobox\n" + "".join(f"- K{chr(97 + n % 26)}: {n}\n" for n in range(400)) + "\nText.\n"
    for tokens in (30, 60, 120, 252):
        encoder = WordEncoder(tokens + 2)
        found = passages(raw, 110, tokens, encoder)
        check(raw, found, encoder)
        assert sum(len(p.sentences) for p in found) == 401


@pytest.mark.parametrize(
    "raw",
    [
        f"= {'word ' * 55}=\n\nText here.\n",
        f"---\ntitle: {'word ' * 2000}\n---\nText here.\n",
        f"---\ntitle: {'x' * 20_000}\n---\nText here.\n",
        f"---\ninfobox:\n  ? {'key ' * 500}\n  : some value\n---\nText here.\n",
        "".join(f"{'=' * n} {'part ' * 50}{n} {'=' * n}\n" for n in range(1, 7)) + "Text here.\n",
        f"Infobox\n- Combatant1: {'name ' * 500}\n- Losses1: 9\n\nText here.\n",
        f"Text {'a,' * 5000} here.\n",
        f"Text {'!?' * 9000}here.\n",
        "中文" * 9000,
        "Infobox\n- Losses: " + "12 killed, " * 900 + "\n\nText here.\n",
    ],
)
def test_nothing_is_too_long_for_the_embedder(raw: str, encoder: Encoder) -> None:
    for reader in (DOUBLE, encoder):
        found = passages(raw, 110, reader.card.max_tokens - 2, reader)
        check(raw, found, reader)
        assert "here" in found[-1].text or "中" in found[-1].text


def test_a_long_title_is_cut_in_the_header_alone() -> None:
    found = passages(f"---\ntitle: {'word ' * 2000}\n---\nText here.\n")
    assert found[-1].title.startswith("word word") and found[-1].title.endswith("…") and found[-1].text == "Text here."


PIECES = ["= T =", "== S ==", "## S", "Some words here. And more!", "- an item", "- Key: value, 12", "Infobox", "", "| k = v"]
PIECES += [
    "√©t√© d√©j√†",
    "café — déjà",
    "🇫🇷 France, 🇹🇩 12",
    "A &amp; B.",
    "x" * 700,
    "1,2;" * 90,
    "a b " * 100,
    "{{Infobox a",
    "}}",
    "**b** [l](u)",
    "\r",
]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("\n".join), st.sampled_from([40, 100, 252]))
def test_the_promises_hold_for_any_file(raw: str, tokens: int) -> None:
    encoder = WordEncoder(tokens + 2)
    check(raw, passages(raw, 60, tokens, encoder), encoder, 60)
