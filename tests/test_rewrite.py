"""Follow-up questions over made-up conversations, and the questions that must come back untouched."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompts
from qa.clause import past_tense
from qa.rewrite import LONGEST, by_model, needs_history, own_words, standalone
from qa.types import Turn

HASTINGS = "When was the Battle of Hastings fought?"
CANNAE = "How many soldiers did the Romans lose at Cannae?"
LISBON = "How many people were killed in the Lisbon earthquake?"
LYON = "Why did the bakers of Lyon strike in May 1904?"
AIDA = "Who wrote the opera Aida?"
LEEDS = "When did the company open the factory in Leeds?"
VOYAGER = "When did NASA launch Voyager 1?"
KIDAL = "When was Kidal taken by Ansar Dine in June 2012?"
CUP = "Which team won the cup in 1987?"


def turns(*said: str) -> list[Turn]:
    """Turns from "question" or "question | answer"."""
    return [Turn(*(part.strip() for part in text.split("|"))) for text in said]


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        # a thing, an event
        (HASTINGS, "Who won it?", "Who won the Battle of Hastings?"),
        (HASTINGS, "Why was it fought?", "Why was the Battle of Hastings fought?"),
        (HASTINGS, "How long did the battle last?", "How long did the Battle of Hastings last?"),
        ("How tall is the Eiffel Tower?", "Who designed it?", "Who designed the Eiffel Tower?"),
        ("How tall is the Eiffel Tower?", "Who designed the tower?", "Who designed the Eiffel Tower?"),
        (AIDA, "When was it first performed?", "When was the opera Aida first performed?"),
        (VOYAGER, "How far is it from Earth?", "How far is Voyager 1 from Earth?"),
        ("Was there a university in Salamanca?", "Who founded it?", "Who founded the university in Salamanca?"),
        ("Which river flows through Cologne?", "How long is it?", "How long is the river that flows through Cologne?"),
        # people and groups
        ("Where was Marie Curie born?", "When did she die?", "When did Marie Curie die?"),
        ("Where was Marie Curie born?", "Who was her husband?", "Who was Marie Curie's husband?"),
        ("Who is the president of Chile?", "How old is he?", "How old is the president of Chile?"),
        ("When did Napoleon invade Russia?", "How many men did he take with him?", "How many men did Napoleon take with him?"),
        (AIDA, "When was he born?", "When was the person who wrote the opera Aida born?"),
        (CANNAE, "And who commanded them?", "Who commanded the soldiers that the Romans lost at Cannae?"),
        (LYON, "Who led them?", "Who led the bakers of Lyon that struck in May 1904?"),
        (
            LISBON,
            "How many of them were children?",
            "How many of the people that were killed in the Lisbon earthquake were children?",
        ),
        (KIDAL, "Who led them?", "Who led Ansar Dine?"),
        (CUP, "Who was their captain?", "Who was the captain of the team that won the cup in 1987?"),
        # places and times
        (HASTINGS, "Who commanded the Normans there?", "Who commanded the Normans in the Battle of Hastings?"),
        (LEEDS, "How many people worked there?", "How many people worked in Leeds when the company opened the factory?"),
        ("When did Napoleon invade Russia?", "How cold was the country?", "How cold was the country of Russia?"),
        (CUP, "Who was prime minister then?", "Who was prime minister in 1987?"),
        (CUP, "What else happened that year?", "What else happened in 1987?"),
        # the earlier frame
        (HASTINGS, "And where?", "Where was the Battle of Hastings fought?"),
        ("Did the Vikings reach Greenland?", "When?", "When did the Vikings reach Greenland?"),
        (LISBON, "When was that?", "When was the Lisbon earthquake?"),
        ("Who discovered penicillin?", "Who else?", "Who else discovered penicillin?"),
        ("Who discovered penicillin?", "Where?", "Who discovered penicillin, and where?"),
        (KIDAL, "Why?", "Why was Kidal taken by Ansar Dine in June 2012?"),
        # another topic in the earlier frame
        (KIDAL, "What about Timbuktu?", "When was Timbuktu taken by Ansar Dine in June 2012?"),
        (CANNAE, "What about the Carthaginians?", "How many soldiers did the Carthaginians lose at Cannae?"),
        ("What is the capital of France?", "What about Germany?", "What is the capital of Germany?"),
        ("What is the capital of France?", "And the population?", "What is the population of France?"),
        (VOYAGER, "And Voyager 2?", "When did NASA launch Voyager 2?"),
        (VOYAGER, "What about its twin?", "When did NASA launch Voyager 1's twin?"),
        (LISBON, "And the wounded?", "What about the wounded of the Lisbon earthquake?"),
        ("How many visitors came to the fair in 2012?", "And in 2013?", "How many visitors came to the fair in 2013?"),
        # what lacks its frame
        (HASTINGS, "How many died?", "How many died in the Battle of Hastings?"),
        (HASTINGS, "What was the result?", "What was the result of the Battle of Hastings?"),
        # words of place and time that stand behind a preposition, the whole event, two names as one
        ("Did the Vikings reach Greenland?", "Where did they sail from there?", "Where did the Vikings sail from Greenland?"),
        (HASTINGS, "What happened after that?", "What happened after the Battle of Hastings?"),
        ("When did Sweden and Denmark make peace?", "Where did they meet?", "Where did Sweden and Denmark meet?"),
        ("When did the Romans land in Britain?", "Which tribes did they fight?", "Which tribes did the Romans fight?"),
        ("Where did the Romans land?", "Who was there?", "Who was there when the Romans landed?"),
        ("When did the peace deal hold?", "Who signed it?", "Who signed the peace deal that held?"),
    ],
)
def test_a_follow_up_is_filled_from_the_earlier_question(earlier: str, question: str, expected: str) -> None:
    assert standalone(question, [Turn(earlier)]) == expected


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        (f"{AIDA} | Aida was written by Giuseppe Verdi. [1]", "When was he born?", "When was Giuseppe Verdi born?"),
        ("Where was Marie Curie born? | In Warsaw. [1]", "How many people live there?", "How many people live in Warsaw?"),
        (f"{LEEDS} | It opened in 1911. [1]", "Who was mayor of the city then?", "Who was mayor of Leeds in 1911?"),
        (
            "When was the treaty signed by Sweden and Denmark? | It was signed on 3 May 1645. [2]",
            "What happened that year?",
            "What happened on 3 May 1645?",
        ),
    ],
)
def test_what_the_earlier_question_asked_for_is_taken_from_its_answer(earlier: str, question: str, expected: str) -> None:
    assert standalone(question, turns(earlier)) == expected


BARGE = "When did the smugglers' barge sink off Heron Island?"
TUNNEL = "When was the Ilde Tunnel opened?"
MOTION = "Who brought the motion to remove Aldous Orr as mayor of Lisbon?"


@pytest.mark.parametrize(
    ("conversation", "expected"),
    [
        # what tells a thing apart goes with it, and a thing is no place
        ((MOTION, "Who seconded it?"), "Who seconded the motion to remove Aldous Orr as mayor of Lisbon?"),
        ((BARGE, "How many bodies were found?"), "How many bodies were found when the smugglers' barge sank off Heron Island?"),
        (("When did the bus strike in Lyon end?", "Who called it?"), "Who called the bus strike in Lyon?"),
        (
            ("Who is the manager of the Orrin Bank?", "Where was her bicycle found?"),
            "Where was the bicycle of the manager of the Orrin Bank found?",
        ),
        # what names nothing goes on about the last whole question, over several turns
        ((TUNNEL, "How long is it?", "Who drove the first tram?"), "Who drove the first tram when the Ilde Tunnel was opened?"),
        ((TUNNEL, "How long is it?", "And how deep?", "What did the tunnel replace?"), "What did the Ilde Tunnel replace?"),
        (
            ("When did students occupy the Registry?", "Who drew up the plan?"),
            "Who drew up the plan when students occupied the Registry?",
        ),
        # several, one of several, and what they own
        (("Which of the Glass Herons left the stage?", "Who managed the band?"), "Who managed the band of the Glass Herons?"),
        (("When did the Glass Herons part?", "Which of them left the stage?"), "Which of the Glass Herons left the stage?"),
        (("When did Anna Roe die?", "Who was her father?", "And her mother?"), "Who was Anna Roe's mother?"),
        (
            ("When did Anna Roe die?", "Who was her adopted son in 1990?", "And her sister?"),
            "Who was Anna Roe's sister in 1990?",
        ),
        # another degree, another time, another thing of that sort, a correction, a topic set first
        (("How long is the Ilde Tunnel?", "And how deep?"), "How deep is the Ilde Tunnel?"),
        (("What was the rent in Halmer?", "And a year earlier?"), "What was the rent in Halmer a year earlier?"),
        (("When did the southern tower fall?", "I meant the northern one."), "When did the northern tower fall?"),
        ((KIDAL, "No, I meant Timbuktu."), "When was Timbuktu taken by Ansar Dine in June 2012?"),
        ((AIDA, "What about the Orrin Prize, who won it?"), "Who won the Orrin Prize?"),
        # in a relative clause without "that"
        (
            ("What did the film The Salt Road cost?", "Who wrote the novel it is based on?"),
            "Who wrote the novel the film The Salt Road is based on?",
        ),
    ],
)
def test_a_conversation_goes_on(conversation: tuple[str, ...], expected: str) -> None:
    *before, question = conversation
    assert standalone(question, turns(*before)) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("And how deep is it?", "how deep is it?"),
        ("Who drove the first tram?", "Who drove the first tram?"),
        ("Why?", ""),
        ("Who is he?", ""),
        ("In 1990?", ""),
        ("I meant Gao.", ""),
    ],
)
def test_a_follow_up_that_is_a_whole_question_is_read_in_its_own_words(question: str, expected: str) -> None:
    assert own_words(question, "How deep is the Ilde Tunnel?") == expected
    assert own_words(question, question) == ""


def test_an_answer_with_several_names_gives_none() -> None:
    said = "Giuseppe Verdi wrote Aida. [1] Antonio Ghislanzoni made the words. [2]"
    assert standalone("When was he born?", [Turn(AIDA, said)]) == "When was the person who wrote the opera Aida born?"


def test_an_abstention_gives_no_name() -> None:
    assert (
        standalone("When was he born?", [Turn(AIDA, prompts.CANNOT_ANSWER)])
        == "When was the person who wrote the opera Aida born?"
    )


@pytest.mark.parametrize(
    ("conversation", "expected"),
    [
        ((HASTINGS, "Who won it?", "And who lost?"), "Who lost in the Battle of Hastings?"),
        ((KIDAL, "What about Timbuktu?", "Why?"), "Why was Timbuktu taken by Ansar Dine in June 2012?"),
        ((KIDAL, "What about Timbuktu?", "And Gao?", "And in May 2013?"), "When was Gao taken by Ansar Dine in May 2013?"),
        ((f"{LYON}", "Who led them? | They were led by Jeanne Moreau. [1]", "Was she arrested?"), "Was Jeanne Moreau arrested?"),
        (
            ("How tall is the Eiffel Tower?", "Who designed it? | Gustave Eiffel's company. [1]", "Is it made of iron?"),
            "Is the Eiffel Tower made of iron?",
        ),
    ],
)
def test_a_chain_leads_back_to_the_question_that_began_it(conversation: tuple[str, ...], expected: str) -> None:
    *before, question = conversation
    assert standalone(question, turns(*before)) == expected


STANDING = [
    "What is photosynthesis?",
    "Who painted the Mona Lisa?",
    "When did the Romans lose their eagles at Carrhae?",
    "Were there any deaths in Berlin in 1953?",
    "Was it the Danes that burned the abbey of Iona?",
    "When Napoleon invaded Russia, how many men did he have?",
    "Which minister had his car stolen in 1999?",
    "The painter who left Delft said that his work was lost: what did he paint there in 1660?",
    "How long did it take to build the Suez Canal?",
    "Which ships did the captains sink before they fled Toulon?",
    "What is the speed of light?",
    "who won   the 1998 World Cup ??",
    "size of the Egyptian contingent, UNIFIL",
    "Who asked the Senate in 1850 for an army of 300 men? ",
]


@pytest.mark.parametrize("question", STANDING)
def test_a_question_that_stands_alone_comes_back_as_it_is(question: str) -> None:
    assert standalone(question, [Turn(HASTINGS, "It was fought on 14 October 1066. [1]")]) == question
    assert not needs_history(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who won it?",
        "And in 1990?",
        "Where?",
        "What about the French?",
        "When was that?",
        "How many died?",
        "Who led the group?",
        "And the wounded?",
    ],
)
def test_wording_that_leans_on_the_conversation_is_seen(question: str) -> None:
    assert needs_history(question)
    assert standalone(question, []) == question


def test_a_conversation_without_any_topic_changes_no_question() -> None:
    assert standalone("Who is he?", [Turn("why not?")]) == "Who is he?"


@pytest.mark.parametrize(
    ("verb", "past"),
    [
        ("attack", "attacked"),
        ("take", "took"),
        ("die", "died"),
        ("stop", "stopped"),
        ("carry", "carried"),
        ("hit", "hit"),
        ("agree", "agreed"),
    ],
)
def test_the_past_of_a_verb(verb: str, past: str) -> None:
    assert past_tense(verb) == past


VOCABULARY = "and what about who when did was the of in it they there that then his Gao Verdi 1990 battle city lost ? , ’ é"
WORDS = st.sampled_from(VOCABULARY.split(" "))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(WORDS, max_size=9).map(" ".join), min_size=1, max_size=4))
def test_any_words_give_a_bounded_line(said: list[str]) -> None:
    *before, question = said
    result = standalone(question, [Turn(text, text) for text in before])
    assert "\n" not in result
    assert len(result) <= LONGEST + len(question)
    assert result == question or result.endswith("?")


def test_a_long_conversation_is_rewritten_quickly() -> None:
    history = [Turn("Who led them there after that?", "Verdi met Aida in Gao. " * 40) for _ in range(20)]
    started = time.perf_counter()
    standalone("And " + "the city of it, " * 120 + "why?", history)
    assert time.perf_counter() - started < 5


def test_the_model_is_asked_with_the_conversation_and_its_question_is_taken() -> None:
    asked: list[list[tuple[str, str]]] = []

    def complete(messages: list[tuple[str, str]]) -> str:
        asked.append(messages)
        return " Who won the Battle of Hastings in 1066?\n"

    history = [Turn(HASTINGS, "It was fought in 1066. [1]")]
    assert by_model("Who won it?", history, complete) == "Who won the Battle of Hastings in 1066?"
    assert "Question: When was the Battle of Hastings fought?\nAnswer: It was fought in 1066." in asked[0][-1][1]
    assert "Who won it?" in asked[0][-1][1]


@pytest.mark.parametrize("said", ["", "?", "William won it.", "Who won it?\nWilliam?", "Who " + "really " * 100 + "won?"])
def test_what_is_no_single_question_gives_way_to_the_rules(said: str) -> None:
    assert by_model("Who won it?", [Turn(HASTINGS)], lambda messages: said) == "Who won the Battle of Hastings?"


def test_a_model_that_fails_gives_way_to_the_rules() -> None:
    def fail(messages: list[tuple[str, str]]) -> str:
        raise RuntimeError("no model")

    assert by_model("Who won it?", [Turn(HASTINGS)], fail) == "Who won the Battle of Hastings?"


def test_no_model_is_asked_without_a_conversation() -> None:
    assert by_model("Who won it?", [], lambda messages: "never") == "Who won it?"
