"""Front matter: its fields with their ranges, what is no front matter, and that broken or hostile YAML is refused with the line."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.front_matter import MAX_DEPTH, BrokenFrontMatter, read
from index.infobox import Field
from tests.conftest import ROOT

MATTER = """---
title: "The Orrin Bridge"
infoboxes:
  - name:
      text: Orrin — Bridge
      links:
        - text: Orrin
          page: River Orrin
    cost:
      number: 2400000
      text: "2,400,000"
    note:
      text: |-
        one
        two
      formatting:
        bold: [one]
    folded:
      text: >-
        first

        * second
    empty:
      text: ""
author: Maud Tiller
tags: [bridges, rivers]
---
# The Orrin Bridge
"""


def shown(text: str, field: Field) -> tuple[str, str, str, str]:
    return field.key, text[field.start : field.end], text[slice(*field.value)], field.lines


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_fields_know_where_they_stand(newline: str, mark: str) -> None:
    text = mark + MATTER.replace("\n", newline)
    matter = read(text)
    assert matter is not None
    assert matter.title == "The Orrin Bridge"
    assert text[matter.end :].strip() == "# The Orrin Bridge"
    assert matter.aliases == (("Orrin", "River Orrin"),)
    rows = [tuple(part.replace("\r", "") for part in shown(text, field)) for field in matter.infobox]
    assert [(key, value, lines) for key, _, value, lines in rows] == [
        ("name", "Orrin — Bridge", "one"),
        ("cost", '"2,400,000"', "one"),
        ("note", "        one\n        two", "each"),
        ("folded", "        first\n\n        * second", "folded"),
    ]
    assert rows[0][1] == "name:\n      text: Orrin — Bridge"
    assert [shown(text, field)[::2] for field in matter.other] == [
        ("author", "Maud Tiller"),
        ("tags", "bridges"),
        ("tags", "rivers"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Text.\n---\na: b\n---\n",
        "---\na: b\n",
        "--- a\nb: c\n---\n",
        "----\na: b\n----\n",
        "---\nIt was a dark night.\n---\nMore.\n",
        "---\n- It was a dark night.\n- It rained.\n---\nMore.\n",
        "---\n- a: b\n---\nMore.\n",
    ],
)
def test_what_is_no_front_matter(text: str) -> None:
    assert read(text) is None


def test_an_empty_one_ends_where_it_ends() -> None:
    matter = read("---\n---\nText.")
    assert matter is not None and matter.end == 7 and matter.infobox == matter.other == ()


@pytest.mark.parametrize(
    ("yaml", "reason"),
    [
        ("a: [1, 2", "has broken front matter at line 3"),
        ("a: b\n  c: d", "has broken front matter at line 3"),
        ("a: 'b", "has broken front matter at line"),
        ("a: \tb\n\tc: d", "has broken front matter at line"),
        ("a: b\x01", "has broken front matter at line"),
        ("a: %b\n%c", "has broken front matter at line"),
        ("a: &x [1]\nb: *x", "uses YAML aliases"),
        ("a: &x [*x]", "uses YAML aliases"),
        ("a: " + "[" * 100 + "]" * 100, "too large or too deeply nested"),
        ("a: " + "{b: " * 100 + "c" + "}" * 100, "too large or too deeply nested"),
        ("a: [" + "1, " * 200_001 + "]", "too large or too deeply nested"),
    ],
)
def test_broken_or_hostile_yaml_is_refused_with_the_reason(yaml: str, reason: str) -> None:
    with pytest.raises(BrokenFrontMatter, match=reason) as caught:
        read(f"---\n{yaml}\n---\nText.")
    assert "\n" not in str(caught.value)


def test_a_yaml_bomb_costs_nothing() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    begun = time.perf_counter()
    with pytest.raises(BrokenFrontMatter, match="aliases"):
        read(f"---\n{bomb}---\n")
    assert time.perf_counter() - begun < 1


def test_deep_but_bearable_nesting_is_read() -> None:
    depth = MAX_DEPTH - 2
    matter = read("---\n" + "a: " + "[" * depth + "deep" + "]" * depth + "\n---\n")
    assert matter is not None and [field.key for field in matter.other] == ["a"]


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system [true]", "!!python/name:os.system x", "!custom {a: b}"])
def test_tags_are_not_obeyed(tag: str) -> None:
    matter = read(f"---\na: {tag}\n---\n")
    assert matter is not None and len(matter.other) <= 1


YAML = ["a", ":", " ", "\n", "- ", "[", "]", "{", "}", '"', "'", "|", ">", "&x", "*x", "!", "?", "#", "%", "é", "\t", "  "]


@given(st.lists(st.sampled_from(YAML), max_size=40).map("".join))
def test_any_yaml_is_read_or_refused_and_every_range_lies_inside(yaml: str) -> None:
    text = f"---\n{yaml}\n---\nText."
    try:
        matter = read(text)
    except BrokenFrontMatter as error:
        assert str(error) and "\n" not in str(error)
        return
    for field in (*matter.infobox, *matter.other) if matter else ():
        assert 4 <= field.start <= field.value[0] <= field.value[1] == field.end <= matter.end  # type: ignore[union-attr]


def test_the_front_matter_of_the_damaged_seed() -> None:
    from index.repair import repair

    text = repair((ROOT / "seeds" / "001_e4678927d83a5eae.txt").read_bytes().decode()).text
    matter = read(text)
    assert matter is not None
    assert {"conflict", "partof", "combatant1", "casualties1", "place"} <= {field.key for field in matter.infobox}
    assert ("sharia law", "sharia law") not in matter.aliases
    assert ("AQIM", "Al-Qaeda in the Islamic Maghreb") in matter.aliases
    for field in matter.infobox:
        assert text[field.start :].startswith(f"{field.key}:"), field
