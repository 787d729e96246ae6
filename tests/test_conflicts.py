"""Disagreements: hand-written sentences of made-up topics, each passage a text of its own, values compared exactly."""

from __future__ import annotations

import pytest

from index.types import Passage, Sentence
from qa.answering import rows
from qa.conflicts import Disagreement, Stated, _of_others, find, of_what_is_asked
from qa.differing import SURE
from qa.opposed import paired
from qa.question import read
from qa.span_reader import Span
from qa.statements import ask, set_among


def passage(name: str, *texts: str, title: str = "", section: tuple[str, ...] = (), label: str = "") -> Passage:
    sentences = tuple(Sentence(text, text, n, n + 1, 1, label) for n, text in enumerate(texts))
    return Passage(name, f"{name}.md", "0", title, section, "facts" if label else "prose", sentences)


def disagreements(question: str, *passages: Passage) -> list[Disagreement]:
    """Every sentence as a likely answer, the earlier the likelier."""
    places = [(item, n) for item in passages for n in range(len(item.sentences))]
    return find(read(question), [Stated(0.9 - 0.01 * k, item, n, 0.8) for k, (item, n) in enumerate(places)])


def values(question: str, *passages: Passage) -> list[tuple[str, str, list[str]]]:
    """(as written, normalised, the names of the passages) of the one disagreement; nothing where there is none."""
    found = disagreements(question, *passages)
    return [(v.written, v.normalised, [item.id for item, _ in v.sentences]) for d in found for v in d.values]


def prose(question: str, *texts: str) -> list[tuple[str, str, list[str]]]:
    """The same for texts that are passages named a, b, c … of articles without a title."""
    return values(question, *(passage(name, text) for name, text in zip("abcde", texts, strict=False)))


# Different values for one fact


def test_counts_of_one_day_that_differ() -> None:
    assert prose(
        "How many miners died in the collapse at Orsk Pit on 3 May 1911?",
        "On 3 May 1911 the roof of Orsk Pit fell in, killing 41 miners.",
        "The collapse of May 3, 1911 left 38 dead and many injured.",
    ) == [("41 miners", "41", ["a"]), ("38 dead", "38", ["b"])]


def test_equal_values_share_a_side_and_every_sentence_is_kept() -> None:
    assert prose(
        "How many bells hang in the Tollan cathedral?",
        "The Tollan cathedral has nine bells.",
        "In the cathedral of Tollan hang 9 bells.",
        "Visitors to the Tollan cathedral hear its eleven bells.",
    ) == [("nine bells", "9", ["a", "b"]), ("eleven bells", "11", ["c"])]


def test_about_is_the_question() -> None:
    (found,) = disagreements(
        "How many bells hang in the Tollan cathedral?",
        passage("a", "The Tollan cathedral has nine bells."),
        passage("b", "The Tollan cathedral has eleven bells."),
    )
    assert found.about == "How many bells hang in the Tollan cathedral"


def test_two_lower_bounds_that_differ() -> None:
    assert prose(
        "How many passengers died when the ferry Astrid sank on 9 March 1957?",
        "The ferry Astrid sank on 9 March 1957, drowning at least 60 people; at least 60 passengers died.",
        "On 9 March 1957 the ferry went down and at least 72 passengers were killed.",
    ) == [("at least 60 passengers", "≥60", ["a"]), ("at least 72 passengers", "≥72", ["b"])]


def test_dates_a_day_apart() -> None:
    assert prose(
        "When was the Treaty of Velden signed?",
        "The Treaty of Velden was signed on 3 May 1999.",
        "Both kings signed the Treaty of Velden on 4 May 1999.",
    ) == [("3 May 1999", "1999-05-03", ["a"]), ("4 May 1999", "1999-05-04", ["b"])]


def test_days_far_apart_are_of_several_events() -> None:
    question = "When was Fort Hollin taken?"
    near = ("Fort Hollin was taken on 3 March 1880.", "Fort Hollin was taken on 4 March 1880.")
    assert [value[0] for value in prose(question, *near)] == ["3 March 1880", "4 March 1880"]
    assert prose(question, *near, "Fort Hollin was taken on 20 June 1880.") == []


def test_a_day_and_a_year_are_not_compared() -> None:
    assert prose("When was Fort Hollin taken?", "Fort Hollin was taken on 3 July.", "Fort Hollin was taken in May 1880.") == []


def test_years_of_one_event_told_in_the_same_words() -> None:
    assert prose(
        "When was the Brenn observatory founded?",
        "The Brenn observatory was founded by Ada Lorentz in 1871.",
        "In 1874 the Brenn observatory was founded by the astronomer Ada Lorentz.",
    ) == [("1871", "1871", ["a"]), ("1874", "1874", ["b"])]


def test_names_in_one_sentence_told_twice() -> None:
    assert prose(
        "Who designed the suspension bridge over the Lurra?",
        "The suspension bridge over the Lurra was designed by the engineer Paula Rehn.",
        "The suspension bridge over the river Lurra was designed by engineer Ivo Castell.",
    ) == [("Paula Rehn", "paula rehn", ["a"]), ("Ivo Castell", "ivo castell", ["b"])]


@pytest.mark.parametrize(
    ("question", "one", "other", "expected"),
    [
        (
            "Which country supplied the turbines of the Sorrel dam?",
            "The turbines of the Sorrel dam were supplied by Norland.",
            "Vestria supplied the turbines for the Sorrel dam.",
            ["norland", "vestria"],
        ),
        (
            "Where was the painter Oda Brill born?",
            "Oda Brill was born in Tamsel to a family of tanners.",
            "The painter Oda Brill, born at Grunau, moved to the capital.",
            ["tamsel", "grunau"],
        ),
        (
            "How long did the siege of Arlon last?",
            "The siege of Arlon lasted 40 days.",
            "After a siege of 53 days, Arlon surrendered.",
            ["40 day", "53 day"],
        ),
    ],
)
def test_names_places_and_measures(question: str, one: str, other: str, expected: list[str]) -> None:
    assert [normalised for _, normalised, _ in prose(question, one, other)] == expected


def test_two_speakers_in_one_sentence() -> None:
    question = "How many houses did the Kelm flood destroy?"
    text = "The mayor said 120 houses were destroyed in the Kelm flood, while the insurers claimed 90 houses were destroyed."
    assert prose(question, text) == [("120 houses", "120", ["a"]), ("90 houses", "90", ["a"])]


def test_two_speakers_in_one_passage() -> None:
    text = (
        "A union official said 300 workers joined the Ravel strike.",
        "The Ravel company stated that 80 workers joined the strike.",
    )
    found = values("How many workers joined the Ravel strike?", passage("a", *text))
    assert [(written, normalised) for written, normalised, _ in found] == [("300 workers", "300"), ("80 workers", "80")]


def test_according_to_two_sources() -> None:
    text = "The Sorrel dam holds 40 gates according to the ministry, 36 gates according to the builders."
    assert [value[:2] for value in prose("How many gates does the Sorrel dam hold?", text)] == [
        ("40 gates", "40"),
        ("36 gates", "36"),
    ]


def test_a_part_that_exceeds_the_whole() -> None:
    whole = passage("whole", "35 killed overall, including 3 bystanders", title="Siege of Arlon", label="Losses")
    part = passage("part", "36 killed, 14 wounded", title="Siege of Arlon", label="Losses of the Duke of Brabo")
    assert [value[:2] for value in values("How many people died in the Siege of Arlon?", whole, part)] == [
        ("35 killed", "35"),
        ("36 killed", "36"),
    ]


def test_an_item_of_a_fact_is_of_its_own_date() -> None:
    fact = passage("fact", "Rhona 63 killed (May 1904), 11 killed (17 March 1905)", title="Border war", label="Losses of Rhona")
    text = passage("text", "On 17 March 1905 at least 33 Rhonan soldiers were killed in an ambush.")
    assert [v[:2] for v in values("What was the death toll of the Rhona army in the attack of 17 March 1905?", text, fact)] == [
        ("at least 33 Rhonan soldiers", "≥33"),
        ("11 killed", "11"),
    ]


def test_all_but_two() -> None:
    assert prose(
        "How many of the smugglers caught at Port Hale were executed?",
        "Soldiers caught 12 smugglers at Port Hale, however executed all but two of them.",
        "The town remembers the execution day of Port Hale, when the 12 smugglers were executed.",
    ) == [("all but two", "10", ["a"]), ("12 smugglers", "12", ["b"])]


# Yes and no


@pytest.mark.parametrize(
    ("question", "text", "denial"),
    [
        (
            "Did Captain Moro sell the Astra statue?",
            "Captain Moro sold the Astra statue to a dealer, but the captain's family has denied that Moro sold it.",
            "but the captain's family has denied that Moro sold it.",
        ),
        (
            "Was the Pellworm reactor leaking in 1988?",
            "Inspectors said that the Pellworm reactor was leaking, however the ministry said the statement was not accurate.",
            "however the ministry said the statement was not accurate.",
        ),
        (
            "Did the Ostra guard fire on the strikers?",
            "The strikers were fired upon by the Ostra guard which was denied by the guard itself.",
            "which was denied by the guard itself.",
        ),
    ],
)
def test_a_denial_in_the_same_sentence(question: str, text: str, denial: str) -> None:
    found = prose(question, text)
    assert [normalised for _, normalised, _ in found] == ["yes", "no"]
    assert found[1][0] == denial


def test_yes_and_no_in_two_texts() -> None:
    assert [value[1:] for value in prose(
        "Did Queen Ilse visit the island of Farn?",
        "Queen Ilse visited the island of Farn in her youth.",
        "Contrary to earlier claims, Queen Ilse never visited the island of Farn.",
    )] == [("yes", ["a"]), ("no", ["b"])]  # fmt: skip


def test_a_negation_of_something_else_is_no_denial() -> None:
    assert not prose(
        "Did Queen Ilse visit the island of Farn?",
        "Queen Ilse visited the island of Farn in 1820.",
        "Queen Ilse, who had no children, often visited the island of Farn.",
    )


def test_an_either_or_question_has_no_yes_and_no() -> None:
    assert not prose(
        "Was the Pellworm reactor closed or sold?",
        "The Pellworm reactor was closed.",
        "The Pellworm reactor was not closed but sold.",
    )


# What does not differ


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("more than 60 bells", "70 bells"),
        ("30–35 bells", "30 bells"),
        ("up to 40 bells", "36 bells"),
        ("about 60 bells", "58 bells"),
        ("twelve bells", "a dozen bells"),
        ("12 bells", "40 windows"),
        ("12 bells", "dozens of bells"),
    ],
)
def test_counts_that_fit_each_other(one: str, other: str) -> None:
    question = "How many bells hang in the Tollan cathedral?"
    assert prose(question, f"The Tollan cathedral has {one}.", f"In the Tollan cathedral hang {other}.") == []


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("How many people were killed in Orsk Pit?", "In Orsk Pit 41 people were killed.", "In Orsk Pit 60 people were injured."),
        ("When did the Lurra flood?", "The Lurra flooded on 3 May 1911.", "The Lurra flooded its banks in May 1911."),
        (
            "When was the Velden treaty signed?",
            "The Velden treaty was signed on 3 May 1999.",
            "The Velden treaty ended on 9 July 2011.",
        ),
        ("When did the Ravel strike begin?", "The Ravel strike began on 2 June 1903.", "The Ravel strike ended on 4 June 1903."),
        ("When did the Ravel strike begin?", "The Ravel strike began on 2 June 1903.", "A second Ravel strike began in 1911."),
        ("How long is the Ostra tunnel?", "The Ostra tunnel is 14 km long.", "The Ostra tunnel lies 30 km from Mirn."),
        ("How long is the Ostra tunnel?", "The Ostra tunnel is 14 km long.", "The Ostra bridge is 3 km long."),
        ("Where was Oda Brill born?", "Oda Brill was born in Tamsel.", "Oda Brill died in Grunau."),
        ("Which states sent troops to Mirn?", "Norland sent troops to Mirn.", "Vestria sent troops to Mirn."),
        ("Who led Orsk Pit?", "The manager of Orsk Pit was Paula Rehn.", "Orsk Pit owes its railway to Ivo Castell."),
    ],
)
def test_no_disagreement(question: str, one: str, other: str) -> None:
    assert prose(question, one, other) == []


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("How long is the Lurra line?", "The Lurra line is 100 km long.", "The 62-mile Lurra line opened late."),
        ("How long did the Ravel strike last?", "The Ravel strike lasted 12 weeks.", "The Ravel strike lasted three months."),
        ("How much did the Sorrel dam cost?", "The Sorrel dam cost $4.2 million.", "The Sorrel dam cost 4,213,000 dollars."),
        (
            "How many people died in the Lurra flood?",
            "By the evening of 3 June, 40 people had died in the Lurra flood.",
            "The Lurra flood killed 112 people.",
        ),
        (
            "How many visitors came to the Ravel fair?",
            "The Ravel fair had expected 50,000 visitors.",
            "32,000 visitors came to the Ravel fair.",
        ),
        ("When was Oda Brill born?", "Oda Brill (1852–1931) was a painter.", "Oda Brill died in 1933."),
        ("When was the Ravel fire?", "The first Ravel fire was in 1710.", "Ravel had another fire in 1712."),
        ("Who won the Ravel race?", "In 1931 Ivo Castell won the Ravel race.", "In 1932 Paula Rehn won the Ravel race."),
        ("Who painted Ravel hall?", "Ivo Castell and Ada Lorentz painted Ravel hall.", "Ada Lorentz painted Ravel hall."),
        ("Did Oda Brill visit Mirn?", "Oda Brill visited Mirn in 1820.", "Her sister did not visit Mirn."),
    ],
)
def test_values_that_only_seem_to_differ(question: str, one: str, other: str) -> None:
    assert prose(question, one, other) == []


def test_counts_of_different_days_are_different_events() -> None:
    assert not prose(
        "How many miners were killed in Orsk Pit?",
        "On 3 May 1911 an explosion in Orsk Pit killed 41 miners.",
        "On 8 June 1913 an explosion in Orsk Pit killed 7 miners.",
    )


def test_counts_of_another_day_do_not_answer() -> None:
    assert not prose(
        "How many miners were killed in Orsk Pit on 3 May 1911?",
        "On 3 May 1911 an explosion in Orsk Pit killed 41 miners.",
        "An explosion in Orsk Pit killed 7 miners in 1913.",
    )


def test_parts_of_one_text_are_no_disagreement() -> None:
    text = ("In Orsk Pit 41 miners were killed on the first level.", "On the lower level of Orsk Pit 12 miners were killed.")
    assert not values("How many miners were killed in Orsk Pit?", passage("a", *text))


def test_sides_are_counted_apart() -> None:
    assert not prose(
        "How many fighters were killed at Arlon?",
        "At Arlon 65 Brabo fighters were killed.",
        "At Arlon more than 100 Rhona fighters were killed.",
    )


def test_facts_of_two_sides_are_parts() -> None:
    one = passage("one", "4 killed", title="Siege of Arlon", label="Losses of Brabo")
    two = passage("two", "19 killed", title="Siege of Arlon", label="Losses of Rhona")
    assert not values("How many people died in the Siege of Arlon?", one, two)


def test_a_share_is_no_total() -> None:
    assert not prose(
        "How many passengers did the ferry Astrid carry?",
        "The ferry Astrid carried 210 passengers.",
        "The ferry Astrid carried many emigrants, including 40 passengers from Rhona.",
    )


def test_an_unlikely_sentence_is_not_compared() -> None:
    one, other = passage("a", "The Tollan cathedral has nine bells."), passage("b", "The Tollan cathedral has eleven bells.")
    question = read("How many bells hang in the Tollan cathedral?")
    assert find(question, [Stated(0.9, one, 0, 0.8), Stated(0.5, other, 0, 0.7)])
    assert find(question, [Stated(0.9, one, 0, 0.8), Stated(0.05, other, 0, 0.3)]) == []


def pointed(question: str, *texts: tuple[str, str, float]) -> list[str]:
    """The two values that cannot both be right in texts of which the span reader points at a part, with a score."""
    told = []
    for n, (text, part, score) in enumerate(texts):
        start = text.index(part)
        told.append(set_among((passage("abc"[n], text), 0), 0.9 - 0.1 * n, 0.8, Span(score, start, start + len(part))))
    return [side.said.written for pair in paired(question, told, lambda _: []) for side in (pair.one, pair.other)]


FERRIES = "How many ferries does the Lorne line run?"
ONE = "The Lorne line runs seven ferries."
OTHER = "Nine ferries, some of them by night, are run by the Lorne line."


def test_a_value_that_the_span_reader_points_at() -> None:
    assert pointed(FERRIES, (ONE, "seven", 6.0), (OTHER, "Nine", 2.0)) == ["seven ferries", "Nine ferries"]
    assert pointed(FERRIES, (ONE, "seven", 6.0), (OTHER, "by night", 2.0)) == []


def test_with_a_span_reader_only_pairs_disagree() -> None:
    texts = ("The Tollan cathedral has nine bells.", "The Tollan cathedral has eleven bells.")
    question = read("How many bells hang in the Tollan cathedral?")
    stated = [Stated(0.9, passage(name, text), 0, 0.8) for name, text in zip("ab", texts, strict=True)]
    assert find(question, stated) and find(question, stated, look=lambda places: [Span(-20.0, 0, 0) for _ in places]) == []


def test_a_part_that_the_span_reader_points_at_is_no_total() -> None:
    part = "The Lorne line runs another nine ferries by night."
    assert pointed(FERRIES, (ONE, "seven", 8.0), (part, "nine", 8.0)) == []


def test_the_day_of_a_report_is_not_that_of_the_event() -> None:
    question = "How many people were arrested in the raid on the sawmill?"
    one = "KADRIN, 12 March 2021 - Police arrested eight people in a raid on the sawmill."
    texts = [
        f"On {day} six people were held to have been arrested in the raid on the sawmill."
        for day in ("15 March 2021", "15 May 2021")
    ]
    assert pointed(question, (one, "eight", 8.0), (texts[0], "six", 8.0)) == ["eight people", "six people"]
    assert pointed(question, (one, "eight", 8.0), (texts[1], "six", 8.0)) == []


def test_a_name_is_pointed_at_where_it_ends_what_is_pointed_at() -> None:
    def names(text: str, part: str) -> list[bool]:
        span = Span(SURE, text.index(part), text.index(part) + len(part))
        told = set_among((passage("a", text), 0), 0.9, 0.8, span)
        return [told.pointed(name) == SURE for name in told.read.names]

    assert names("On the Lorne, three Lund fighters were hurt.", "three Lund fighters") == [False, False]
    assert names("In the attack the general Ellen Marsh was hurt.", "the general Ellen Marsh") == [True]


def test_soldiers_of_another_country_are_not_counted() -> None:
    def others(question: str, text: str) -> list[bool]:
        told = set_among((passage("a", text), 0), 0.9, 0.8)
        asked = ask(read(question).text, [told.stems])
        return [_of_others(asked, told, value) for value in told.read.numbers]

    question = "How many Danish soldiers died in the war?"
    assert others(question, "Over 100 Swedish soldiers died in the war.") == [True]
    assert others(question, "Over 100 Danish soldiers died in the war.") == [False]
    assert others(question, "Over 100 soldiers died in the war.") == [True]
    assert others("How many soldiers died in the war?", "Over 100 Swedish soldiers died in the war.") == [False]


def test_nothing_to_compare() -> None:
    assert find(read("How many bells hang in the Tollan cathedral?"), []) == []
    assert prose("Why did the Lurra flood?", "It rained for 3 days.", "It rained for 5 days.") == []


def test_values_are_left_out_before_they_are_weighed_as_after() -> None:
    texts = (
        "The flood at Lurra killed 12 people on 3 May 1911.",
        "On 4 June 1950 a fire in Ostra killed 30 people.",
        "At the eastern mill of Lurra 14 people were killed on 3 May 1911, and 5 more died later.",
    )
    told = [set_among((passage(name, text), 0), 0.5, 0.5) for name, text in zip("abc", texts, strict=True)]
    for question in (
        "How many people died in the flood at Lurra on 3 May 1911?",
        "When were the people of the western mill killed?",
    ):
        asked = ask(question, [sentence.stems for sentence in told])
        every, kept = rows(asked, told), rows(asked, told, of_what_is_asked)
        assert kept == [row for row in every if row[1] in of_what_is_asked(asked, row[0], [row[1]])]
        assert 0 < len(kept) < len(every)
