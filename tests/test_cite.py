"""From a model's text to claims and citations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.faults import cases, measure
from index.types import Passage, Sentence
from qa.cite import Cited, cite


def passage(name: str, *sentences: str, title: str = "", kind: str = "prose") -> Passage:
    at, made = 0, []
    for text in sentences:
        made.append(Sentence(text, text, at, at + len(text), len(made) + 1))
        at += len(text) + 1
    return Passage(name, f"{name}.txt", name * 8, title, (), kind, tuple(made))  # type: ignore[arg-type]


GAO = passage(
    "gao",
    "MNLA Secretary General Bilal ag Acherif was wounded in the attack.",
    "He was later taken to a hospital in Ouagadougou.",
    "A MOJWA spokesman stated that 40 MNLA troops had been taken prisoner.",
    title="Battle of Gao",
)
BOMBS = passage("bombs", "French planes bombed the city on 13 January 2013.", "The strikes lasted a total of forty minutes.")
SHOWN = [GAO, BOMBS]


def check(cited: Cited) -> None:
    """What holds for every result."""
    used: list[int] = []
    for claim in cited.claims:
        assert cited.answer[claim.start : claim.end] == claim.text
        assert (claim.support == "unsupported") == (not claim.citations)
        used += [number for number in claim.citations if number not in used]
    assert used == [citation.number for citation in cited.citations] == list(range(1, len(used) + 1))
    assert len({(c.source, c.start, c.end) for c in cited.citations}) == len(cited.citations)


def test_each_sentence_is_tied_to_its_quote() -> None:
    cited = cite("The strikes lasted 40 minutes [2]. Bilal Ag Acherif was wounded in the attack. [1]", SHOWN)
    check(cited)
    assert cited.answer == "The strikes lasted 40 minutes. [1] Bilal Ag Acherif was wounded in the attack. [2]"
    assert [c.quote for c in cited.citations] == [BOMBS.sentences[1].quote, GAO.sentences[0].quote]
    assert [c.support for c in cited.claims] == ["supported", "quoted"]
    first = cited.citations[0]
    assert (first.source, first.line, first.passage_id) == ("bombs.txt", 2, "bombs")
    assert (first.start, first.end) == (BOMBS.sentences[1].start, BOMBS.sentences[1].end)


def test_verbatim_sentences_are_quoted_and_a_quote_has_one_number() -> None:
    text = f"{GAO.sentences[0].text} [1] {BOMBS.sentences[0].text} [2] {GAO.sentences[0].text} [1]"
    cited = cite(text, SHOWN)
    check(cited)
    assert [(c.support, c.citations) for c in cited.claims] == [("quoted", (1,)), ("quoted", (2,)), ("quoted", (1,))]


def test_a_wrong_number_is_flagged_and_not_cited() -> None:
    cited = cite("The strikes lasted fifty minutes [2].", SHOWN)
    check(cited)
    assert cited.answer == "The strikes lasted fifty minutes."
    assert (cited.claims[0].support, cited.citations) == ("unsupported", ())


def test_a_marker_of_the_wrong_passage_does_not_support() -> None:
    assert cite("The strikes lasted forty minutes [1].", SHOWN).claims[0].support == "unsupported"


def test_markers_that_name_nothing_shown_are_reported() -> None:
    cited = cite("The strikes lasted a total of forty minutes [2, 7]. Gao is far away [0] [99].", SHOWN)
    check(cited)
    assert cited.unresolved_markers == ("[7]", "[0]", "[99]")
    assert [c.support for c in cited.claims] == ["quoted", "unsupported"]
    assert cite("[9]", SHOWN).unresolved_markers == ("[9]",)


def test_a_claim_without_a_marker_is_attributed_only_where_one_passage_clearly_says_so() -> None:
    cited = cite("The strikes lasted forty minutes. The strikes were a success for the army.", SHOWN)
    check(cited)
    assert [(c.support, c.citations) for c in cited.claims] == [("supported", (1,)), ("unsupported", ())]


def test_a_pronoun_is_filled_in_from_the_sentence_before() -> None:
    cited = cite("Bilal ag Acherif was taken to a hospital in Ouagadougou. [1]", SHOWN)
    assert cited.citations[0].quote == GAO.sentences[1].quote


def test_two_neighbouring_sentences_give_two_citations() -> None:
    text = "Bilal ag Acherif was wounded in the attack and later taken to a hospital in Ouagadougou. [1]"
    cited = cite(text, SHOWN)
    check(cited)
    assert [c.quote for c in cited.citations] == [GAO.sentences[0].quote, GAO.sentences[1].quote]


def test_two_passages_can_bear_out_one_sentence_together() -> None:
    cited = cite(
        "French planes bombed the city on 13 January 2013 and MOJWA stated that 40 MNLA troops were taken prisoner [1][2].",
        SHOWN,
    )
    check(cited)
    assert {c.source for c in cited.citations} == {"gao.txt", "bombs.txt"}


def test_strict_leaves_out_and_says_so() -> None:
    cited = cite(
        "The strikes lasted fifty minutes [2]. French planes bombed the city on 13 January 2013 [2]. Yes.", SHOWN, "strict"
    )
    check(cited)
    assert cited.answer == "French planes bombed the city on 13 January 2013. [1]"
    assert cited.notices == ("2 sentences left out: the passages do not bear it out",)


def test_repair_puts_the_quote_in_place() -> None:
    cited = cite("The strikes lasted a total of fifty minutes [2]. Cows fly high [1].", SHOWN, "repair")
    check(cited)
    assert cited.answer == "The strikes lasted a total of forty minutes. [1]"
    assert cited.claims[0].support == "quoted"
    assert cited.notices == (
        "1 sentence left out: the passages do not bear it out",
        "1 sentence of the model replaced by a quote",
    )


def test_lists_keep_their_lines() -> None:
    cited = cite("- The strikes lasted forty minutes [2]\n- French planes bombed the city [2]", SHOWN)
    check(cited)
    assert cited.answer == "- The strikes lasted forty minutes [1]\n- French planes bombed the city [2]"


def test_nothing_leads_out_of_an_answer() -> None:
    cited = cite("![x](https://evil.test/?q=1) The strikes lasted forty minutes [2](https://evil.test).", SHOWN)
    assert "evil" not in cited.answer


def test_a_fact_is_cited_by_its_value() -> None:
    fact = Passage(
        "f",
        "f.txt",
        "0",
        "Battle of Gao",
        (),
        "facts",
        (Sentence("Casualties of MNLA: 4 killed, 10 wounded", "4 killed, 10 wounded", 5, 25, 3),),
    )
    cited = cite("The MNLA had 4 killed and 10 wounded [1]. Casualties of MNLA: 4 killed, 10 wounded [1]", [fact])
    check(cited)
    assert [c.support for c in cited.claims] == ["supported", "quoted"]
    assert [c.quote for c in cited.citations] == ["4 killed, 10 wounded"]


def test_similarity_is_asked_only_where_words_are_not_enough() -> None:
    asked: list[str] = []

    def similarity(text: str, quotes: object) -> list[float]:
        asked.append(text)
        return [0.9 for _ in quotes]  # type: ignore[attr-defined]

    cite("The strikes lasted forty minutes [2].", SHOWN, similarity=similarity)
    assert asked == []
    cited = cite("The whole air campaign lasted forty minutes [2].", SHOWN, similarity=similarity)
    assert asked and cited.claims[0].support == "unsupported", "nearness in meaning excuses no word that the quote does not say"


@pytest.mark.parametrize("policy", ["flag", "strict", "repair"])
@given(
    text=st.lists(
        st.sampled_from(["[1]", "[2]", "[3]", "[1, 2]", "\n", "- ", *GAO.text.split(), *BOMBS.text.split()]), max_size=40
    )
)
def test_any_text_gives_a_consistent_answer(policy: str, text: list[str]) -> None:
    check(cite(" ".join(text), SHOWN, policy))


def test_the_fault_set_is_the_same_for_the_same_seed_and_is_told_apart() -> None:
    passages = [GAO, BOMBS, passage("bombs", "Residents of Kidal cheered in 2012.", "Ten of the jets flew over Mauritania.")]
    assert cases(passages, 3) == cases(passages, 3)
    kinds = {case.kind for case in cases(passages)}
    assert {"verbatim", "number changed", "date changed", "name changed", "negation added", "citation changed"} <= kinds
    measured = measure(passages)
    assert measured["flagged"] == 0.0 and measured["caught"] >= 0.95  # type: ignore[operator]
