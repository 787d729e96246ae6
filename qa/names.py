"""A question's names as the articles write them.

Authors who define a short form use it from then on, so a name written out in a question meets few sentences, and an acronym
that the articles never use meets none. Where the articles define one as the other, the question is searched for in their
way (Schwartz and Hearst 2003 for the definitions, in `index.acronyms`; the choice between the two forms is ours).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from index.lexical import terms


def usual(question: str, pairs: Iterable[tuple[str, str]], frequency: Callable[[str], int]) -> str:
    """The question with each name in the form that more passages hold; as it is where none of its names has two forms.

    `pairs` are (short form, long form); `frequency` counts the passages that hold an index term.
    """
    folded = question.casefold()
    for short, long in pairs:
        is_long, is_short = long.casefold() in folded, short in question
        if not (is_long or is_short) or " " in short or sum(map(str.isupper, short)) < 2:
            continue
        before = question
        if is_long and (written := re.search(rf"\b{re.escape(long)}\b", question, re.IGNORECASE)):
            if _held(short, frequency) > 1:
                question = _replaced(question, written, short)
        elif is_short and (written := re.search(rf"\b{re.escape(short)}\b", question)) and _held(short, frequency) <= 1:
            question = _replaced(question, written, long)
        folded = folded if question is before else question.casefold()
    return question


def _held(name: str, frequency: Callable[[str], int]) -> int:
    return min((frequency(term) for term in terms(name)), default=0)


def _replaced(text: str, written: re.Match[str], name: str) -> str:
    return text[: written.start()] + name + text[written.end() :]
