"""The lists that the span reader learns from: right sentences marked where the answer stands, others without it, and nothing in between."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from eval.practice_articles import Practice, mended
from eval.questions import Question, Quote
from eval.reading_lists import Read, ReadingList, _spans, lists
from eval.span_network import row
from index.errors import UsageError
from index.search import Searcher

MILL = """# The mill

The mill at Harden was built in 1802 by John Hale. He died there in 1840. It burned down in a storm in 1911.
Mary Stone bought the ruin. The visitors of 1911 were told of John Hale by his grandson.
"""
RIVER = """# The river

The river Harden has three weirs. The oldest weir dates from 1644. Peter Lund owns all of the weirs.
"""
BUILT = "The mill at Harden was built in 1802 by John Hale."


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    folder = tmp_path_factory.mktemp("practice") / "mills"
    (folder / "articles").mkdir(parents=True)
    (folder / "articles" / "mill.md").write_text(MILL)
    (folder / "articles" / "river.md").write_text(RIVER)
    asked = {"id": "a", "category": "unanswerable", "question": "Who?", "gold": [], "evidence": [], "kind": "near_miss"}
    (folder / "questions.jsonl").write_text(json.dumps(asked) + "\n")
    (practice,) = Practice.all(folder.parent)
    assert (practice.name, [question.id for question in practice.questions]) == ("mills", ["a"])
    return practice.searcher(folder / "index")


def one(searcher: Searcher, question: Question) -> ReadingList:
    (found,) = lists([question], searcher, mended)
    return found


def test_the_evidence_is_right_and_what_only_names_the_answer_is_left_out(searcher: Searcher) -> None:
    found = one(searcher, Question("a", "single_fact", "Who built the mill?", (("John Hale",),), ((Quote("mill.md", BUILT),),)))
    (right,) = found.right
    assert (right.before, right.text) == ("The mill. ", BUILT)
    assert [right.text[start:end] for start, end in right.spans] == ["John Hale"]
    assert found.wrong and all("John Hale" not in read.text for read in found.wrong)


def test_a_pronoun_is_read_with_the_sentence_before_it(searcher: Searcher) -> None:
    died = (Quote("mill.md", "He died there in 1840."),)
    found = one(searcher, Question("b", "number_date", "When did the builder of the mill die?", (("1840",),), (died,)))
    (right,) = found.right
    assert right.before == f"The mill. {BUILT} "
    assert "Mary Stone bought the ruin." in {read.text for read in found.wrong if read.before == "The mill. "}


def test_nothing_is_right_where_the_articles_do_not_answer(searcher: Searcher) -> None:
    found = one(searcher, Question("c", "unanswerable", "What did Mary Stone pay for the ruin?", answerable=False))
    assert found.right == () and found.wrong[0].text == "Mary Stone bought the ruin."


def test_answers_are_found_as_words_whatever_is_between_them() -> None:
    text = "Some 1,500 men of Col. O'Hara left in 15 trucks."
    assert [text[a:b] for a, b in _spans(text, ["1,500", "col O'Hara", "15", "5", ""])] == ["1,500", "Col. O'Hara", "15"]


def test_a_drawn_list_begins_with_what_is_right_and_prefers_the_nearest() -> None:
    wrong = tuple(Read("", f"wrong {n}") for n in range(6))
    found = ReadingList("Q?", (Read("", "right", ((0, 5),)),), wrong)
    drawn = [found.drawn(4, random.Random(seed)) for seed in range(50)]
    assert {reads[0].text for reads in drawn} == {"right"} and {len(reads) for reads in drawn} == {4}
    times = [sum(read in reads for reads in drawn) for read in wrong]
    assert times[0] > times[3] > 0
    assert ReadingList("Q?", (), wrong[:2]).drawn(4, random.Random(0)) == list(wrong[:2])


def test_a_row_of_tokens_points_into_the_text_and_not_into_its_context() -> None:
    transformers = pytest.importorskip("transformers")
    from eval.span_network import weights

    tokenizer = transformers.AutoTokenizer.from_pretrained(weights())
    before, text = "The mill. John Hale built it. ", "He sold it to John Hale."
    made = row(tokenizer, "Who bought it?", before, text, (text.index("John"), len(text) - 1))
    assert tokenizer.decode(made.ids[made.start : made.end + 1]) == "john hale"
    assert tokenizer.decode([n for n, may in zip(made.ids, made.answers, strict=True) if may]) == "he sold it to john hale."
    assert row(tokenizer, "Who bought it?", before, text, None).start == 0


def test_no_practice_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no practice articles"):
        Practice.all(tmp_path)
