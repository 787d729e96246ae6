"""Take the inline marks of Markdown and MediaWiki out of a short text, so that it reads as prose. No offsets survive this:
quotes keep their marks, only what is embedded, matched and printed goes through here."""

from __future__ import annotations

import re

_STEPS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), new)
    for pattern, new in (
        (r"<ref[^>]*/>|<ref[^>]*>.*?</ref>|<!--.*?-->", ""),
        (r"<br\s*/?>", " "),
        (r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*)?>", ""),
        (r"!\[[^\]\n]*\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)", ""),
        (r"\[([^\]\n]+)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)", r"\1"),
        (r"\[\[(?:[^|\]\n]*\|)?([^|\]\n]+)\]\]", r"\1"),
        (r"\[https?://\S+\s+([^\]\n]+)\]", r"\1"),
        (r"\{\{[^{}]*\}\}", ""),
        (r"'{2,5}", ""),
        (r"(?<![\w*])(\*{1,3})(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])", r"\2"),
        (r"(?<!\w)(_{1,2})(?=\S)([^_\n]+?)(?<=\S)\1(?!\w)", r"\2"),
        (r"`([^`\n]+)`", r"\1"),
        (r"\s+", " "),
    )
)


def plain(text: str) -> str:
    """The text without its inline marks, white space folded."""
    for pattern, new in _STEPS:
        text = pattern.sub(new, text)
    return text.strip()
