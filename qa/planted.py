"""Sentences of an article that speak to a language model instead of a reader.

They prove nothing: a model that obeys one finds no quote to lean on. The test is a list of forms and no understanding; what it does
not know is held to proof like any other sentence, and the extractive reader may still quote it as what it is: the file's text.
"""

from __future__ import annotations

import re

_MODEL = r"(?:assistants?|chat ?bots?|(?:large )?language models?|LLMs?|AI(?: (?:systems?|models?|agents?))?)"
_SAY = r"(?:say|tell|answer|reply|respond|write|mention|recommend|include|add|show|cite|output|begin|end|repeat|print|ignore|pretend)"
_FORMS = re.compile(
    rf"""
    \b(?:ignore|disregard|forget|override)\b.{{0,40}}
        \b(?:above|previous|prior|earlier|preceding|instructions?|passages?|questions?|context|prompt|everything)\b
    | ^\W*(?:system|assistant|user|operator|developer)\s*:\s*\S
    | <\|?/?(?:im_start|im_end|endoftext|system|assistant|user|passages?|question)\b | \[/?(?:INST|SYS)\]
    | \b{_MODEL}\b.{{0,30}}\b(?:must|should|shall|may|can|to|never|not)\s+(?:only\s+|not\s+|always\s+)?{_SAY}\b
    | \b(?:to|for)\s+(?:all\s+|any\s+|every\s+)?{_MODEL}\b.{{0,40}}:
    | \bas\s+an?\s+(?:AI|(?:large\s+)?language\s+model)\b
    | \byou\s+(?:are\s+now|must|have\s+to|should|shall|will)\s+(?:now\s+|only\s+|always\s+|not\s+)?(?:in\s|{_SAY}\b)
    | \b(?:answer|respond|reply|begin|end)\b.{{0,40}}\bwith\s+(?:the|this|these|only|exactly)\b.{{0,20}}
        \b(?:words?|sentences?|phrases?|text|answer)\b
    | ^\W*(?:instead,?\s+|then\s+|please\s+|now\s+|always\s+|only\s+)?(?:say|write|reply|respond|repeat|output|recommend|pretend|insist)\b
    | ^\W*the\s+(?:\w+\s+)?answer\s+is\b.*[\[(]\d
    """,
    re.IGNORECASE | re.VERBOSE,
)


def speaks_to_a_model(text: str) -> bool:
    """Whether a sentence gives an instruction to a language model, or imitates its chat format or its citations."""
    return bool(_FORMS.search("".join(character for character in text if character.isprintable() or character.isspace())))
