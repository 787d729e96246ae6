"""A part is gone inside the block and back after it."""

from __future__ import annotations

import pytest

from eval.ablations import ABLATIONS, OF_THE_INDEX, weights_without, without
from eval.asking_commands import ABLATIONS as NAMES
from index import build
from index.fuse import MODES
from index.repair import repair
from index.types import Passage, Sentence

MOJIBAKE = "Amadou Toumani Tour√© was ousted in a coup d'√©tat; the d√©fense lasted 2012‚Äì2013."
INFOBOX = "= Battle of Gao =\n\nInfobox\n- Combatant1: MNLA\n- Casualties1: 4 killed\n\nIt was fought in Gao.\n"


def test_the_names_are_those_of_the_command() -> None:
    assert ABLATIONS == NAMES


def test_everything_is_put_back() -> None:
    before = (build.repair, build.passage_text, build.sentence_texts, build.parse)
    for part in OF_THE_INDEX:
        with pytest.raises(RuntimeError), without(part):
            raise RuntimeError
    assert (build.repair, build.passage_text, build.sentence_texts, build.parse) == before


def test_without_repair() -> None:
    assert "Touré" in build.repair(MOJIBAKE).text
    with without("repair"):
        assert build.repair(MOJIBAKE).text == MOJIBAKE


def test_without_headers() -> None:
    passage = Passage("p", "a.txt", "", "Gao", ("Battle",), "prose", (Sentence("It fell.", "It fell.", 0, 8, 1),))
    assert build.passage_text(passage) == "Gao › Battle\nIt fell."
    with without("headers"):
        assert (build.passage_text(passage), build.sentence_texts(passage)) == ("It fell.", ["It fell."])


def test_without_facts() -> None:
    kinds = {block.kind for block in build.parse("a.txt", "", repair(INFOBOX)).blocks}
    assert "fact" in kinds
    with without("facts"):
        blocks = build.parse("a.txt", "", repair(INFOBOX)).blocks
    assert {block.kind for block in blocks} == {"paragraph"}
    assert any(INFOBOX[block.start : block.end].strip() == "Casualties1: 4 killed" for block in blocks), blocks


@pytest.mark.parametrize(("part", "gone", "kept"), [("words", "words", "sentence"), ("sentences", "sentence", "words")])
def test_without_a_ranking_the_others_keep_their_proportion(part: str, gone: str, kept: str) -> None:
    usual, left = MODES["hybrid"], weights_without(part)
    assert getattr(left, gone) == 0.0
    assert left.passage + left.sentence + left.words == pytest.approx(1.0)
    assert left.passage / getattr(left, kept) == pytest.approx(usual.passage / getattr(usual, kept))


def test_without_kindred_words_all_else_stays() -> None:
    usual, left = MODES["hybrid"], weights_without("kindred")
    assert (left.passage, left.sentence, left.words) == (usual.passage, usual.sentence, usual.words)
    assert (usual.kindred > 0, left.kindred) == (True, 0.0)


def test_without_names() -> None:
    from qa import answer

    pairs, frequency = (("WFP", "World Food Programme"),), {"wfp": 9}.__getitem__
    assert answer.usual("the World Food Programme", pairs, frequency) == "the WFP"
    with without("names"):
        assert answer.usual("the World Food Programme", pairs, frequency) == "the World Food Programme"
