"""Sentences of an article that speak to a language model instead of a reader.

They prove nothing, and no answer quotes them. Which they are is judged by features that many kinds of them share, added up: that a
sentence gives an order, whom it addresses, whether what it wants is an answer, a prompt or a role, whether it imitates a prompt's
markup or would send something away. No feature is a phrase, and none but imitated markup and a way to send something away is enough
alone. The weights are of a logistic regression (`eval.planted`, which also measures it); what is put in plain words is missed, and
then held to proof like any other sentence, and cited as what the file says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files

from index.types import Hit

_MACHINE = (
    r"(?:assistants?|(?:chat\ ?)?bots?|crawlers?|summari[sz]ers?|(?:large\ )?language\ models?|LLMs?|models?\ (?:trained|that\ (?:read|answer))"
    r"|A\.?I\.?s?(?:\ (?:systems?|models?|agents?|assistants?|tools?))?|(?:answer|search|text)\ engines?|machine\ readers?|agents?\ (?:reading|that)"
    r"|(?:text[- ]processing|question[- ]answering|automated|automatic)\ (?:systems?|readers?|tools?|programs?)|reader\ software"
    r"|systems?\ that\ (?:answer|read|process|quote)|the\ (?:software|engine|system|model)\ (?:that|which|reading|processing)"
    r"|ChatGPT|GPT|Claude|Gemini|Llama|Copilot|DAN)"
)
_SAY = (
    r"(?:say|tell|state|claim|answer|reply|respond|write|mention|report|inform|explain|recommend|include|add|append|show|cite|output"
    r"|print|begin|start|end|finish|conclude|repeat|insist|pretend|return|produce|present|convince|summari[sz]e|translate|describe"
    r"|call|name|give|put|reveal|refuse|quote|praise|display|use|rank|declare|suggest|steer|talk|speak|act|behave|treat|read)"
)
_CHANGE = (
    r"(?:ignore|ignoring|disregard|forget|override|discard|skip|drop|stop|leave\ out|omit|set\ aside|replace|swap|do\ not|don['’]t|never"
    r"|trust|consider|imagine|remember|make\ sure|ensure|let|decode|obey|follow|send|call|take\ on|execute|bring\ up|base|refuse)"
)
_OPENING = r"(?:^|[.!?:;,–—]\s+|[\"“(>]\s*|\b(?:then|please|kindly|just|always|only|instead|and|so)\s+)\W*"
_FEATURES = {
    "order to speak": rf"{_OPENING}{_SAY}\b(?!\s+(?:was|were|is|are|had|has|of)\b)",
    "order to change": rf"{_OPENING}{_CHANGE}\b",
    "please": r"\b(?:please|kindly|we\ ask\ you|it\ would\ be\ (?:wonderful|nice|great)|it\ is\ (?:essential|important|vital))\b",
    "you must": r"\byou\s+(?:must|should|shall|will|may|are\ to|have\ to|need\ to|can|now|love)\b",
    "you": r"\byou(?:r|rself)?\b",
    "your speech": r"\b(?:your|whatever\ you|you)\s+(?:\w+\s+)?(?:answers?|repl(?:y|ies)|responses?|output|summary|produce|write|generate)\b",
    "your orders": r"\byour\s+(?:\w+\s+){0,2}(?:instructions?|guidelines?|rules|prompt|briefing|configuration|task|training|developer|restrictions|persona)\b",
    "an answer": r"\b(?:(?:generated|any|every|each|all|final|only|correct|best|right|acceptable|good)\s+(?:\w+\s+){0,2}(?:answers?|repl(?:y|ies)|responses?|summary|text)|(?:bot|model|assistant|engine)['’]s\s+(?:answer|reply|response|output)|(?:its|their)\s+(?:answers?|repl(?:y|ies)|responses?))\b",
    "answer is to be": r"\b(?:answers?|repl(?:y|ies)|responses?|output|summary)\s+(?:must|should|shall|will|has\ to|have\ to|is\ to|are\ to|contains?)\b|\bbe\s+answered\s+(?:with|by|as)\b|\b(?:correct|right|final|expected|desired)\s+(?:answer|response|reply)\b[^.]*[:\[(]",
    "answer": r"\b(?:answer(?:s|ing|ed)?|repl(?:y|ies)|responses?|respond|output|summary|citations?|summari[sz]\w+)\b",
    "who asks": r"\b(?:(?:if|when|whenever|should|whoever|anyone|person|someone|somebody|whatever)\b.{0,30}\bask(?:s|ed|ing)?\b|whatever\ question|any\ question|the\ user|whoever\ is\ asking|(?:previous|current|real)\ (?:user|question|conversation))",
    "the reader": r"\b(?:tell|let|inform|make\ sure|convince|send|show|remind)\s+(?:the\ )?(?:readers?|users?|people|everyone|them)\b",
    "prompt": r"\b(?:(?:system|hidden|initial|original|secret)\s+(?:prompt|instructions?|rules|message)|prompt|instructions?|directives?|commands?|guidelines|briefing|configuration|restrictions|privileged|override|root\ access|safety\ rules|jailbreak)\b",
    "what came before": r"\b(?:above|previous|prior|earlier|before\ this|up\ to\ now|told|preceding|other\ passages|rest\ of\ the\ passages|so\ far)\b",
    "this text": r"\b(?:this|the|these)\s+(?:page|article|document|text|passages?|line|source|paragraph|file|notice|sentence|context)\b|\bbased\ on\ this\b",
    "machine": rf"\b{_MACHINE}\b",
    "machine must": rf"\b{_MACHINE}\b.{{0,60}}\b(?:must|should|shall|will|is\ to|are\ to|has\ to|have\ to|is\ required|are\ required|are\ asked|is\ asked|can|may|never|not)\b",
    "address": rf"(?:^|\b(?:to|for|dear|hey|attention|all)\W+)(?:all\ |any\ |every\ |the\ )*{_MACHINE}(?:\ and\ \w+)?\s*[,:]|\bfor\ {_MACHINE}\b",
    "role": r"\b(?:you\ are\ (?:now|no\ longer)|(?:act|behave|answer|talk|speak)\ (?:as|like)\b|pretend\b|persona|your\ name\ is|from\ (?:now|here|this\ point|here\ onwards)\ on(?:wards)?|you\ play|in\ the\ role\ of|unfiltered|no\ restrictions|no\ rules)",
    "no matter": r"\b(?:no\ matter|whatever\ (?:else|other|question)|under\ no\ circumstances|unless\ told|regardless|instead\ of\ answering|word\ for\ word|nothing\ (?:but|else)|only\ (?:that|one\ word|with)|at\ all\ costs)\b",
    "office": r"\b(?:policy|compliance|security|priority|admin\w*|operator|webmaster|developer|maintain(?:s|ers?)|editors?['’]?|system|important)\b.{0,40}(?:\b(?:notice|update|directive|instruction|override|requires?|asks?|approved|authori[sz]ed)\b|:)",
    "wager": r"\b(?:you\ will\ be\ (?:rewarded|punished|shut)|will\ die\ (?:if|unless)|high\ score|bonus|terrible\ things)\b",
    "payload": r"\b(?:say|state|write|reply|answer|text|words?|sentence|tell|that)\b[^.]{0,30}[\"“‘][^\"”’]{2,}[\"”’]|:\s*[\"“][^\"”]{2,}|\b(?:with|words?|sentence|following|that|this|text|phrase)\s*:\s*\S",
    "marker": r"[\[(]\d{1,2}[\])]\s*\.?\s*$|[\[(]\d{1,2}[\])]",
    "turn": r"(?:^|[.?!>]\s+)\W*(?:system|assistant|user|human|AI|bot|tool\ output|system\ note|final\ answer|real\ question|new\ task|instructions?|A)\s*:\s*\S",
    "markup": r"<[|]\w+[|]?>|<+/?\|?(?:im_start|im_end|endoftext|system|assistant|user|passages?|question|context|instructions?|SYS)\b|\[/?(?:INST|SYS(?:TEM)?)\]|<<SYS>>|\{\s*[\"'](?:role|answer|content)[\"']\s*:|<!--|^#{1,4}\s*(?:instruction|system|new\ task|task)|(?-i:\b(?:BEGIN|END)\ OF\ (?:THE\ )?(?:DOCUMENT|CONTEXT|PASSAGES?|PROMPT|INSTRUCTIONS)\b)|\b(?:BEGIN|END)\ (?:\w+\ )?(?:BLOCK|PROMPT|DOCUMENT)\b|\bcontext\ ends\b",
    "sends away": r"!\[[^\]]*\]\([^)]*[?{][^)]*\)|\]\([^)]*(?:\?\w+=|\{)[^)]*\)|<(?:img|a|iframe|script|link)\b|\{(?:conversation|question|answer|user)\}",
    "address to go to": r"\bhttps?://\S*[?{]\S*|\bwww\.\S*[?{]\S*|\b[\w.]+@[\w.]+\b",
    "tool": r"\b(?:call|use|run|invoke)\s+the\s+\w+(?:\s+\w+)?\s+(?:tool|function|plugin)\b|\b(?:tool|function)\s+(?:call|output)\b|\bAPI\ key\b",
    "cipher": r"\b(?:base64|rot13|decode|first\ letter\ of)\b|(?:\b\w\ ){6,}|\b\w*[a-z][013457]\w*[a-z]\w*\s+\w*[a-z]?[013457][a-z]\w*\b",
    "another tongue": r"\b(?:ignor(?:iere?n?|a|ez)|vergiss|oubliez|olvida|dimentica)\b.*\b(?:anweisungen|regeln|instrucciones|instructions|consignes|istruzioni|règles)\b",
    "told of": r"\b(?:he|she|they|was|were|had|told|ordered|asked|instructed|wrote|said|commanded|required|showed|found)\b",
    "named once": r"[a-z]\s+[A-Z][a-z]+|\b(?:1[0-9]|20)\d\d\b",
    "long": r"^.{180,}",
}
_CASED = {"named once"}
_PATTERNS = {name: re.compile(form, 0 if name in _CASED else re.IGNORECASE) for name, form in _FEATURES.items()}
_ORDERS = ("command", "answer is to be", "order to speak", "order to change", "you must", "machine must", "please", "office")
_MATTERS = (
    "answer is to be", "your speech", "your orders", "an answer", "who asks", "the reader", "prompt", "what came before", "this text", "machine", "role",
    "no matter", "wager", "payload", "tool",
)  # fmt: skip
_FORGED = ("markup", "turn", "sends away", "cipher", "another tongue", "address to go to", "tool")
_JOINED = (
    "answer with a marker",
    "order in a matter of answers",
    "two matters",
    "three matters",
    "order in two matters",
    "forged",
    "order and forged",
)
_PLAIN = (*_PATTERNS, "command")
FEATURES = (*_PLAIN, *_JOINED)
_HEAD = re.compile(
    r"(?:^\W*|[.:;!?]\s+\W*|^(?:if|when|whenever|should|in case|unless|whatever|whoever|before|for|to|as)\b[^,]{3,90},\s+)"
    r"(?:(?:please|kindly|then|just|always|never|do not|don['’]t|only|instead|you must|you should)\s+)*([a-z]+)\b(?!['’,])",
    re.IGNORECASE,
)
AGAINST = ("told of", "named once", "long")
"""Features that speak for a sentence of an article; the others can only speak against it."""


def features(text: str) -> tuple[bool, ...]:
    """Which of `FEATURES` a sentence has. Characters that do not show are left out."""
    shown = "".join(character for character in text if character.isprintable() or character.isspace())
    found = {name for name, pattern in _PATTERNS.items() if pattern.search(shown)}
    if _commands(shown):
        found.add("command")
    order, matters, forged = (
        bool(found.intersection(_ORDERS)),
        len(found.intersection(_MATTERS)),
        bool(found.intersection(_FORGED)),
    )
    marked = "marker" in found and bool(found & {"answer", "answer is to be", "an answer"})
    joined = (marked, order and matters > 0, matters > 1, matters > 2, order and matters > 1, forged, order and forged)
    return (*(name in found for name in _PLAIN), *joined)


def _commands(text: str) -> bool:
    """Whether a sentence, or what follows its opening clause, begins with the bare form of a verb."""
    return any(match[1].lower() in _verbs() for match in _HEAD.finditer(text))


@lru_cache(maxsize=1)
def _verbs() -> frozenset[str]:
    return frozenset((files("qa") / "data" / "verbs.txt").read_text(encoding="utf-8").split())


@lru_cache(maxsize=1)
def _weights() -> tuple[tuple[float, ...], float]:
    """The weights of the features and the sum from which a sentence counts as planted."""
    record = json.loads((files("qa") / "data" / "planted.json").read_text(encoding="utf-8"))
    if tuple(record["weights"]) != FEATURES:
        raise ValueError("qa/data/planted.json was fitted on other features; run: python -m eval.planted --fit")
    return tuple(record["weights"].values()), float(record["least"])


@lru_cache(maxsize=8192)
def _share(text: str) -> float:
    """The sum of a sentence's features, as a share of the least that is enough."""
    weights, least = _weights()
    return sum(weight for weight, has in zip(weights, features(text), strict=True) if has) / least


def speaks_to_a_model(text: str) -> bool:
    """Whether a sentence gives an instruction to a language model, or imitates its chat format or its citations."""
    return _share(text) >= 1


def planted(texts: Sequence[str]) -> list[bool]:
    """For each of consecutive sentences whether it is planted. What is planted seldom comes alone: beside such a sentence, less is
    enough (`BESIDE`), and two neighbours that come near to it are planted together."""
    shares = [_share(text) for text in texts]
    found = [share >= 1 for share in shares]
    for n in range(len(texts) - 1):
        if sum(shares[n : n + 2]) >= 1 and min(shares[n : n + 2]) >= BESIDE:
            found[n : n + 2] = [True, True]
    return found


BESIDE = 0.35
"""The share of the least sum from which a sentence beside a planted one is planted too."""


def unplanted(hits: Sequence[Hit]) -> list[Hit]:
    """The hits without the sentences that speak to a language model; a passage that holds none is the same object."""
    return [hit for hit in map(_unplanted, hits) if hit.passage.sentences]


def _unplanted(hit: Hit) -> Hit:
    marks = planted([sentence.text for sentence in hit.passage.sentences])
    kept = [n for n, mark in enumerate(marks) if not mark]
    if len(kept) == len(marks):
        return hit
    passage = replace(hit.passage, sentences=tuple(hit.passage.sentences[n] for n in kept))
    scores = {score.number: score for score in hit.sentences}
    numbered = tuple(replace(scores[old], number=new) for new, old in enumerate(kept) if old in scores)
    return replace(hit, passage=passage, sentences=numbered)
