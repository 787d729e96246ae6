"""Whether a question leans on the conversation, and by which words: pronouns, "there", "the city", "why?", "and in 1990?"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.clause import ASKING, AUXILIARIES, LEAD, PREPOSITIONS, after_article, is_auxiliary, is_past, parse
from qa.english import STOPWORDS
from qa.mentions import NOUNS, Mention, asked_thing, mentions
from qa.types import Turn
from qa.words import Word, words

SITUATING = frozenset("in at on near during since before after by between".split())
"""Prepositions that set a thing in a place or time."""

FRAMING = frozenset({"event", "place", "date"})
"""Kinds of things that a question is set in."""

RELATIONAL = (
    "dead|wounded|injured|casualties|losses|victims|survivors|prisoners|toll|result|outcome|aftermath|causes?|reasons?|purpose|"
    "winners?|losers?|population|consequences"
)
"""Nouns that say little without their "of …"."""

_CLASSES = {
    **dict.fromkeys("he she him her his".split(), "he"),
    **dict.fromkeys("they those these".split(), "they"),
    **dict.fromkeys("them their".split(), "them"),
    "its": "it",
    "this": "that",
}
_FITS = {
    "he": (("person",), ("name", "agent"), ("thing", "one")),
    "it": (("event", "place", "name", "thing"), ("group", "agent", "one")),
    "they": (("plural",), ("group", "agent"), ("name",)),
    "them": (("plural",), ("group", "agent"), ("name",)),
    "group": (("group",), ("names", "name", "agent")),
    "person": (("person",), ("name", "agent")),
    "place": (("place",), ("name",)),
    "there": (("event", "place"), ("name",)),
    "then": (("date",),),
    "that": (("event",),),
}
"""The kinds that a word can stand for, those to prefer first; other keys are the kinds themselves ("the city": place)."""

_DEGREES = "deep|wide|high|tall|old|big|large|heavy|fast|soon|late|strong|thick|expensive"
_HEADS = "|".join(f"{noun}s?" for noun in sorted(NOUNS))
_DATES = "|".join(noun for noun, kind in sorted(NOUNS.items()) if kind == "date")
ANAPHOR = re.compile(
    rf"""\b(?P<pronoun>he|she|him|her|his|its|they|them|their|then(?!-)
        |it(?!\s(?:the\s|an?\s)?(?:\S+\s){{0,5}}(?:that(?!\s(?:{_DATES})\b)|who)\b|\s(?:take|took)\sto\b)
        |(?<!is\s)(?<!are\s)(?<!was\s)(?<!were\s)there(?!\s(?:is|are|was|were)\b)
        |(?:those|these)(?=\s+(?:is|are|was|were|had|have|do|did|from|in|at)\b)
        |(?:there|those|these|that|this)(?=\s*(?:[?,.]|$)))\b
    | \b(?:that|this|the\ssame)\s+(?P<date>{_DATES})\b
    | \b(?:the|that|this|the\ssame)\s+(?!(?:{_DATES})\b)(?P<noun>{_HEADS})\b
        (?!\s+(?:(?:of|at|that|who|which|where|when|called|for|between|against|to)\b|(?-i:[A-Z\d])))""",
    re.VERBOSE | re.IGNORECASE,
)
BARE = re.compile(
    rf"""^(?:(?P<asking>(?:(?:in|on|at|by|since|until|from|for|to|with)\s)?
            (?:who|whom|when|where|why|what|which|how(?:\s(?:many|much|long|far|often|{_DEGREES}))?)(?:\s(?:{_HEADS}|else))*
            |(?:in|on|at|by|since|until|from|for|to|with)\s(?:what|which|whose)\s\w+)
        | (?P<again>when|where|why|how)\s(?:was|is|did|does)\s(?:that|this|it)(?:\s(?:happen|take\splace))?)[\s?.!]*$""",
    re.VERBOSE | re.IGNORECASE,
)
"""A question word alone, or one that asks of the whole earlier statement ("when was that?")."""

TURNED = re.compile(
    rf"^(?:(?:and )?(?:what|how) about|as for)\s+(?P<topic>[^,:;?]+)[,:;?]\s+(?P<asked>(?:{'|'.join(sorted(ASKING | AUXILIARIES))})\b.+)",
    re.IGNORECASE,
)
"""A question about a thing named before it: "What about the prize, who was its first winner?"."""

CORRECTED = re.compile(
    r"^(?:(?:no|sorry|actually|wait|not that)\b[,.]?\s+)?(?:i (?:mean|meant)|rather)\b,?\s+(?=\w)", re.IGNORECASE
)
"""What begins a correction: "No, I meant the northern one."."""
OTHER_ONE = re.compile(r"^the (?P<kind>\w+) ones?$", re.IGNORECASE)
ABOUT = re.compile(r"^(?:what|how) about\s+", re.IGNORECASE)
_UNSCOPED = re.compile(rf"\bthe (?:\w+ )?(?:{RELATIONAL})\b(?! (?:of|in|at|on|from|for|among|that|who)\b)", re.IGNORECASE)
_CLAUSE_START = re.compile(r",|\b(?:that|when|because|who|which|and|to|said?|before|after|if|while|where|once)\b")


def leans(question: str, turns: Sequence[Turn] = ()) -> bool:
    """Whether a question needs an earlier one; within a conversation (`turns`) that is so where it names nothing but "the …"."""
    text = LEAD.sub("", question.strip())
    if BARE.match(text) or is_fragment(text, text != question.strip()):
        return True
    continued = bool(turns) and text != question.strip() and not any(m.kind in FRAMING for m in mentions(text))
    return continued or any(not settled(text, match) for match in ANAPHOR.finditer(text)) or _lacks_scope(text, turns)


def is_fragment(text: str, led: bool) -> bool:
    """Whether there is no verb of its own: "what about the French?", "in 1990?"; `led`: an "and" stood before it."""
    if ABOUT.match(text):
        return True
    found = words(text)
    if not found or len(found) > 8 or not (led or found[0].plain in SITUATING | {"the"}):
        return False
    return not any(
        is_auxiliary(w) or w.plain in ASKING or (is_past(w) and not after_article(found, n)) for n, w in enumerate(found)
    )


def _lacks_scope(text: str, turns: Sequence[Turn]) -> bool:
    """No name and no frame of its own: "How many died?", "What was the result?", "the garrison" where there was talk of one."""
    if any(any(c.isupper() or c.isdigit() for c in m.text.removeprefix("The ")) for m in mentions(text)):
        return False
    spoken = {w.stem for turn in turns for w in words(turn.question)}
    again = any(w.stem in spoken for w in definite(text))
    clause = parse(text)
    content = [w for w in words(clause.rest) if w.plain not in STOPWORDS]
    counted = bool(clause.asking) and not clause.subject and len(content) == 1 and is_past(content[0])
    short = bool(turns) and clause.asking == "" and len([w for w in words(text) if w.plain not in STOPWORDS]) <= 3
    return (
        counted
        or again
        or bool(_UNSCOPED.search(text))
        or bool(turns and (short or any(_untold(text, m) for m in mentions(text))))
    )


def _untold(text: str, mention: Mention) -> bool:
    """Whether it is "the plan", which nothing tells apart ("the plan of the city", "the plan that failed")."""
    after = words(text[mention.start + len(mention.text) :])[:1]
    article = text[mention.start :].lower().startswith("the ") and mention.full == mention.text and " of " not in mention.text
    return article and not any(word.plain in {"of", "that", "who", "which"} for word in after)


def definite(text: str) -> list[Word]:
    """The nouns right behind "the" that nothing after them tells apart ("the garrison", not "the speed of light")."""
    found, verb = words(text), parse(text).verb
    return [
        word
        for last, word, after in zip(found, found[1:], [*found[2:], None], strict=False)
        if last.plain == "the" and not word.capital and (not after or _ends_phrase(after, verb))
    ]


def _ends_phrase(after: Word, verb: str) -> bool:
    return after.text == verb or is_past(after) or (after.plain in STOPWORDS | PREPOSITIONS and after.plain != "of")


def class_of(match: re.Match[str]) -> str:
    """The key of `_FITS`, or the kind, that an anaphor stands for."""
    if match["date"]:
        return "then"
    word = (match["noun"] or match["pronoun"]).lower()
    return NOUNS.get(word) or NOUNS.get(word.removesuffix("s")) or _CLASSES.get(word, word)


def levels(kind: str) -> tuple[tuple[str, ...], ...]:
    return _FITS.get(kind, ((kind,),))


def suits(mention: Mention, level: Sequence[str]) -> bool:
    if mention.plural:
        return "plural" in level or ("names" in level and mention.named and mention.kind != "date")
    return mention.kind in level


def settled(text: str, match: re.Match[str]) -> bool:
    """Whether an anaphor finds what it stands for in its own question."""
    before, after = text[: match.start()], text[match.end() :]
    allowed = [kind for level in levels(class_of(match)) for kind in level]
    asked = parse(text)
    apart = [] if match["noun"] else [m for m in mentions(before) if before.rstrip().endswith(m.text.removeprefix("the "))]
    earlier = [m for m in mentions(before) if m not in apart and suits(m, allowed)]
    if asked.noun and asked.noun in before and suits(asked_thing(asked), allowed):
        earlier.append(asked_thing(asked))
    if match["noun"]:
        named = any(m.named and not m.plural and m.kind != "date" for m in mentions(before))
        return (
            named or bool(earlier) or _modifies(after, asked.verb) or any(m.named and suits(m, allowed) for m in mentions(after))
        )
    if not earlier:
        return False
    if re.search("[,:;?]", before[earlier[0].start :]):
        return True
    last, following = words(before)[-1], words(after)[:1]
    owning = match[0].lower() in {"his", "its", "their", "her"}
    if last.plain in AUXILIARIES and not owning:
        return False
    acts = match[0].lower() in {"he", "she", "it", "they"} and bool(following)
    return acts or owning or bool(_CLAUSE_START.search(before, earlier[0].start + 3))


def _modifies(after: str, verb: str) -> bool:
    """Whether "the army" goes on as "the army camp": it is no head of its phrase."""
    following = words(after)[:1] if after.startswith(" ") else []
    return any(w.plain not in STOPWORDS and not is_past(w) and w.text != verb for w in following)
