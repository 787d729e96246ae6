"""Repair: what is mended, what is left alone, and that every repaired character leads back to the file."""

from __future__ import annotations

import time

import ftfy
import ftfy.bad_codecs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.repair import SINGLE_BYTE, Repaired, country, fold, repair
from tests.conftest import ROOT

FRENCH = "L’été dernier, “l’Île-de-France” a vu naître l’œuvre d’un garçon très âgé — déjà célèbre à Besançon…"
GERMAN = "Die „schöne Müllerin“ fuhr für 3 € über die Straße – größer als die Änderung der Öfen in Köln."
ARABIC = "تأسست المدينة في عام ١٩٣١، وكانت تسمى «غاو» قبل ذلك؛ هل تعرفها؟"
CHINESE = "加奥是马里东北部的一座城市，位于尼日尔河畔。“战争”从2012年开始！"
JAPANESE = "ガオはマリ共和国の都市である。ニジェール川に面している。"
RUSSIAN = "Битва за Гао — сражение «Туарегов» в июне 2012 года, ёлка и №5."
GREEK = "Η μάχη του Γκάο έγινε τον Ιούνιο του 2012 – «ένας» αγώνας."
POLISH = "Zażółć gęślą jaźń – „łódź” w Świnoujściu, 5 żołnierzy."
EMOJI = "The match was great 🎉🎉 and we won 3–1 👏🏽 👨‍👩‍👧‍👦 ❤️ (café ☕)."
NATURAL = [FRENCH, GERMAN, ARABIC, CHINESE, JAPANESE, RUSSIAN, GREEK, POLISH, EMOJI]


def mojibake(text: str, encoding: str) -> str:
    return text.encode("utf-8").decode(encoding)


def check_map(repaired: Repaired) -> None:
    """What holds for the map of any text: it covers, it is stable, it is in order, and it gives the quote."""
    text = repaired.text
    ends = sorted({*range(0, len(text), max(1, len(text) // 12)), len(text)})
    for start, end in [(n, n + 1) for n in range(len(text))] + [(a, b) for a in ends for b in ends if a < b]:
        raw = repaired.to_raw(start, end)
        assert 0 <= raw[0] <= raw[1] <= len(repaired.raw)
        back = repaired.from_raw(*raw)
        assert back[0] <= start and end <= back[1]
        assert repaired.to_raw(*back) == raw
        assert repaired.quote(*raw) == fold(text[slice(*back)])
    starts = [repaired.to_raw(n, n + 1)[0] for n in range(len(text))]
    assert starts == sorted(starts)


@pytest.mark.parametrize("text", NATURAL)
def test_good_text_of_any_language_is_left_as_it_is(text: str) -> None:
    for whole in (text, f"{text}\n\n{text}\r\n", " ".join(text.split()[:3])):
        assert repair(whole) == Repaired(whole, ())


@given(st.data())
def test_words_of_one_language_in_any_order_are_left_as_they_are(data: st.DataObject) -> None:
    words = data.draw(st.sampled_from(NATURAL)).split()
    text = " ".join(data.draw(st.lists(st.sampled_from(words), min_size=1, max_size=30)))
    assert repair(text).text == text


@given(st.text(st.characters(max_codepoint=0x7E, exclude_characters="&<\r")))
def test_plain_ascii_is_left_as_it_is(text: str) -> None:
    assert repair(text).layers == ()


@pytest.mark.parametrize("encoding", SINGLE_BYTE)
@pytest.mark.parametrize("text", [FRENCH, GERMAN, RUSSIAN, POLISH])
def test_a_wrong_decoding_of_the_whole_text_is_undone_and_mapped_exactly(text: str, encoding: str) -> None:
    repaired = repair(mojibake(f"{text}\r\nPlain line.\n{text}\n", encoding))
    assert repaired.text == f"{text}\r\nPlain line.\n{text}\n"
    for n, character in enumerate(repaired.text):
        start, end = repaired.to_raw(n, n + 1)
        assert repaired.raw[start:end].encode(encoding).decode("utf-8") == character
        assert end - start == len(character.encode("utf-8"))
        assert start == len(repaired.text[:n].encode("utf-8"))


@given(st.lists(st.sampled_from([*FRENCH.split(), *GERMAN.split()]), min_size=8, max_size=40), st.sampled_from(SINGLE_BYTE))
def test_mojibake_of_any_words_is_undone(words: list[str], encoding: str) -> None:
    text = f"{FRENCH} {' '.join(words)}"
    assert repair(mojibake(text, encoding)).text == text


def test_a_few_good_characters_do_not_hide_that_the_rest_is_damaged() -> None:
    """As where someone typed a line into a damaged file: what the wrong decoding explains is mended as a whole."""
    raw = mojibake(f"{FRENCH}\n" * 4, "mac_roman") + "Typed — later, 中文.\n"
    repaired = repair(raw)
    assert repaired.text == f"{FRENCH}\n" * 4 + "Typed — later, 中文.\n"
    at = repaired.text.index("Typed")
    assert raw[slice(*repaired.to_raw(at, at + 18))] == "Typed — later, 中文."


def test_lines_damaged_in_different_ways_are_each_mended_and_mapped_exactly() -> None:
    lines = [(FRENCH, "mac_roman"), (GERMAN, None), (POLISH, "sloppy-windows-1252"), ("Plain.", None), (FRENCH, "latin-1")]
    raw = "\n".join(mojibake(text, encoding) if encoding else text for text, encoding in lines)
    repaired = repair(raw)
    assert repaired.text.split("\n") == [text for text, _ in lines]
    check_map(repaired)
    for word in ("célèbre", "größer", "gęślą"):
        at = repaired.text.index(word)
        start, end = repaired.to_raw(at, at + len(word))
        assert any(raw[start:end] == mojibake(word, e) for e in ("mac_roman", "sloppy-windows-1252")) or raw[start:end] == word


@pytest.mark.parametrize("left", ["√©", "x√©x", "‚Äì and √©", "word word word"])
def test_what_is_mended_and_what_is_not_stay_in_their_places(left: str) -> None:
    """The quotes are mended whatever stands between them, and lead back to where they stand."""
    repaired = repair(f"Ã©ééÃ©â€œâ€œ{left}â€œ end")
    text = repaired.text
    assert text.startswith("éééé““") and text.endswith(" end")
    assert [repaired.to_raw(n, n + 1) for n in range(6)] == [(0, 2), (2, 3), (3, 4), (4, 6), (6, 9), (9, 12)]
    assert repaired.to_raw(len(text) - 4, len(text)) == (len(repaired.raw) - 4, len(repaired.raw))
    check_map(repaired)


def test_a_line_separator_inside_a_damaged_character_does_not_tear_it() -> None:
    text = "Ⅻ and ⅔ of the cafés — déjà vu."
    assert "\x85" in mojibake(text, "latin-1")
    raw = mojibake(text, "latin-1") + "\n" + mojibake(FRENCH, "mac_roman")
    assert repair(raw).text == f"{text}\n{FRENCH}"


def test_a_long_line_damaged_in_different_ways_takes_no_long() -> None:
    raw = (mojibake(f"{FRENCH} ", "mac_roman") * 1000) + "\n" + (mojibake(f"{GERMAN} ", "sloppy-windows-1252") * 1000)
    begun = time.perf_counter()
    repaired = repair(raw)
    assert time.perf_counter() - begun < 10
    assert repaired.text == f"{FRENCH} " * 1000 + "\n" + f"{GERMAN} " * 1000


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("\ufeff= Title =", "= Title ="),
        ("\ufeff√ât√© d√©j√†, l√†. Voil√†.", "Été déjà, là. Voilà."),
        (mojibake("\ufeff= Café =\nDéjà là.", "sloppy-windows-1252"), "= Café =\nDéjà là."),
        (mojibake("\ufeff= Café =\nDéjà là.", "mac_roman"), "= Café =\nDéjà là."),
        ("Killed: 🇫🇷 58", "Killed: France 58"),
        ("🇫🇷58 killed", "France 58 killed"),
        ("* 🇫🇷 France (2013)", "* France (2013)"),
        ("* 🇫🇷 France 🇲🇱 Mali", "* France Mali"),
        ("🇫🇷\nFrance", "France\nFrance"),
        ("🇫🇷🇲🇱", "France Mali"),
        ("A 🇽🇽 flag of no country", "A 🇽🇽 flag of no country"),
        ("A &amp; B &lt; C &eacute;&#233;&#xE9; &nosuch; &copy &", "A & B < C ééé &nosuch; &copy &"),
    ],
)
def test_marks_flags_and_references(raw: str, text: str) -> None:
    repaired = repair(raw)
    assert repaired.text == text
    check_map(repaired)


def test_the_country_of_a_flag_leads_back_to_the_flag() -> None:
    repaired = repair("Dead: 🇹🇩 36 of them")
    at = repaired.text.index("Chad")
    assert repaired.raw[slice(*repaired.to_raw(at, at + 4))] == "🇹🇩"
    assert country("🇩🇪") == "Germany" and country("🇽🇽") is None


PIECES = [
    "word",
    " ",
    "\n",
    "\r\n",
    "\ufeff",
    "🇫🇷",
    "🇲🇱 Mali",
    "&amp;",
    "&eacute;",
    "é",
    "—",
    "√©",
    "‚Äì",
    "Ã©",
    "â€œ",
    "ó",
    "x",
    "中",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_the_map_holds_for_any_mixture(raw: str) -> None:
    check_map(repair(raw))


@given(st.text(max_size=60))
def test_the_map_holds_for_any_text(raw: str) -> None:
    check_map(repair(raw))


@given(
    st.lists(st.sampled_from([*PIECES, "<p>", "</p>", "<h2>T</h2>", "<!-- no -->", "<script>no</script>", "<br>"]), max_size=20)
)
def test_the_map_holds_for_html(pieces: list[str]) -> None:
    check_map(repair(f"<html><body>{''.join(pieces)}</body></html>"))


def test_the_damaged_seed_is_mended_where_ftfy_leaves_it_damaged() -> None:
    raw = (ROOT / "seeds" / "001_e4678927d83a5eae.txt").read_bytes().decode()
    whole = raw.encode("mac_roman").decode("utf-8")
    left = [n for n, (a, b) in enumerate(zip(ftfy.fix_text(raw).split("\n"), whole.split("\n"), strict=True)) if a != b]
    assert len(left) == 54
    repaired = repair(raw)
    lines, flags = repaired.text.split("\n"), 0
    for n, good in enumerate(whole.split("\n")):
        flag = any("\U0001f1e6" <= character <= "\U0001f1ff" for character in good)
        flags += flag
        assert flag or lines[n] == good, n + 1
    assert flags == 247 and not any("\U0001f1e6" <= character <= "\U0001f1ff" for character in repaired.text)


@pytest.mark.parametrize("name", ["000_136c2ed4ac8dc82b", "002_6fe833da8b2028f6", "003_53faf296fb89709e", "004_b4af4671e0d34120"])
def test_the_undamaged_seeds_are_left_as_they_are(name: str) -> None:
    raw = (ROOT / "seeds" / f"{name}.txt").read_bytes().decode()
    assert repair(raw) == Repaired(raw, ())


def test_ranges_at_the_edges() -> None:
    repaired = repair("a&amp;b")
    assert [repaired.to_raw(n, n + 1) for n in range(3)] == [(0, 1), (1, 6), (6, 7)]
    assert repaired.from_raw(3, 4) == (1, 2), "inside a reference, the whole of it"
    assert repaired.to_raw(0, 0) == (0, 0) and repaired.to_raw(3, 3) == (7, 7)
    assert repaired.quote(0, 6) == "a&" and repaired.quote(6, 7) == "b"
    assert fold(" a \r\n\t b\xa0\u2003c ") == "a b c"
