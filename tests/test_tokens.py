"""Token counts without network."""

from __future__ import annotations

import hashlib
import socket
from importlib.resources import files

import pytest

from index.errors import ModelError
from qa import tokens


def test_counts_are_those_of_cl100k_base() -> None:
    # From OpenAI's cookbook, "How to count tokens with tiktoken": cl100k_base gives these.
    assert tokens.encoding().encode("antidisestablishmentarianism") == [519, 85342, 34500, 479, 8997, 2191]
    assert tokens.encoding().encode("2 + 2 = 4") == [17, 489, 220, 17, 284, 220, 19]
    assert tokens.encoding().encode("お誕生日おめでとう") == [33334, 45918, 243, 21990, 9080, 33334, 62004, 16556, 78699]
    assert tokens.count("tiktoken is great!") == 6
    assert tokens.count("") == 0


def test_the_file_is_the_one_tiktoken_expects() -> None:
    import inspect

    import tiktoken_ext.openai_public as official

    data = (files("qa") / "data" / "cl100k_base.tiktoken").read_bytes()
    assert hashlib.sha256(data).hexdigest() == tokens.SHA256
    source = inspect.getsource(official.cl100k_base)
    assert tokens.SHA256 in source
    assert tokens.PATTERN in source


def test_no_network_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens.encoding.cache_clear()
    tokens.ranks.cache_clear()
    monkeypatch.setattr(socket, "socket", lambda *_a, **_k: pytest.fail("a socket was opened"))
    assert tokens.count("no network") == 2


def test_special_tokens_in_a_text_are_plain_text() -> None:
    assert tokens.count("<|endoftext|>") > 1
    assert tokens.count("a <|fim_prefix|> b \ud800") > 3


def test_a_damaged_vocabulary_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens.ranks.cache_clear()
    monkeypatch.setattr(tokens, "SHA256", "0" * 64)
    with pytest.raises(ModelError, match="damaged"):
        tokens.ranks()


def test_the_list_of_common_words_is_the_vocabulary_s() -> None:
    """To write it anew: `"\\n".join(sorted(tokens.common_of(tokens.ranks())))` with a newline at the end."""
    assert tokens.common() == tokens.common_of(tokens.ranks()) and len(tokens.common()) == 24_710
    known = tokens.ranks()
    for word in [*sorted(tokens.common())[::50], "france", "kidal", "mali", "may", "march", "don't", "c", "unheardof"]:
        small, capital = known.get(f" {word}".encode()), known.get(f" {word.capitalize()}".encode())
        assert tokens.is_proper(word) == (small is None or (capital is not None and capital < small)), word


@pytest.mark.parametrize("word", ["France", "Kidal", "French", "Bamako", "mujao", "Tuareg"])
def test_proper_nouns(word: str) -> None:
    assert tokens.is_proper(word)


@pytest.mark.parametrize("word", ["Residents", "Fighting", "The", "Protesters", "Two", "Following"])
def test_common_words(word: str) -> None:
    assert not tokens.is_proper(word)
