"""Does a quote bear out a claim? One fact changed must be enough to say no; another wording must not."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from eval.faults import measure_written
from qa.quantities import dates, numbers
from qa.reading import overlap, read, verbatim
from qa.support import judge
from qa.words import stem

QUOTE = (
    "On 3 July, MOJWA released 25 MNLA prisoners who had been captured during the battle, "
    "after being asked to do so by Iyad Ag Ghaly."
)
ALIASES = {"MUJAO": "Movement for Oneness and Jihad in West Africa", "MOJWA": "Movement for Oneness and Jihad in West Africa"}


def support(claim: str, quote: str, context: str = "", header: str = "") -> str:
    return judge(claim, [quote], None, contexts=[context], headers=[header], aliases=ALIASES).support


def test_the_sentence_itself_is_quoted() -> None:
    assert support(QUOTE, QUOTE) == "quoted"
    assert support("on 3 July, MOJWA  released 25 MNLA prisoners who had been captured during the battle", QUOTE) == "quoted"


@pytest.mark.parametrize(
    "claim",
    [
        "MOJWA released twenty-five MNLA prisoners on July 3.",
        "25 MNLA prisoners were released by MUJAO on 3 July.",
        "Iyad Ag Ghali asked MOJWA to release the 25 MNLA prisoners.",
    ],
)
def test_another_wording_is_supported(claim: str) -> None:
    assert support(claim, QUOTE) == "supported"


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("MOJWA released 52 MNLA prisoners on 3 July.", "52"),
        ("MOJWA released 25 MNLA prisoners on 4 July.", "4 July"),
        ("MOJWA released 25 MNLA prisoners on 3 June.", "3 June"),
        ("MOJWA released 25 AQIM prisoners on 3 July.", "AQIM"),
        ("MNLA released 25 MOJWA prisoners on 3 July.", ""),
        ("25 MOJWA prisoners were released by the MNLA.", "roles"),
        ("MOJWA did not release 25 MNLA prisoners on 3 July.", "not"),
        ("MOJWA released more than 25 MNLA prisoners.", "25"),
        ("MOJWA released 25 % of the MNLA prisoners.", "25"),
        ("The talks went on for a long time afterwards.", "words"),
        ("MOJWA released 25 MNLA prisoners on 3 July 2012.", "2012"),
    ],
)
def test_one_thing_changed_is_unsupported_and_named(claim: str, reason: str) -> None:
    verdict = judge(claim, [QUOTE], None, aliases=ALIASES)
    assert verdict.support == "unsupported"
    assert any(reason in text for text in verdict.reasons), verdict.reasons


@pytest.mark.parametrize(
    ("quote", "right", "wrong"),
    [
        ("More than sixty jihadists were killed.", "Over 60 jihadists were killed.", "60 jihadists were killed."),
        ("About one hundred men came.", "Some 100 men came.", "More than 100 men came."),
        ("The camp held 1,500 people.", "The camp held 1500 people.", "The camp held 1,500 soldiers of 15,000."),
        ("One or two protesters died and 12 to 14 were wounded.", "Twelve to fourteen were wounded.", "Twelve were wounded."),
        ("The tax rose by 60 percent.", "The tax rose by 60%.", "The tax rose by 60."),
        ("4 killed, 10 wounded, 40 captured", "4 killed and 10 wounded", "10 killed and 4 wounded"),
        ("The trip took forty minutes.", "The trip took 40 minutes.", "The trip took forty hours."),
        ("The mayor was not seen in the town.", "The mayor was not seen.", "The mayor was seen in the town."),
        ("The mayor never left the town.", "The mayor never left.", "The mayor left the town."),
        ("The troops entered without a fight.", "The troops entered without a fight.", "The troops entered with a fight."),
        ("The army failed to take the bridge.", "The army did not take the bridge.", "The army took the bridge."),
        ("It is not true that the rebels left Gao.", "It is not true that the rebels left Gao.", "The rebels left Gao."),
        (
            "The ministry denied that troops had entered Gao.",
            "The ministry denied that troops had entered Gao.",
            "Troops had entered Gao.",
        ),
        ("Smith might leave the party.", "Smith might leave the party.", "Smith leaves the party."),
        ("The team won the final in 1998.", "The team won the final.", "The team lost the final in 1998."),
        ("Alice Moore hired Robert Stone.", "Robert Stone was hired by Alice Moore.", "Robert Stone hired Alice Moore."),
        ("The road runs from Oslo to Bergen.", "The road runs from Oslo to Bergen.", "The road runs from Bergen to Oslo."),
        ("Anna Berg met Carl Holm in Turin.", "Anna Berg met Carl Holm.", "Anna Holm met Carl Berg in Turin."),
        ("He was born in March 1901 and died on 3 May 1977.", "He died on 3 May 1977.", "He was born on 3 May 1977."),
        ("It was built in the 1990s.", "It was built in the 1990s.", "It was built in 1990."),
        ("The work began in early 2012.", "The work began in 2012.", "The work began in late 2012."),
        (
            "Members of Médecins Sans Frontières arrived.",
            "Members of Medecins sans Frontieres arrived.",
            "Members of Oxfam arrived.",
        ),
        ("Traoré resigned in 2022.", "Traore resigned in 2022.", "Keïta resigned in 2022."),
    ],
)
def test_pairs(quote: str, right: str, wrong: str) -> None:
    assert support(right, quote) != "unsupported"
    assert support(wrong, quote) == "unsupported"


def test_context_supplies_a_name_for_a_pronoun_but_never_replaces_one() -> None:
    before = "MNLA Secretary General Bilal ag Acherif was wounded in the attack."
    assert support("Bilal ag Acherif was taken to a hospital.", "He was later taken to a hospital.", before) == "supported"
    assert support("Bouna Ag Tahib was taken to a hospital.", "He was later taken to a hospital.", before) == "unsupported"
    named = "Iyad Ag Ghaly was later taken to a hospital."
    assert support("Bilal ag Acherif was later taken to a hospital.", named, before) == "unsupported"


def test_context_supplies_a_year_but_never_replaces_one() -> None:
    quote = "On 13 January, French planes bombed the city."
    assert support("On 13 January 2013, French planes bombed the city.", quote, "The war of 2013 had begun.") == "supported"
    assert support("On 13 January 2013, French planes bombed the city.", quote) == "unsupported"
    dated = "On 13 January 2012, French planes bombed the city."
    assert support("On 13 January 2013, French planes bombed the city.", dated, "The war of 2013 had begun.") == "unsupported"


def test_the_header_supplies_the_subject() -> None:
    assert support("French planes bombed Gao.", "French planes bombed the city.", header="Bombardment of Gao") == "supported"


def test_a_fact_of_an_infobox_needs_no_verb() -> None:
    assert (
        support("The battle took place from 26 to 28 June 2012.", "Date: 26–28 June 2012", header="Battle of Gao") == "supported"
    )
    assert (
        support("The battle took place from 26 to 29 June 2012.", "Date: 26–28 June 2012", header="Battle of Gao")
        == "unsupported"
    )


def test_abbreviations_that_the_quote_defines() -> None:
    quote = "The National Movement for the Liberation of Azawad (MNLA) took the town."
    assert support("The MNLA took the town.", quote) == "supported"
    assert (
        support("The National Movement for the Liberation of Azawad took the town.", "The MNLA took the town.", quote)
        == "supported"
    )


def test_nearness_in_meaning_excuses_no_facts() -> None:
    quote = "The aircraft crashed near Oslo."
    assert judge("The aircraft came down by Oslo.", [quote], [0.9]).support == "supported"
    assert judge("The aircraft came down by Rome.", [quote], [0.99]).support == "unsupported"


def test_the_best_quote_is_chosen() -> None:
    quotes = ["Nothing of the sort.", "The MNLA took the town in 2012.", "The MNLA took the town."]
    verdict = judge("The MNLA took the town.", quotes)
    assert (verdict.best, verdict.support) == (2, "quoted")
    assert judge("Anything.", []).best is None


@pytest.mark.parametrize("claim", ["", "?!", "[]", "7", "the"])
def test_empty_claims_are_never_supported_by_words_they_lack(claim: str) -> None:
    assert judge(claim, ["Some sentence of the text."]).support == "unsupported"


def test_folding() -> None:
    assert verbatim("“Don’t” –  ‘now’ [1].") == verbatim("\"Don't\" - 'now' (1)")
    assert overlap(read("The dog barked."), read("Dogs bark.")) == 1.0


def test_what_a_real_small_model_made_up() -> None:
    prisoners = "The MNLA spokesman, Mossa Ag Attaher, said that AQIM was using the population as hostages. " + QUOTE
    claim = "The MNLA spokesman, Mossa Ag Attaher, released 25 prisoners during the battle."
    assert support(claim, prisoners) == "unsupported"
    flight = "Following the strikes, the planes flew eastward for around two hours before landing at the airbase."
    assert support("The strikes lasted for around two hours before landing at the airbase.", flight) == "unsupported"


def test_the_hand_written_paraphrases_are_told_from_the_faults() -> None:
    measured = measure_written(ALIASES)
    assert measured["right"] > 120 and measured["wrong"] > 150  # type: ignore[operator]
    assert measured["caught"] >= 0.95 and measured["flagged"] <= 0.05  # type: ignore[operator]


def test_words_are_stemmed_alike_in_many_threads() -> None:
    words = [
        f"{start}{end}"
        for start in ("govern", "attack", "liberat", "relat", "organis", "captur")
        for end in ("ing", "ed", "ations", "s")
    ]
    stem.cache_clear()
    alone = {word: stem(word) for word in words}
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            stem.cache_clear()
            with ThreadPoolExecutor(8) as pool:
                assert [dict(zip(words, pool.map(stem, words), strict=True)) for _ in range(3)] == [alone] * 3
    finally:
        sys.setswitchinterval(interval)


def test_what_is_remembered_of_a_text_is_not_changed_by_its_reader() -> None:
    text = "On 4 May 1931 and 5 June 1932, 12 of 40 men left."
    first, figures = dates(text), numbers(text, [(3, 13)])
    assert [(date.day, date.year) for date in first] == [(4, 1931), (5, 1932)] and len(figures) > 2
    first.clear()
    figures.clear()
    assert len(dates(text)) == 2 and len(numbers(text, [(3, 13)])) > 2
    assert len(numbers(text, [(3, 13), (18, 29)])) == 2
