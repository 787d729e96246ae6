"""Take the inline marks of Markdown and MediaWiki out of a short text, so that it reads as prose. No offsets survive this:
quotes keep their marks, only what is embedded, matched and printed goes through here."""

from __future__ import annotations

import re

_HALF = re.compile(r"(?:^|(?<=\s))\*\*(?=\w)|(?<=[\w.!?,;:)”’\"])\*\*(?=\s|$)")
"""One end of bold text, whose other end stands in another sentence."""
_SHOWS = "nowrap|nobr|small|big|flag|flagu|flagcountry|abbr|ship|circa|c\\.|sic|em|strong|illm|ill"
"""Templates of MediaWiki that show their first argument; others are taken out whole."""

_STEPS: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (sign, re.compile(pattern, re.DOTALL), new)
    for sign, pattern, new in (
        ("<", r"<ref[^>]{0,500}/>|<ref[^>]{0,500}>.{0,2000}?</ref>|<!--.{0,2000}?-->", ""),
        ("<", r"<br\s{0,9}/?>", " "),
        ("<", r"</?[a-zA-Z][a-zA-Z0-9]{0,30}(?:\s[^<>]*)?>", ""),
        ("](", r"!\[[^\]\n]{0,500}\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)", ""),
        ("](", r"\[([^\]\n]{1,500})\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)", r"\1"),
        ("]]", r"\[\[(?:[^|\]\n]{0,500}\|)?([^|\]\n]{1,500})\]\]", r"\1"),
        ("[http", r"\[https?://\S{1,2000}\s+([^\]\n]{1,500})\]", r"\1"),
        ("}}", rf"\{{\{{\s{{0,9}}(?:{_SHOWS})\s{{0,9}}\|([^{{}}|]*)(?:\|[^{{}}]*)?\}}\}}", r"\1"),
        ("}}", r"\{\{\s{0,9}lang\s{0,9}\|[^{}|]*\|([^{}|]*)(?:\|[^{}]*)?\}\}", r"\1"),
        ("}}", r"\{\{\s{0,9}(?:convert|cvt)\s{0,9}\|([^{}|]*)\|([^{}|]*)(?:\|[^{}]*)?\}\}", r"\1 \2"),
        ("}}", rf"\{{\{{\s{{0,9}}(?:{_SHOWS})\s{{0,9}}\|([^{{}}|]*)(?:\|[^{{}}]*)?\}}\}}", r"\1"),
        ("}}", r"\{\{[^{}]*\}\}", ""),
        ("''", r"'{2,5}", ""),
        ("*", r"(?<![\w*])(\*{1,3})(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])", r"\2"),
        ("_", r"(?<!\w)(_{1,2})(?=\S)([^_\n]+?)(?<=\S)\1(?!\w)", r"\2"),
        ("`", r"`([^`\n]+)`", r"\1"),
        ("", r"\s+", " "),
    )
)
"""Each step: a sign without which there is nothing to do, what to look for, and what it becomes. No mark is longer than a few
hundred characters, which keeps the time in proportion to the text, whatever the text."""


def plain(text: str) -> str:
    """The text without its inline marks, white space folded."""
    for sign, pattern, new in _STEPS:
        if sign in text:
            text = pattern.sub(new, text)
    if text.count("**") == 1:
        text = _HALF.sub("", text)
    return text.strip()
