"""The extractive reader: its features on hand-made hits, by their values; the models' formula; the choice of sentences."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

from index.types import Hit, Passage, Sentence, SentenceHit
from qa import reader
from qa.features import (
    ANSWER_FEATURES,
    ANSWER_SPAN_FEATURES,
    READ_FEATURES,
    SENTENCE_FEATURES,
    Candidate,
    answer_values,
    candidates,
    span_values,
)
from qa.kinds import stems
from qa.question import read
from qa.settings import Settings
from qa.span_reader import Span

NOWHERE = 4.0
RARITY = {"bridg": 1.0, "crane": 3.0, "injur": 2.0, "worker": 2.0}


def rarity(word: str) -> float:
    return RARITY.get(word, NOWHERE)


def sentence(text: str, label: str = "") -> Sentence:
    return Sentence(text, text, 0, len(text), 1, label)


def hit(
    *sentences: Sentence | str,
    title: str = "",
    score: float = 0.5,
    near: tuple[float, ...] = (),
    kind: str = "prose",
    source: str = "a.txt",
    lexical: float = 0.0,
) -> Hit:
    held = tuple(sentence(s) if isinstance(s, str) else s for s in sentences)
    passage = Passage("p", source, "00", title, (), kind, held)
    similarities = near or (0.5,) * len(held)
    found = tuple(SentenceHit(n, value, value / 2) for n, value in enumerate(similarities))
    return Hit(passage, score, 0.4, max(similarities), lexical, found)


def values(question: str, *hits: Hit) -> list[dict[str, float]]:
    """The features of every sentence by name."""
    return [dict(zip(SENTENCE_FEATURES, c.values, strict=True)) for c in candidates(read(question), hits, rarity)]


def test_similarities_and_ranks_are_compared_with_the_best() -> None:
    first, second, third = values("crane", hit("One.", "Two.", near=(0.3, 0.7)), hit("Three.", score=0.2, near=(0.6,)))
    assert [row["similarity"] for row in (first, second, third)] == [0.3, 0.7, 0.6]
    assert [round(row["similarity_to_best"], 6) for row in (first, second, third)] == [-0.4, 0.0, -0.1]
    assert [round(row["contrast_to_best"], 6) for row in (first, second, third)] == [-0.2, 0.0, -0.05]
    assert [row["rank"] for row in (first, second, third)] == [0.0, 0.0, math.log1p(1)]
    assert round(third["passage_score_to_best"], 6) == -0.3
    assert (first["before_similarity"], first["after_similarity"]) == (0.0, 0.7)
    assert (second["before_similarity"], second["after_similarity"]) == (0.3, 0.0)


def test_coverage_is_the_share_of_rarity_found() -> None:
    question = "Were workers injured by the crane at the bridge?"
    assert set(read(question).words) == set(RARITY)
    own, after = values(question, hit("A crane fell.", "Two workers were injured.", title="Old Bridge"))
    assert (own["coverage"], after["coverage"]) == ((1 + 3) / 8, (1 + 2 + 2) / 8)
    assert own["coverage_in_context"] == after["coverage_in_context"] == 1.0
    assert own["coverage_to_best"] == 0.0


def test_a_word_that_every_context_holds_tells_nothing() -> None:
    question = "Which bridge had the crane?"
    crane, ferry = values(question, hit("The crane was there.", title="Bridge"), hit("The ferry was there.", title="Bridge"))
    assert (crane["coverage"], ferry["coverage"]) == (1.0, 0.25)
    assert (crane["telling_coverage"], ferry["telling_coverage"]) == (1.0, 0.0)


def test_a_fact_is_known_by_its_label() -> None:
    [fact] = values("How many workers were injured?", hit(sentence("11", "Injured"), title="Bridge", kind="facts"))
    assert (fact["is_fact"], fact["label_coverage"], fact["wants_number_has"]) == (1.0, 2 / 4, 1.0)
    [prose] = values("How many workers were injured?", hit("Eleven were injured."))
    assert (prose["is_fact"], prose["label_coverage"], prose["wants_number_has"]) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("question", "feature", "having", "lacking"),
    [
        ("How many workers came?", "wants_number_has", "Some 40 came.", "Workers came."),
        (
            "How many workers came?",
            "wants_number_near",
            "There were 40 young workers.",
            "In 1927 it rained hard and long on the workers.",
        ),
        ("How long did it last?", "wants_unit_has", "It took three weeks.", "It took three boats."),
        ("How far is it?", "wants_unit_has", "It is 31 km.", "It is 31."),
        ("When did it open?", "wants_date_has", "It opened in March.", "It opened late."),
        ("When did it open?", "wants_date_full", "It opened on 4 May 1931.", "It opened in spring."),
        ("Who built it?", "wants_person_has", "It was built by Piet Hallam.", "It was built by sailors."),
        ("Where does it stand?", "wants_place_has", "It now stands near Hallin.", "It stands alone."),
        ("Why did it close?", "wants_reason_has", "It closed because of rust.", "It closed early."),
    ],
)
def test_the_wanted_kind_of_value(question: str, feature: str, having: str, lacking: str) -> None:
    with_value, without = values(question, hit(having), hit(lacking))
    assert (with_value[feature], without[feature]) == (1.0, 0.0)
    assert with_value["wants_value_lacks"] == 0.0
    [other] = values("Describe the thing.", hit(having))
    assert (other[feature], other["wants_value_lacks"]) == (0.0, 0.0)


def test_neighbouring_words_of_the_question() -> None:
    near, apart = values("crane collapse", hit("The crane did collapse."), hit("The crane stood; much later came a collapse."))
    assert (near["pairs"], apart["pairs"]) == (1.0, 0.0)


def test_the_answer_s_features() -> None:
    question = read("Did Hallam see the crane?")
    hits = [hit("Hallam saw the crane.", near=(0.8,), score=0.6, lexical=0.3), hit("A bridge.", source="b.txt", near=(0.1,))]
    found = candidates(question, hits, rarity)
    named = dict(zip(ANSWER_FEATURES, answer_values(question, hits, [(0.9, found[0]), (0.5, found[1])], rarity), strict=True))
    assert (named["probability"], named["second_probability"], named["similarity"]) == (0.9, 0.5, 0.8)
    assert (named["score"], named["lexical"]) == (0.6, 0.3)
    assert (named["names_found"], named["agreement"]) == (1.0, 1.0)
    assert named["words_asked"] == len(question.words) / 12
    assert not answer_values(question, hits, [], rarity).any()


def test_the_features_of_an_answer_that_was_read() -> None:
    """The first two sentences were read; the first score counts up to 20, and both odds are summed."""
    question = read("How many workers did Hallam and Orme see at the crane?")
    hits = [hit("Hallam saw 40 workers.", "The crane stood there.", near=(0.8, 0.3))]
    first, second = candidates(question, hits, rarity)
    ranked = [(0.9, replace(first, span=Span(30.0, 11, 13))), (0.5, replace(second, span=Span(19.0, 0, 9))), (0.1, second)]
    named = dict(zip(ANSWER_SPAN_FEATURES, span_values(question, hits, ranked), strict=True))
    assert (named["span"], named["spans_together"]) == (20.0, pytest.approx(math.log(math.exp(20) + math.exp(19))))
    assert (named["wanted_value_found"], named["echoes"]) == (1.0, 0.0)
    assert (named["names_missing"], named["passage_similarity"]) == (1.0, 0.4), "Orme stands in no passage"
    assert named["words_asked"] == len(question.words) / 12
    echo = dict(zip(ANSWER_SPAN_FEATURES, span_values(question, hits, ranked[1:2]), strict=True))
    assert (echo["span"], echo["echoes"], echo["wanted_value_found"]) == (19.0, 1.0, 0.0), "the crane was asked about"


def test_the_threshold_of_the_settings_is_the_fitted_one() -> None:
    record = json.loads((files("qa") / "data" / "reader.json").read_text(encoding="utf-8"))
    assert Settings().threshold == pytest.approx(record["threshold"], abs=0.02)


def test_the_logistic_is_its_formula() -> None:
    model = reader.Logistic(np.array([2.0, -1.0]), np.array([1.0, 0.0]), np.array([2.0, 1.0]), 0.5)
    wanted = [1 / (1 + math.exp(-(2 * (x - 1) / 2 - y + 0.5))) for x, y in ((3.0, 1.0), (1.0, 0.0))]
    assert np.allclose(model(np.array([[3.0, 1.0], [1.0, 0.0]])), wanted)


def test_the_shipped_models_are_of_these_features(monkeypatch: pytest.MonkeyPatch) -> None:
    record = json.loads((files("qa") / "data" / "reader.json").read_text(encoding="utf-8"))
    assert record["sentence"]["features"] == list(SENTENCE_FEATURES)
    models = reader.models()
    assert models.sentence.hidden.shape == (len(SENTENCE_FEATURES), len(models.sentence.out))
    assert np.isfinite(models.sentence.hidden).all() and np.isfinite(models.sentence.out).all()
    for model, features in (
        (models.read, READ_FEATURES),
        (models.answer, ANSWER_FEATURES),
        (models.answer_read, ANSWER_SPAN_FEATURES),
    ):
        assert model.weights.shape == model.mean.shape == model.scale.shape == (len(features),)
        assert np.isfinite(model.weights).all() and (model.scale > 0).all()
    monkeypatch.setattr(reader, "SENTENCE_FEATURES", ("other",))
    with pytest.raises(ValueError, match="fitted on other features"):
        reader.models.__wrapped__()


def candidate(text: str, covers: str = "") -> Candidate:
    return Candidate(0, hit(text), 0, 0.5, np.zeros(len(SENTENCE_FEATURES)), frozenset(stems(text)), frozenset(covers.split()))


def chosen(question: str, ranked: list[tuple[float, Candidate]], most: int = 4) -> list[str]:
    return [c.sentence.text for _, c in reader.choose(read(question), ranked, rarity, most)]


def test_only_the_best_is_given_when_the_others_are_unlikely() -> None:
    assert chosen("crane?", [(0.9, candidate("The crane fell.", "crane")), (0.1, candidate("A boat sank.", "crane"))]) == [
        "The crane fell."
    ]
    assert chosen("crane?", []) == []


def test_a_sentence_as_likely_is_given_too_unless_it_repeats() -> None:
    ranked = [
        (0.9, candidate("The crane fell.", "crane")),
        (0.9, candidate("The crane fell!", "crane")),
        (0.8, candidate("Ropes broke.", "crane")),
    ]
    assert chosen("crane?", ranked) == ["The crane fell.", "Ropes broke."]


def test_an_unlikely_sentence_is_given_for_the_words_that_no_other_holds() -> None:
    question = "Who hurt the workers and what of the bridge crane?"
    likely = candidate("A crane fell.", "crane")
    unlikely = 0.9 * (reader.ENOUGH - 0.05)
    for covers, given in (("worker", ["A crane fell.", "Workers ran."]), ("crane", ["A crane fell."])):
        assert chosen(question, [(0.9, likely), (unlikely, candidate("Workers ran.", covers))]) == given


def test_length_is_bounded_in_sentences_and_words() -> None:
    ranked = [(0.9, candidate(f"{word} happened.", "crane")) for word in ("Rain", "Snow", "Wind", "Fog", "Hail", "Frost")]
    assert len(chosen("crane?", ranked, 4)) == 4 and len(chosen("crane?", ranked, 1)) == 1
    long = candidate(" ".join(f"word{n}" for n in range(100)), "crane")
    assert len(chosen("crane?", [(0.9, long), *ranked])) == 1


def test_what_announces_a_list_is_given_with_its_items() -> None:
    shown = hit("They asked for three things:", "two seats,", "a freeze on rents", "the whole report.", "Nobody came.")
    row = np.zeros(len(SENTENCE_FEATURES))
    found = [
        Candidate(0, shown, n, 0.5, row, frozenset(stems(one.text)), frozenset()) for n, one in enumerate(shown.passage.sentences)
    ]
    ranked = [(p, found[n]) for p, n in ((0.9, 0), (0.8, 4), (0.1, 2), (0.05, 1), (0.01, 3))]
    said = [c.sentence.text for _, c in reader.choose(read("What did they ask for?"), ranked, rarity, 4)]
    assert said == ["They asked for three things:", "two seats,", "a freeze on rents", "Nobody came."]
    first = reader.choose(read("Who came?"), [ranked[1], ranked[0]], rarity, 4)[0]
    assert first[1].number == 4


def test_a_reading_is_sure_of_an_answer_and_unsure_without_one() -> None:
    crane = hit("Eleven workers were injured when a crane collapsed.", near=(0.8,), score=0.7, lexical=0.6)
    ferry = hit("The ferry was painted green.", near=(0.05,), score=0.05)
    question = "How many workers were injured when the crane collapsed?"
    sure, unsure = reader.answer(question, [crane, ferry], rarity), reader.answer(question, [ferry], rarity)
    assert sure.chosen[0][1].sentence.text.startswith("Eleven")
    assert 0.0 <= unsure.confidence < sure.confidence - 0.2 <= 0.8
    probabilities = [probability for probability, _ in sure.ranked]
    assert probabilities == sorted(probabilities, reverse=True) and len(probabilities) == 2
    assert reader.answer(question, [], rarity) == reader.Reading(read(question), (), (), 0.0)


class Pointer:
    """A span reader that is sure of the sentences with one word, and of no other."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.read: list[str] = []

    def spans(self, question: str, texts: list[tuple[str, str]]) -> list[Span]:
        self.read += [text for _, text in texts]
        return [Span(8.0 if self.word in text else -8.0, 0, 1) for _, text in texts]


def test_only_sentences_that_may_be_the_answer_are_read() -> None:
    question = read("Who opened the crane bridge?")
    found = candidates(question, [hit(*(f"The {word} bridge." for word in ("first", "second", "third", "fourth")))], rarity)

    def scores(sure: str, *probabilities: float) -> tuple[list[float | None], list[str]]:
        pointer = Pointer(sure)
        ranked = reader.with_spans(question, list(zip(probabilities, found, strict=True)), pointer)
        assert [p for p, _ in ranked] == list(probabilities)
        return [c.span.score if c.span else None for _, c in ranked], [text.split()[1] for text in pointer.read]

    assert scores("third", 0.5, 0.4, 0.4, 0.4) == ([-8.0, -8.0, 8.0, -8.0], ["first", "second", "third", "fourth"])
    assert scores("second", 0.5, 0.4, 0.4, 0.4) == ([-8.0, 8.0, None, None], ["first", "second"])
    assert scores("third", 0.9, 0.8, 0.5, 0.01) == ([-8.0, -8.0, 8.0, None], ["first", "second", "third"])
    assert reader.with_spans(question, [], Pointer("third")) == []


def test_the_span_reader_reads_the_best_few_and_is_listened_to() -> None:
    question = "Who opened the crane bridge?"
    texts = [f"The {word} bridge opened." for word in ("first", "second", "third", "fourth", "fifth")]
    hits = [hit(*texts, near=(0.7, 0.69, 0.68, 0.67, 0.1))]
    plain = [c.sentence.text for _, c in reader.answer(question, hits, rarity).ranked]
    pointer = Pointer(plain[1].split()[1])
    reading = reader.answer(question, hits, rarity, spans=pointer)
    assert pointer.read == plain[: reader.TOGETHER]
    assert reading.chosen[0][1].sentence.text == plain[1]
    probabilities = [probability for probability, _ in reading.ranked]
    assert probabilities == sorted(probabilities, reverse=True) and len(reading.ranked) == 5
    doubted = reader.answer(question, hits, rarity, spans=Pointer("nothing"))
    assert doubted.confidence < reading.confidence - 0.1


def test_dot_leaders_are_passed_in_one_go() -> None:
    contents = f"Mon {'-' * 40} " * 7
    (_, found) = candidates(read("Who was injured?"), [hit("The bridge.", contents)], rarity)
    begun = time.perf_counter()
    assert reader.read_as(found) == ("", contents)
    assert time.perf_counter() - begun < 1


def test_one_sentence_is_the_best_even_where_it_leans_on_the_one_before() -> None:
    question = read("How many workers were injured?")
    before, best = candidates(question, [hit("The crane fell.", "They said that two workers were injured.")], rarity)
    ranked = [(0.9, best), (0.1, before)]
    assert [c.sentence.text for _, c in reader.choose(question, ranked, rarity, 1)] == [best.sentence.text]
    assert [c for _, c in reader.choose(question, ranked, rarity, 2)] == [before, best]
