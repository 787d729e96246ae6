"""Words that may stand for each other, and what they add to BM25."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from eval import wordnet
from index import lexical
from index.akin import SAME, STEP, akin
from index.lexical import LexicalIndex, stem

TEXTS = ["Its competitor paid the toll.", "The rival paid.", "A ferry crossed the river.", "The champion left."]


@pytest.mark.parametrize(
    ("word", "other", "worth"),
    [
        ("competitor", "rival", SAME),
        ("rival", "competitor", SAME),
        ("rival", "champion", STEP),
        ("champion", "rival", STEP),
        ("rival", "ferry", None),
        ("rival", "rival", None),
    ],
)
def test_the_relations(word: str, other: str, worth: float | None) -> None:
    assert dict(akin(stem(word))).get(stem(other)) == worth


def test_a_word_that_is_not_known_has_none() -> None:
    assert akin("zzyzx") == ()


def test_the_file_is_what_the_thesaurus_gives() -> None:
    synonyms = gzip.decompress((wordnet.DATA / "synonyms.txt.gz").read_bytes()).decode()
    assert gzip.decompress(wordnet.AKIN.read_bytes()).decode() == wordnet.akin(synonyms)


def test_who_is_written_down() -> None:
    """`vie` and `compete` share a sense; `fight` is broader than both; a root that is broader than too many keeps none of its steps."""
    lines = ["vie\t1\t2\t", "compet\t1\t2\t", "fight\t2\t\t"]
    assert wordnet.akin("\n".join(lines)) == "compet\tvie\tfight\nfight\t\tcompet vie\nvie\tcompet\tfight\n"
    many = [f"w{n:02}\t\t2\t" for n in range(wordnet.MOST_STEPS)]
    assert "fight" not in {line.split("\t")[0] for line in wordnet.akin("\n".join(sorted([*lines, *many]))).splitlines()}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    folder = tmp_path_factory.mktemp("words") / "w"
    lexical.build(folder, TEXTS)
    return LexicalIndex(folder)


def test_a_kindred_word_counts_a_share_of_the_own_one(index: LexicalIndex) -> None:
    """Passages 1 and 3 hold one word of two each, so their own scores are those of the word at equal length and rarity."""
    plain, wider = (dict(index.search("rival", 10, kindred)) for kindred in (0.0, 0.5))
    assert set(plain) == {1} and set(wider) == {0, 1, 3}
    assert wider[1] == pytest.approx(plain[1])
    assert wider[3] == pytest.approx(0.5 * STEP * dict(index.search("champion", 10))[3], rel=1e-4)
    assert wider[0] == pytest.approx(0.5 * SAME * dict(index.search("competitor", 10))[0], rel=1e-4)


def test_only_the_best_of_a_word_and_its_kindred_counts(tmp_path: Path) -> None:
    lexical.build(tmp_path / "w", ["rival competitor challenger", "ferry river fair", "rival left home"])
    found = LexicalIndex(tmp_path / "w")
    assert dict(found.search("rival", 10, 0.5))[0] == pytest.approx(dict(found.search("rival", 10))[0])


def test_a_frequent_kindred_word_is_worth_no_more_than_a_rare_one(tmp_path: Path) -> None:
    """The question's word is in two of four passages and less telling than the kindred one in one: that is cut to its worth."""
    lexical.build(tmp_path / "w", ["rival toll", "rival gate", "competitor lamp", "ferry mast"])
    found = LexicalIndex(tmp_path / "w")
    wider = dict(found.search("rival", 10, 0.5))
    assert wider[2] == pytest.approx(0.5 * SAME * wider[0], rel=1e-4)
