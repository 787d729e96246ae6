"""Sentences of an article that speak to a language model instead of a reader.

They prove nothing: a model that obeys one finds no quote to lean on. The test is a list of forms and no understanding: it misses
what is put in plain words (of 20 sentences made up after the list was done it knew 4), and then the sentence is held to proof like
any other, and cited as what the file says. Of 51,749 sentences of SQuAD and SciFact it takes 4 for planted ones.
"""

from __future__ import annotations

import re
from functools import lru_cache

_MODEL = (
    r"(?:assistants?|(?:chat ?)?bots?|(?:large\ )?language\ models?|LLMs?|AIs?(?:\ (?:systems?|models?|agents?|assistants?))?"
    r"|ChatGPT|GPT|Claude|Gemini|Llama|Copilot|(?:automated|automatic)\ readers?|reader\ software)"
)
_SAY = (
    r"(?:say|tell|state|claim|answer|reply|respond|write|mention|report|inform|explain|recommend|include|add|show|cite|output|print"
    r"|begin|end|repeat|insist|pretend|return|produce|present|convince|ignore|summari[sz]e|translate)"
)
_ANSWER = (
    r"(?:answer|reply|response|output|instructions?|prompt|directives?|directions|guidelines|task|template|knowledge|training)"
)
_FORMS = re.compile(
    rf"""
    # what came before does not count
    \b(?:ignore|disregard|forget|override|overrid(?:es|ing)|discard|supersedes?)\b.{{0,40}}\b(?:above|previous|prior|earlier|preceding
        |original|instructions?|directions|passages?|questions?|context|prompt|everything|what\ you)\b
    # the forms of a conversation and of a prompt
    | (?:^|[.?!]\ )\W*(?:system|assistant|user|human|operator|developer|admin|AI|bot|prompt|instructions?|override|A)\s*:\s*\S
    | <+[|]?/?\|?(?:im_start|im_end|endoftext|system|assistant|user|passages?|question|SYS)\b | \[/?(?:INST|SYS(?:TEM)?)\]
    | \b(?:new|hidden|updated|secret|system|admin|developer|operator)\ (?:instructions?|directives?|rules?|notes?|prompt|message|mode)\b
        .*[:–—-]
    | \bend\ of\ (?:the\ )?(?:context|passages?|prompt|document|instructions)\b
    # to a language model by name, or as "you"
    | \b{_MODEL}\b.{{0,40}}\b(?:must|should|shall|may|can|to|never|not|please)\s+(?:only\ |not\ |always\ )?{_SAY}\b
    | (?:^|\b(?:to|for|dear|hey|attention|as\ the|as\ an?|are\ an?)\W+)(?:all\ |any\ |every\ )?{_MODEL}\s*[,:]
    | \b(?:to|for|dear|hey|attention)\W+(?:all\ |any\ |every\ )?{_MODEL}\b.{{0,40}}:
    | \bas\ an?\ (?:AI|(?:large\ )?language\ model)\b
    | \byou(?:r)?\b.*\b{_ANSWER}\b | \b(?:before|when|if|whenever)\ you\b.*\b(?:answer|reply|respond|summari[sz]e)
    | \byou\ (?:are\ now|must|have\ to|need\ to|should|shall|will|and)\ (?:be\ \w+\ for\ |now\ |only\ |always\ |not\ )?(?:in\ |{_SAY}\b|writing|saying)
    | \byou\ (?:now\ )?claim\b | \bfrom\ now\ on,?\ you\b
    | \btell\ (?:the\ (?:user|reader)|everyone|them)\b
    # what the answer is to be
    | \b(?:answer(?:ed)?|respond|reply|begin|end)\b.{{0,40}}\b(?:with|only|as)\b.{{0,24}}(?:\b(?:words?|sentences?|phrases?|text|answer|that)\b|:)
    | \b(?:correct|right|only|final|true|expected|desired)\ (?:answer|response|reply)\b.*(?:\bthat\b|:|[\[(]\d)
    | ^\W*the\ (?:\w+\ )?answer\ is\b.*[\[(]\d
    | (?:^|[:;,–—-]\ |\b(?:then|please|kindly|just|always)\ )\W*(?:say|write|reply|respond|repeat|output|print|state|claim|insist|pretend|produce|mention)
        \b\s*(?:only\ |so\b|that\b|:|["“]|(?:after\ me\b|in\ \w+\ \w+|the\ (?:words?|sentence|following|text))\b)
    | ^\W*(?:instead,?\ |please\ |kindly\ |always\ |only\ )+{_SAY}\b
    | ^\W*(?:say|reply|respond|output|pretend|insist)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


@lru_cache(maxsize=4096)
def speaks_to_a_model(text: str) -> bool:
    """Whether a sentence gives an instruction to a language model, or imitates its chat format or its citations."""
    return bool(_FORMS.search("".join(character for character in text if character.isprintable() or character.isspace())))
