"""Two sentences read together, for a question that describes what it does not name."""

from __future__ import annotations

from qa import chains, reader
from qa.features import candidates
from qa.question import read
from qa.span_reader import Span
from tests.test_reader import hit, rarity

DESCRIBING = "What was the trade of the man who was the only witness?"
PLAIN = "What was the trade of the only witness?"
WITNESS, TRADE, STRANGER = "The only witness, Octavian Rusk, fled.", "Rusk was a cooper.", "Vell was a baker."


class Behind:
    """A span reader that is sure of a sentence only behind another one that holds `needed`."""

    def __init__(self, needed: str, sure: str) -> None:
        self.needed, self.sure = needed, sure
        self.read: list[tuple[str, str]] = []

    def spans(self, question: str, texts: list[tuple[str, str]]) -> list[Span]:
        self.read += texts
        return [Span(9.0 if self.needed in before and self.sure in text else -5.0, 0, 1) for before, text in texts]


def ranked(question: str) -> list[tuple[float, reader.Candidate]]:
    found = candidates(read(question), [hit(WITNESS, STRANGER, TRADE)], rarity)
    return list(zip((0.6, 0.3, 0.2), found, strict=True))


def test_pairs_share_a_name_that_the_question_lacks() -> None:
    pairs = chains.pairs(read(DESCRIBING), ranked(DESCRIBING))
    assert [(first.sentence.text, second.sentence.text) for first, second in pairs] == [(WITNESS, TRADE)]
    assert chains.pairs(read(PLAIN), ranked(PLAIN)) == []
    named = "What was the trade of the man Octavian Rusk who was the only witness?"
    assert chains.pairs(read(named), ranked(named)) == []


def test_a_sentence_is_read_behind_the_one_that_the_description_fits() -> None:
    spans = Behind("witness", "cooper")
    with_pairs = chains.with_pairs(read(DESCRIBING), ranked(DESCRIBING), spans)
    assert [text for _, text in spans.read] == [TRADE] and WITNESS in spans.read[0][0]
    found = {c.sentence.text: c for _, c in with_pairs}
    assert found[TRADE].span == Span(9.0, 0, 1) and found[TRADE].behind is found[WITNESS]
    assert found[STRANGER].span is None and found[WITNESS].behind is None


def test_where_it_is_no_clearer_the_sentence_stays_as_it_was_read() -> None:
    alone = [(p, reader.replace(c, span=Span(1.0, 0, 3))) for p, c in ranked(DESCRIBING)]
    assert chains.with_pairs(read(DESCRIBING), alone, Behind("nowhere", "cooper")) == alone


def test_both_sentences_are_given_the_first_one_first() -> None:
    spans = Behind("witness", "cooper")
    asked = read(DESCRIBING)
    found = reader.weighed(reader.with_spans(asked, ranked(DESCRIBING), spans), reader.models().read)
    assert found[0][1].sentence.text == TRADE
    assert [c.sentence.text for _, c in reader.choose(asked, found, rarity, 4)][:2] == [WITNESS, TRADE]
