"""A question in parts: where it is cut, where it is not, and with which names a part is searched for."""

from __future__ import annotations

import pytest

from qa.parts import NAMES, parts, with_names


@pytest.mark.parametrize(
    ("question", "cut"),
    [
        ("Who signed the treaty; when did it take effect?", ["Who signed the treaty", "when did it take effect?"]),
        (
            "The mail steamer sank off the cape in 1873: which lighthouse was built afterwards?",
            ["The mail steamer sank off the cape in 1873", "which lighthouse was built afterwards?"],
        ),
        (
            "Did the fair burn down, and did anyone die in the fire?",
            ["Did the fair burn down", "did anyone die in the fire?"],
        ),
        (
            "Who designed the bridge and when was the tower built and where did the stone come from?",
            ["Who designed the bridge", "when was the tower built", "where did the stone come from?"],
        ),
        (
            "What was the length of the Orrin Bridge compared with the Hallin Bridge?",
            ["What was the length of the Orrin Bridge", "the Hallin Bridge?"],
        ),
        ("The bridge rusted. Which cables were fitted?", ["The bridge rusted", "Which cables were fitted?"]),
    ],
)
def test_a_question_is_cut_where_another_begins(question: str, cut: list[str]) -> None:
    assert parts(question) == cut


@pytest.mark.parametrize(
    "question",
    [
        "Who designed the Orrin Bridge?",
        "How many were killed and wounded?",
        "What happened at 10:30 in Gao?",
        "How much did it cost, 2.4 million crowns?",
        "Who was the U.S. general in command of the garrison at Gao?",
        "What did Dr. Maud Tiller write to Gen. Orr about the bridge?",
        "Compared with 2012, how many were killed in 2013?",
        "",
    ],
)
def test_a_question_of_one_part_is_left_as_it_is(question: str) -> None:
    assert parts(question) == [question]


@pytest.mark.parametrize(
    "question", ["Who won the cup and why?", "A: what is it?", "When was the bridge opened? How long is it?"]
)
def test_a_piece_that_says_too_little_is_no_part(question: str) -> None:
    assert parts(question) == [question]


def test_a_piece_that_says_too_little_stays_with_the_one_before() -> None:
    question = "Who founded the weavers' fair, and when did the tents burn down, and why was it?"
    assert parts(question) == ["Who founded the weavers' fair", "when did the tents burn down, why was it?"]


def test_more_parts_than_are_searched_for_are_one_question() -> None:
    three = "Who designed the bridge and when was the tower built and where did the stone come from"
    assert len(parts(f"{three}?")) == 3
    assert parts(f"{three} and why was the ferry replaced?") == [f"{three} and why was the ferry replaced?"]


def test_a_part_gets_the_names_of_the_question_and_of_what_was_found() -> None:
    question = "Who built the Orrin Bridge, and what did it cost"
    assert with_names("what did it cost", question, ["Later a quay by Maud Tiller of Velmora."]) == (
        "what did it cost Orrin Bridge Later Maud Tiller of Velmora"
    )
    assert with_names("when did she leave", "Who kept the light, and when did she leave", ["Ines Dorran kept it."]) == (
        "when did she leave Ines Dorran"
    )


def test_a_name_that_the_part_holds_is_not_given_again() -> None:
    question = "Who built the Orrin Bridge, and when did the Orrin Bridge open"
    assert with_names("when did the Orrin Bridge open", question, ["Orrin is a river."]) == "when did the Orrin Bridge open"


def test_a_part_is_given_few_names_each_once() -> None:
    found = ["Anna taught Berta.", "Berta taught Clara.", "Clara taught Dora, who taught Emma."]
    assert NAMES == 4 and with_names("who taught whom", "Say who taught whom", found) == "who taught whom Anna Berta Clara Dora"
