"""A question's names as the articles write them, and what the articles define."""

import pytest

from index.acronyms import acronyms, definitions
from qa.names import usual

PAIRS = (("WFP", "World Food Programme"), ("Tuareg rebellion", "Tuareg rebellion (2012)"))


@pytest.mark.parametrize(
    ("held", "question", "expected"),
    [
        ({"wfp": 9}, "Where did the World Food Programme land?", "Where did the WFP land?"),
        ({"wfp": 9}, "Where did the world food programme land?", "Where did the WFP land?"),
        ({"wfp": 1}, "Where did the World Food Programme land?", "Where did the World Food Programme land?"),
        ({"wfp": 0}, "Where did the WFP land?", "Where did the World Food Programme land?"),
        ({"wfp": 9}, "Where did the WFP land?", "Where did the WFP land?"),
        ({"tuareg": 5, "rebellion": 5}, "Who led the Tuareg rebellion (2012)?", "Who led the Tuareg rebellion (2012)?"),
    ],
)
def test_a_name_is_searched_for_in_the_form_that_more_passages_hold(held, question, expected):
    assert usual(question, PAIRS, lambda term: held.get(term, 0)) == expected


def test_definitions_are_found_where_the_letters_fit():
    text = "The World Food Programme (WFP) and the National Movement for the Liberation of Azawad (MNLA) met (June)."
    assert definitions(text) == [
        ("WFP", "World Food Programme"),
        ("MNLA", "National Movement for the Liberation of Azawad"),
    ]


def test_only_words_with_two_capitals_are_acronyms():
    assert acronyms("The Peace Corps (Corps) and the European Union (EU).") == [("EU", "European Union")]
