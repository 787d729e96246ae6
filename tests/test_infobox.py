"""Infobox fields become facts: sides are named, values are split into items, and what says nothing is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.infobox import readable
from index.markup import parse
from index.repair import repair


def facts(raw: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for block in parse("x.txt", "", repair(raw)).blocks:
        if block.kind == "fact":
            found.setdefault(block.label, []).extend(block.texts)
    return found


def box(*lines: str) -> dict[str, list[str]]:
    return facts("\n".join(["Infobox", *(f"- {line}" for line in lines), "", "Text."]))


def template(*lines: str) -> dict[str, list[str]]:
    return facts("\n".join(["{{Infobox battle", *lines, "}}", "", "Text."]))


def test_a_numbered_field_names_its_side() -> None:
    assert box(
        "Combatant1: MNLA", "Combatant2: MOJWA, AQIM", "Casualties1: 4 killed", "Casualties2: 36 killed", "Strength2: 500+"
    ) == {
        "Combatant 1": ["MNLA"],
        "Combatant 2": ["MOJWA, AQIM"],
        "Casualties of MNLA": ["4 killed"],
        "Casualties of MOJWA, AQIM": ["36 killed"],
        "Strength of MOJWA, AQIM": ["500+"],
    }


@pytest.mark.parametrize("key", ["Combatant", "belligerent", "Side", "party", "candidate", "Team", "opponent"])
def test_sides_by_any_name(key: str) -> None:
    assert box(f"{key}1: Reds", f"{key}2: Blues", "Votes1: 12", "votes_2: 9")["Votes of Reds"] == ["12"]
    assert box(f"{key}1: Reds", f"{key}2: Blues", "Votes1: 12", "votes_2: 9")["Votes of Blues"] == ["9"]


def test_sides_may_come_after_what_they_are_needed_for() -> None:
    assert box("Casualties1: 4 killed", "Combatant1: MNLA")["Casualties of MNLA"] == ["4 killed"]


def test_an_unnamed_side_is_known_by_whom_it_opposes() -> None:
    found = box("Combatant1: Islamists", "Combatant2: ,", "Strength1: 300", "Strength2: 700")
    assert found["Strength of Islamists"] == ["300"]
    assert found["Strength of the side opposing Islamists"] == ["700"]
    assert "Combatant 2" not in found


def test_a_number_without_a_side_is_left_off() -> None:
    assert box("Combatant1: MNLA", "Casualties3: 35 in all") == {"Combatant 1": ["MNLA"], "Casualties": ["35 in all"]}


def test_the_name_of_a_side_is_short_and_keeps_an_acronym() -> None:
    names = ["Government of Mali", "France (2013–2022)", *(f"Country number {n}" for n in range(20))]
    found = template("| combatant1 =", *(f"* {name}" for name in names), "| losses1 = 9")
    label = next(label for label in found if label.startswith("Losses"))
    assert label.startswith("Losses of Government of Mali, France, Country number 0") and len(label.split()) < 20
    assert box("Combatant1: Movement for Azawad (MNLA)", "Losses1: 9")["Losses of Movement for Azawad (MNLA)"] == ["9"]


def test_keys_become_words() -> None:
    assert list(box("birthPlace: Gao", "date_of_birth: 1912", "weight 2: 9 kg")) == ["Birth place", "Date of birth", "Weight"]


@pytest.mark.parametrize(
    "line",
    [
        "Height: 3 m",
        "Width: 28 m",
        "Altitude: 260 m",
        "Style: Gothic",
        "Class: Nimitz",
        "Flagship: Victory",
        "Alternative names: Gawgaw",
        "Mapped: 1931",
    ],
)
def test_a_fact_that_only_sounds_like_presentation_is_kept(line: str) -> None:
    key, value = line.split(": ")
    assert box(line) == {key: [value]}


@pytest.mark.parametrize(
    "key", ["image", "Image_size", "map", "logo", "flag", "photo", "width", "coordinates", "alt", "image2", "map_caption"]
)
def test_presentation_says_nothing(key: str) -> None:
    assert box(f"{key}: 250", "Place: Gao") == {"Place": ["Gao"]}


@pytest.mark.parametrize("value", ["", ",", "—", "()", "{{cite|x}}", "Orrin.svg", "https://a.b/c", "25px", "  "])
def test_empty_values_are_left_out(value: str) -> None:
    assert box(f"Emblem: {value}", "Place: Gao") == {"Place": ["Gao"]}


def test_list_values_are_split_into_items() -> None:
    assert template("| losses =", "* 3 tanks", "* 9 men (two of them", "* 4 dogs", "| place = Gao") == {
        "Losses": ["3 tanks", "9 men (two of them", "4 dogs"],
        "Place": ["Gao"],
    }


def test_what_a_line_break_tore_apart_is_put_together() -> None:
    assert template("| losses =", "12 killed", "(2012)", "100–", "200 hurt", "Total:", "300", "| place = Gao")["Losses"] == [
        "12 killed (2012)",
        "100– 200 hurt",
        "Total: 300",
    ]


def test_the_range_of_a_fact_shows_key_and_value() -> None:
    raw = "Infobox\n- Place: Gao,   Mali\n- Date: 1 May\n\nText."
    article = parse("x.txt", "", repair(raw))
    assert [raw[slice(*block.spans[0])] for block in article.blocks[:2]] == ["Place: Gao,   Mali", "Date: 1 May"]


@pytest.mark.parametrize(
    ("value", "reading"),
    [
        ("Bilal Ag AcherifWIA", "Bilal Ag Acherif (wounded in action)"),
        ("Bouna Ag TahibKIA, Wari", "Bouna Ag Tahib (killed in action), Wari"),
        ("NOKIA", "NOKIA"),
        ("25px Ansar Dine", "Ansar Dine"),
        ("25pxOusmane", "Ousmane"),
        ("14–21 January 2013, ()", "14–21 January 2013"),
        ("'''Bold''' [[Gao|the town]]", "Bold the town"),
    ],
)
def test_a_value_reads_well(value: str, reading: str) -> None:
    assert readable(value) == reading


def test_the_infobox_of_the_battle_of_gao(seeds: Path) -> None:
    found = facts((seeds / "000_136c2ed4ac8dc82b.txt").read_bytes().decode())
    assert found["Casualties of MNLA"] == ["4 killed, 10 wounded, 40 captured"]
    assert found["Strength of MOJWA, AQIM, Ansar Dine, Boko Haram"] == ["500+"]
    assert found["Commander of MNLA"][0].startswith(
        "Bilal Ag Acherif (wounded in action), Colonel Bouna Ag Tahib (killed in action)"
    )
    assert found["Casualties"] == ["35 killed overall, including 3 Niger fighters, and 41 wounded"]


def test_an_item_that_names_a_member_is_about_that_one() -> None:
    raw = (
        "{{Infobox war\n| combatant1 =\n* Kingdom of Orrin\n* Hallin\n| strength1 =\n* Orrin 300\n* Hallin 90\n* 390 in all\n}}\n"
    )
    assert facts(raw) == {
        "Combatant 1": ["Kingdom of Orrin", "Hallin"],
        "Strength": ["Orrin 300", "Hallin 90"],
        "Strength of Kingdom of Orrin, Hallin": ["390 in all"],
    }


def test_the_infobox_of_diabaly(seeds: Path) -> None:
    found = facts((seeds / "004_b4af4671e0d34120.txt").read_bytes().decode())
    assert found["Casualties of Islamists groups: Ansar Dine, MOJWA, AQIM, Boko Haram"] == ["47 killed"]
    opposing = "the side opposing Islamists groups: Ansar Dine, MOJWA, AQIM, Boko Haram"
    assert found[f"Casualties of {opposing}"] == ["~12 killed"]
    assert found[f"Commander of {opposing}"] == ["Seydou Sogoba"]


def test_the_infobox_of_the_mali_war(seeds: Path) -> None:
    found = facts((seeds / "001_e4678927d83a5eae.txt").read_bytes().decode())
    assert found["Conflict"] == ["Mali War"] and found["Place"] == ["Northern Mali"]
    sides = found["Combatant 1"]
    assert {"Government of Mali", "France (2013-2022)", "Chad", "Benin", "Ivory Coast"} <= set(sides)
    losses = found["Casualties"]
    assert len(losses) > 15 and "Chad 104 killed" in losses and "France 52 killed" in losses
    assert not any(
        "\U0001f1e6" <= character <= "\U0001f1ff" for values in found.values() for value in values for character in value
    )
