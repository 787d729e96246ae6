"""Token counts for the language model's budget, with tiktoken and no network: the vocabulary is carried in `qa/data`.

The count is that of cl100k_base. Other models cut text differently; `qa.context` keeps a margin for that.
"""

from __future__ import annotations

import hashlib
from binascii import a2b_base64
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from index.errors import ModelError

if TYPE_CHECKING:
    from tiktoken import Encoding

SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
"""What tiktoken_ext/openai_public.py expects of the file."""

# The pattern that cuts text into words before the merges, from tiktoken_ext/openai_public.py, `cl100k_base`.
PATTERN = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"


def count(text: str) -> int:
    """Tokens of `text`. Text that spells a special token (`<|endoftext|>`) is counted as the plain text it is."""
    return len(encoding().encode(text, disallowed_special=()))


@lru_cache(maxsize=1)
def encoding() -> Encoding:
    """tiktoken's cl100k_base without special tokens. Raises ModelError when the vocabulary is damaged or missing."""
    import tiktoken

    return tiktoken.Encoding(name="cl100k_base", pat_str=PATTERN, mergeable_ranks=dict(ranks()), special_tokens={})


@lru_cache(maxsize=1)
def ranks() -> dict[bytes, int]:
    """The vocabulary: token bytes to rank; a lower rank is, roughly, a more frequent piece. The file's hash is checked."""
    try:
        data = (files("qa") / "data" / "cl100k_base.tiktoken").read_bytes()
    except OSError:
        raise ModelError("qa/data/cl100k_base.tiktoken is missing: install the package again") from None
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise ModelError("qa/data/cl100k_base.tiktoken is damaged (its sha256 is not tiktoken's): install the package again")
    return {a2b_base64(token): int(rank) for token, rank in (line.split() for line in data.splitlines())}


def is_proper(word: str) -> bool:
    """Whether a word is met with a capital more often than without, judged by the ranks of both spellings; unknown words are.

    For the first word of a sentence, whose capital says nothing: `Residents` is not a proper noun, `France` and `Kidal` are.
    """
    return word.lower() not in common()


@lru_cache(maxsize=1)
def common() -> frozenset[str]:
    """Words of the vocabulary whose small spelling is the more frequent one: `common_of(ranks())`, kept as a file that is read in a
    fiftieth of the time."""
    return frozenset((files("qa") / "data" / "common.txt").read_text(encoding="utf-8").split())


def common_of(known: Mapping[bytes, int]) -> set[str]:
    """The words (tokens after a space) that have no capital spelling in `known`, or one of no lower rank (a script without capitals)."""
    spaced = (token[1:].decode(errors="ignore") for token in known if token.startswith(b" "))
    words = {word for word in spaced if word.isalpha() and word == word.lower() and f" {word}".encode() in known}
    return {word for word in words if known.get(f" {word.capitalize()}".encode(), len(known)) >= known[f" {word}".encode()]}
