"""A language model's answer, sentence by sentence as it is written: the same claims as of the whole text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prompts
from index.errors import ModelError
from index.types import Hit
from prompts import CANNOT_ANSWER
from qa import cite, models, tokens
from qa.answer import NONE_PROVED, Answerer, model_failed
from qa.claims import parse, plain, settled
from qa.draft import Clock, Draft
from qa.expand import added_words, joined
from qa.generate import Growing, generate
from qa.settings import Settings
from qa.types import Answer, Turn
from tests.scripted_model import Scripted, use
from tests.test_cite import passage

ARMY = passage(
    "army",
    "The U. S. Army trained Malian troops in 2007.",
    "The strikes lasted 3.5 hours.",
    'He said "We won. They fled." and left.',
    "He left [12] in May.",
    "The E. U. sent aid. It came late",
)
ATTACK = passage(
    "attack",
    "MNLA Secretary General Bilal ag Acherif was wounded in the attack.",
    "He was later taken to a hospital in Ouagadougou.",
)
SHOWN = [ARMY, ATTACK]
CRANE = "How many workers were injured when the crane collapsed?"
SHOWN_TEXTS = [sentence.text for shown in SHOWN for sentence in shown.sentences]
ANSWERS = {
    "initials": "The U. S. Army trained Malian troops in 2007. [1] He was later taken to a hospital in Ouagadougou. [2]",
    "initials of a paraphrase": "Malian troops were trained by the U. S. Army. [1] Bilal ag Acherif was wounded. [2] So. [2]",
    "a sentence that holds two": "The E. U. sent aid. It came late [1] The strikes lasted 3.5 hours. [1]",
    "a number in brackets that is text": "He left [12] in May. [1] Bilal ag Acherif was wounded [2].",
    "markers first": "[1] The strikes lasted 3.5 hours. [2] Bilal ag Acherif was wounded. [9]",
    "markers inside": "According to [1], the strikes lasted 3.5 hours. In [2], he was wounded. It cost 3.5 million. [1, 2]",
    "markers of every form": "He was wounded【2】. The strikes [Passage 1] lasted 3.5 hours. He left [^1]. Both [1-2].",
    "a marker on its own line": "The strikes lasted 3.5 hours.\n[1]\n\nBilal ag Acherif was wounded.\n[2]",
    "markers to nothing": "The strikes lasted 3.5 hours. [7] Bilal ag Acherif was wounded. [0][99]",
    "only a marker": "[7]",
    "a list": "- The strikes lasted 3.5 hours. [1]\n- Bilal ag Acherif was wounded. [2]\n\n1. First. [1]\n2. Second! [2]",
    "a list of markers": "- [1] The strikes lasted. He left. [2]\n* [2] Bilal was wounded. So was he. [1]",
    "quotations": 'He said "We won. They fled." and left. [1] Then (it was late. Very late.) “We won. He fled,” he said. [2]',
    "apostrophes": "He said 'We won. They fled.' and left. It's France's army. The rebels' homes. They fled. [2]",
    "emphasis over two sentences": "**The strikes lasted 3.5 hours. Bilal was wounded.** [1][2] `He left. He` went. **End",
    "a link over two sentences": "See [the strikes. Bilal](http://x.y/a b. c) wounded. ![a](http://evil.com/a.b) Done [1]. More.",
    "abbreviations": "Dr. A. B. Smith left at 5 p.m. on Jan. 5. No. 5 came... e.g. Mr. Bilal, of the U.S. Army. [1] Yes?! No. [2]",
    "no end": "The strikes lasted 3.5 hours",
    "empty": "",
    "blank": " \n ",
}


def grown(text: str, sizes: Sequence[int], **options: Any) -> tuple[tuple[Any, ...], cite.Cited]:
    """The claims as they came, and the whole, of a text that comes in pieces of these sizes (over and over)."""
    growing, said, at, n = Growing(cite.Draft(SHOWN, **options)), [], 0, 0
    while at < len(text):
        said += growing.take(text[at : at + sizes[n % len(sizes)]])
        at, n = at + sizes[n % len(sizes)], n + 1
    said += growing.finish()
    return tuple(said), growing.draft.result()


@pytest.mark.parametrize("sizes", [(1,), (2,), (3,), (7,), (5, 1, 11), (1000,)], ids=str)
@pytest.mark.parametrize("policy", ["flag", "strict", "repair"])
@pytest.mark.parametrize("name", ANSWERS)
def test_the_claims_of_a_stream_are_those_of_the_whole_text(name: str, policy: str, sizes: tuple[int, ...]) -> None:
    whole = cite.cite(ANSWERS[name], SHOWN, policy)
    claims, result = grown(ANSWERS[name], sizes, policy=policy)
    assert result == whole
    assert claims == whole.claims


WORDS = [*SHOWN_TEXTS, *" ".join(ANSWERS.values()).split(), "\n", "\n- ", "[1]", "[2, 3].", "(a", "b)", "Mr.", "“q.", "z”"]


@given(st.lists(st.sampled_from([word for word in WORDS if not set("\"'`*_") & set(word)]), max_size=12).map(" ".join))
def test_what_is_settled_stays(text: str) -> None:
    whole = [(claim.text, claim.numbers, claim.before) for claim in parse(plain(text), SHOWN_TEXTS)]
    for end in range(len(text) + 1):
        sure = [(claim.text, claim.numbers, claim.before) for claim in settled(text[:end], SHOWN_TEXTS)]
        assert sure == whole[: len(sure)]


def test_a_sentence_is_said_as_soon_as_the_next_has_begun() -> None:
    growing = Growing(cite.Draft(SHOWN))
    first, rest = "The strikes lasted 3.5 hours. [1] Bilal ", "ag Acherif was wounded. [2]"
    assert [claim.text for claim in growing.take(first)] == ["The strikes lasted 3.5 hours."]
    assert growing.take(rest) == []
    assert [(claim.text, claim.citations) for claim in growing.finish()] == [("Bilal ag Acherif was wounded.", (2,))]


# --- the whole way of the model's text


def run(monkeypatch: pytest.MonkeyPatch, model: Scripted, **changes: Any) -> tuple[list[str], Draft]:
    """The claims and the draft of a scripted model over the two passages."""
    use(monkeypatch, model)
    settings = Settings(model="scripted:model", model_retries=0, **changes)
    hits = [Hit(shown, 1.0) for shown in SHOWN]
    events = generate("Who?", hits, 0.8, settings, lambda text, others: [0.0] * len(others), {}, Clock())
    said: list[str] = []
    while True:
        try:
            kind, claim = next(events)
        except StopIteration as stop:
            return said, stop.value
        assert kind == "claim"
        said.append(claim.text)


def pieces(text: str, size: int = 3) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def test_a_stream_over_a_chat_model(monkeypatch: pytest.MonkeyPatch) -> None:
    said, draft = run(monkeypatch, Scripted(pieces=pieces(ANSWERS["initials"])))
    assert said == [claim.text for claim in draft.claims] == [ARMY.sentences[0].text, ATTACK.sentences[1].text]
    assert [claim.support for claim in draft.claims] == ["quoted", "quoted"]
    assert draft.text == ANSWERS["initials"] and draft.confidence == 0.8


@pytest.mark.parametrize(
    "text", [CANNOT_ANSWER, f"{CANNOT_ANSWER} But the strikes lasted 3.5 hours. [1] ", CANNOT_ANSWER.lower()]
)
def test_a_model_that_declines_says_nothing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    said, draft = run(monkeypatch, Scripted(pieces=pieces(text)))
    assert said == [] and draft.declined and draft.confidence == 0.8 and not draft.claims


def test_declining_after_an_answer_is_a_sentence_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    said, draft = run(monkeypatch, Scripted(pieces=pieces(f"The strikes lasted 3.5 hours. [1] {CANNOT_ANSWER}")))
    assert not draft.declined and said == ["The strikes lasted 3.5 hours.", CANNOT_ANSWER]
    assert [claim.support for claim in draft.claims] == ["quoted", "unsupported"]


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_answer_is_a_failure(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(ModelError, match="empty answer"):
        run(monkeypatch, Scripted(pieces=[text]))


def test_markers_that_name_nothing_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _, draft = run(monkeypatch, Scripted(pieces=pieces("The strikes lasted 3.5 hours. [7] He flew. [0][1]")))
    assert draft.unresolved_markers == ("[7]", "[0]")
    assert [(claim.support, claim.citations) for claim in draft.claims] == [("quoted", (1,)), ("unsupported", ())]
    assert draft.confidence == 0.4
    _, bare = run(monkeypatch, Scripted(pieces=["[7] ", "[1]"]))
    assert bare.unresolved_markers == ("[7]",) and bare.claims == ()


def test_the_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "The strikes lasted 9 hours. [1] Bilal ag Acherif was wounded in the attack. [2] Nobody ate cheese. [2]"
    said, strict = run(monkeypatch, Scripted(pieces=pieces(text)), policy="strict")
    assert said == ["Bilal ag Acherif was wounded in the attack."]
    assert strict.notices == ("2 sentences left out: the passages do not bear it out",)
    said, repaired = run(monkeypatch, Scripted(pieces=pieces(text)), policy="repair")
    assert said == ["The strikes lasted 3.5 hours.", "Bilal ag Acherif was wounded in the attack."]
    assert repaired.claims[0].support == "quoted" and len(repaired.notices) == 2


def test_nothing_shown_nothing_cited(monkeypatch: pytest.MonkeyPatch) -> None:
    said, draft = run(monkeypatch, Scripted(pieces=["The strikes lasted 3.5 hours. [1]"]), max_answer_tokens=7500)
    assert said and draft.claims[0].support == "unsupported" and draft.unresolved_markers == ("[1]",)


# --- what it cost


def test_the_tokens_are_the_provider_s_own_count_or_an_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = {"input_tokens": 700, "output_tokens": 20, "total_tokens": 720}
    _, draft = run(monkeypatch, Scripted(pieces=["The strikes lasted 3.5 hours. [1]"], usage=counted))
    assert draft.usage == {"prompt_tokens": 700, "answer_tokens": 20, "estimated": False}
    model = Scripted(pieces=["The strikes lasted 3.5 hours. [1]"])
    _, draft = run(monkeypatch, model)
    asked = sum(tokens.count(str(message.content)) for message in model.heard[0])
    said = tokens.count("The strikes lasted 3.5 hours. [1]")
    assert draft.usage == {"prompt_tokens": asked, "answer_tokens": said, "estimated": True}


def test_a_cost_is_given_only_where_prices_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = {"input_tokens": 2000, "output_tokens": 100, "total_tokens": 2100}
    model = Scripted(pieces=["The strikes lasted 3.5 hours. [1]"], usage=counted)
    _, draft = run(monkeypatch, model, price_in=0.5, price_out=2.0)
    assert draft.usage["cost"] == pytest.approx(0.0012)
    assert [models.is_hosted(name) for name in ("openai:gpt-x", "my-model", "llamacpp:x.gguf", "extractive")] == [
        True,
        True,
        False,
        False,
    ]


def test_the_prompt_s_version_is_in_the_answer(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Scripted(pieces=["Eleven workers were injured. [1]"]))
    settings = replace(answerer.settings, model="scripted:model")
    answer = answerer.with_settings(settings).answer(CRANE)
    assert answer.prompt == f"answer@{prompts.load('answer').hash}" and answer.usage["estimated"]
    small = answerer.with_settings(replace(settings, model="scripted:model-135m")).answer(CRANE)
    assert small.prompt == f"answer_small@{prompts.load('answer_small').hash}"
    extractive = answerer.answer(CRANE)
    assert (extractive.prompt, extractive.usage) == ("", {})


# --- a model that fails


@pytest.mark.parametrize(
    ("model", "said_before"),
    [
        (Scripted(failure=ConnectionError("refused")), []),
        (Scripted(pieces=["The crane was blue. [1] It ", "fell"], failure=ConnectionError("cut")), ["The crane was blue."]),
        (ModelError("no such model"), []),
    ],
    ids=["before", "in mid-stream", "not set up"],
)
def test_where_the_model_fails_the_answer_is_extractive_and_marked(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch, model: Scripted | ModelError, said_before: list[str]
) -> None:
    use(monkeypatch, model)
    failing = answerer.with_settings(replace(answerer.settings, model="scripted:model", model_retries=0))
    events = list(failing.stream(CRANE))
    answer = events[-1][1]
    assert model_failed(answer) and answer.notices[0].startswith("the model failed, so this answer is extractive")
    after = ["discard"] if said_before else []
    assert [kind for kind, _ in events] == ["retrieval", *(["claim"] * len(said_before)), *after, "claim", "answer"]
    assert [claim.text for kind, claim in events if kind == "claim"] == said_before + [claim.text for claim in answer.claims]
    assert [claim.support for claim in answer.claims] == ["quoted"]
    assert replace(answer, notices=(), timings_ms={}, model="extractive") == replace(answerer.answer(CRANE), timings_ms={})


def test_a_reader_who_leaves_ends_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Scripted(pieces=["The strikes lasted 3.5 hours. [1] He ", "left. [1] "]))
    settings = Settings(model="scripted:model")
    events: Iterator[Any] = generate("Who?", [Hit(ARMY, 1.0)], 0.8, settings, lambda text, others: [], {}, Clock())
    assert next(events)[1].text == "The strikes lasted 3.5 hours."
    events.close()  # type: ignore[attr-defined]


# --- an answer that nothing bears out

INVENTED = Scripted(pieces=["The crane was made of glass. [1] ", "Nobody ever saw it. [2] "])


def invented(answerer: Answerer, monkeypatch: pytest.MonkeyPatch, policy: str) -> Answer:
    use(monkeypatch, INVENTED)
    settings = replace(answerer.settings, model="scripted:model", policy=policy)
    return answerer.with_settings(settings).answer(CRANE)


def test_flagged_it_is_shown_as_proving_nothing(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = invented(answerer, monkeypatch, "flag")
    assert answer.unproved and answer.confidence == 0 and answer.citations == ()
    assert answer.answer == "The crane was made of glass. Nobody ever saw it."
    assert answer.notices == ("nothing in this answer is borne out by the passages: do not rely on it",)


def test_under_strict_it_is_an_abstention(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = invented(answerer, monkeypatch, "strict")
    assert (answer.status, answer.answer, answer.claims, answer.confidence) == ("abstained", CANNOT_ANSWER, (), 0)
    assert answer.notices == ("2 sentences left out: the passages do not bear it out",) and answer.passages


def test_under_repair_the_extractive_answer_stands_in(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = invented(answerer, monkeypatch, "repair")
    assert [claim.support for claim in answer.claims] == ["quoted"] and answer.answer == answerer.answer(CRANE).answer
    assert answer.notices == (NONE_PROVED,) and answer.usage["answer_tokens"] > 0 and not model_failed(answer)


def test_one_sentence_that_is_borne_out_is_an_answer(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Scripted(pieces=["Eleven workers were injured. [1] Nobody ever saw it. [2]"]))
    answer = answerer.with_settings(replace(answerer.settings, model="scripted:model")).answer(CRANE)
    assert not answer.unproved and answer.confidence > 0 and answer.notices == ()


# --- rewriting and expanding by a model, counted


def replying(messages: list[Any]) -> str:
    """A model that rewrites, expands or answers, by what its prompt asks."""
    asked = messages[-1].text
    if "question on its own" in asked:
        return CRANE
    return "labourers, hurt, accident" if asked.endswith("The words:") else "Eleven workers were injured. [1]"


def test_all_calls_are_counted(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Scripted(reply=replying)
    use(monkeypatch, model)
    settings = replace(answerer.settings, model="scripted:model", rewrite="model", expand="model")
    answer = answerer.with_settings(settings).answer("How many were injured then?", [Turn("When did the crane collapse?")])
    assert answer.standalone_question == CRANE and answer.usage["calls"] == len(model.heard) == 3
    alone = answerer.with_settings(replace(settings, rewrite="rules", expand="off")).answer(CRANE)
    assert answer.usage["prompt_tokens"] > alone.usage["prompt_tokens"] + 100 and "calls" not in alone.usage


def test_a_model_may_rewrite_and_expand_for_the_extractive_reader(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Scripted(reply=replying)
    use(monkeypatch, model)
    settings = replace(answerer.settings, query_model="scripted:model", rewrite="model", expand="model")
    answer = answerer.with_settings(settings).answer("How many were injured then?", [Turn("When did the crane collapse?")])
    assert answer.standalone_question == CRANE and answer.usage["calls"] == len(model.heard) == 2
    assert [claim.support for claim in answer.claims] == ["quoted"] and answer.model == "extractive" and answer.prompt == ""
    nothing = answerer.with_settings(replace(settings, query_model="")).answer(CRANE)
    assert nothing.usage == {} and len(model.heard) == 2


@pytest.mark.parametrize(
    "said", ["", "The answer is eleven workers. It was a crane.", "1887, 42", "x" * 500, "How many workers were injured?"]
)
def test_an_expansion_that_is_no_list_of_words_changes_nothing(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    use(monkeypatch, Scripted(pieces=[said]))
    expanding = answerer.with_settings(replace(answerer.settings, query_model="scripted:model", expand="model", model_retries=0))
    assert replace(expanding.answer(CRANE), timings_ms={}, usage={}) == replace(answerer.answer(CRANE), timings_ms={})


def test_a_failing_model_expands_nothing(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, ModelError("no such model"))
    expanding = answerer.with_settings(replace(answerer.settings, query_model="scripted:model", expand="model"))
    assert replace(expanding.answer(CRANE), timings_ms={}) == replace(answerer.answer(CRANE), timings_ms={})


def test_additional_words_take_the_last_places_only() -> None:
    first = [Hit(replace(ARMY, id=f"a{n}"), 1.0) for n in range(8)]
    more = [Hit(replace(ARMY, id=name), 1.0) for name in ("a7", "b0", "b1", "b2")]
    assert [hit.passage.id for hit in joined(first, more)] == [*(f"a{n}" for n in range(6)), "b0", "b1"]
    assert joined(first, first[2:]) == first
    assert added_words("Who won the race?", "Words: winner, race, victory, first; athlete.") == [
        "winner",
        "victory",
        "first",
        "athlete",
    ]
