"""Follow-up questions made to stand alone, by rules about English words alone or by a language model held to a check.

English is assumed. The rules know closed classes of words (pronouns, prepositions, auxiliaries), some general nouns (city,
battle, group, leader …) and the shape of a question; no topic. A conversation is rewritten turn by turn, so that a chain of
follow-ups leads back to the question that began it. A question that stands alone comes back as it is, character for character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import prompts
from qa.english import IRREGULAR, PLURALS, STOPWORDS
from qa.tokens import ranks
from qa.types import Turn
from qa.words import Word, is_name, is_verb_form, words

LONGEST = 300
"""Characters of a rewritten question; one that would be longer is written with the short names of things."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KINDS = {
    "person": _set(
        "man woman person leader commander general colonel captain president minister king queen prince emperor chief "
        "director chairman mayor governor officer author founder writer composer singer painter player scientist inventor "
        "architect speaker"
    ),
    "group": _set(
        "group movement organisation organization army party company team band unit force militia government alliance tribe club"
    ),
    "place": _set("place city town village country region province state district island river capital"),
    "event": _set(
        "battle war siege attack operation campaign revolt uprising revolution coup massacre raid conflict fighting election "
        "treaty event agreement deal ceasefire truce festival race match expedition strike flood earthquake fire ceremony concert"
    ),
    "date": _set("year month day century decade date period time"),
}
_NOUNS = {noun: kind for kind, nouns in _KINDS.items() for noun in nouns}
_RELATIONAL = (
    "dead|wounded|injured|casualties|losses|victims|survivors|prisoners|toll|result|outcome|aftermath|causes?|reasons?|purpose|winners?|"
    "losers?|population|consequences"
)
"""Nouns that say little without their "of …"."""
_PREPOSITIONS = _set(
    "in at of from to into near on onto by with for during after before against between among over under across around outside "
    "inside within through towards toward since until about like as beyond off out up down"
)
_SITUATING = _set("in at on near during since before after by between")
_BE = _set("is are was were be been being")
_DO = _set("do does did can could will would shall should may might must")
_AUXILIARIES = _BE | _DO | _set("has have had")
_ASKING = _set("who whom whose what which when where why how")
_DETERMINERS = _set("the a an which what whose many much every each all some any no several")
_UNCHANGED_PAST = _set("hurt hit cut put set shut split cost let quit born")
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = re.compile(
    rf"\b(?:(?:{_DAY} (?:of )?)?{_MONTH}(?: {_DAY}\b)?(?:,? \d{{4}})?|(?:1\d|20)\d\ds?|the \d+(?:st|nd|rd|th) century)\b"
)
_LEAD = re.compile(r"^(?:and|but|so|or|then|also|ok(?:ay)?)\b,?\s+", re.IGNORECASE)
_MARKER = re.compile(r"\s*\[\d[\d ,]*\]")
_FITS = {
    "he": (("person",), ("name", "agent"), ("thing",)),
    "it": (("event", "place", "name", "thing"), ("group", "agent")),
    "they": (("plural",), ("group", "agent"), ("name",)),
    "group": (("group",), ("name", "agent")),
    "person": (("person",), ("name", "agent")),
    "there": (("place",), ("event",), ("name",)),
    "then": (("date",),),
}
"""The kinds that a word can stand for, those to prefer first; other keys are the kinds themselves ("the city": place)."""
_CLASSES = {
    word: kind
    for kind, forms in {"he": "he she him her his", "it": "it its", "they": "they them their those these"}.items()
    for word in forms.split()
}
_HEADS = "|".join(f"{noun}s?" for noun in sorted(_NOUNS))
_ANAPHOR = re.compile(
    rf"""\b(?P<pronoun>he|she|him|her|his|its?|they|them|their|there|then
        |(?:those|these)(?=\s*(?:[?,.]|$)|\s+(?:is|are|was|were|had?|have|do|did|from|in|at)\b))\b
    | \b(?:the|that|this|the\ssame)\s+(?P<noun>{_HEADS})\b
        (?!\s+(?:of|that|who|which|where|when|called|named|for|between|against|to|[A-Z\d])\b)
    | \b(?:at|by)\s+(?:that|the)\s+(?P<time>time)\b""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A thing named in a text: as short as it can be said, and in `full` with what the question says of it."""

    text: str
    kind: str
    plural: bool
    start: int
    before: str = ""
    full: str = ""
    asked: bool = False
    """The question asks for this thing: its name may stand in the answer."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A question in parts. `subject` is empty where the asked thing is the subject; `verb` follows only do, did or a modal."""

    asking: str
    noun: str
    auxiliary: str
    subject: str
    verb: str
    rest: str

    @property
    def adverbial(self) -> bool:
        """Whether the rest is a whole statement without the asked thing (when, where, why, yes or no)."""
        return not self.noun and not re.match(r"(?:\w+ )?(?:who|whom|what|which|whose)\b", self.asking, re.IGNORECASE)

    def statement(self) -> str:
        """The question as a statement ("the army left"), "" where the asked thing would be missing from it."""
        if not self.subject or not (self.verb or (self.auxiliary in _BE and self.rest)):
            return ""
        verb = past_tense(self.verb) if self.auxiliary == "did" else f"{self.auxiliary} {self.verb}"
        return " ".join(f"{self.subject} {verb} {self.rest}".split())


def standalone(question: str, history: Sequence[Turn]) -> str:
    """`question` as it can be asked without the conversation (oldest turn first); unchanged when it needs none or none helps."""
    turns: list[Turn] = []
    for turn in history:
        turns.insert(0, Turn(_rewritten(turn.question, turns), turn.answer))
    return _rewritten(question, turns)


def needs_history(question: str) -> bool:
    """Whether the wording alone shows that the question leans on an earlier one (a pronoun, "the city", "why?")."""
    return _leans(question, ())


def by_model(question: str, history: Sequence[Turn], complete: Callable[[list[tuple[str, str]]], str]) -> str:
    """The same by a language model, `complete` giving its answer to messages (role, text); by the rules when that fails.

    The answer must be one line of at most LONGEST characters that ends as a question.
    """
    if not history:
        return question
    told = "\n".join(f"Question: {turn.question}\nAnswer: {_MARKER.sub('', turn.answer) or '-'}" for turn in history)
    try:
        said = complete(prompts.load("rewrite").messages(history=told, question=question)).strip()
    except Exception:
        return standalone(question, history)
    fine = said.endswith("?") and len(said) <= LONGEST and len(said.splitlines()) == 1 and len(said) > 1
    return said if fine else standalone(question, history)


def _rewritten(question: str, turns: Sequence[Turn]) -> str:
    """`turns` hold stand-alone questions, the latest first."""
    if not turns or not _leans(question, turns):
        return question
    text = _LEAD.sub("", question.strip())
    result = _asked_again(text, turns[0]) or _exchanged(text, turns) or _filled(text, turns, led=text != question.strip())
    if len(result) > LONGEST:
        result = _filled(text, turns, short=True)
    if len(result) > LONGEST + len(question):
        return question
    result = re.sub(r"\s+", " ", result).rstrip(" ?.!") + "?"
    return result[0].upper() + result[1:]


# What a question leans on


_BARE = re.compile(
    rf"""^(?P<asking>(?:(?:in|on|at|by|since|until|from|for|to|with)\s)?
        (?:who|whom|when|where|why|what|which|how(?:\s(?:many|much|long|far|often|soon))?)(?:\s(?:{_HEADS}|else|exactly|ones?))*)
    (?P<that>(?<!long)(?<!far)\s(?:was|is|were|did|does|has)\s(?:that|this|it)
        (?:\s(?:happen(?:ed)?|take\splace|occur|be|so|the\scase|come\sabout))?)?[\s?.!]*$""",
    re.VERBOSE | re.IGNORECASE,
)
_ABOUT = re.compile(r"^(?:what|how) about\s+", re.IGNORECASE)
_THAT = re.compile(
    r"(?:(?<=\bwas )|(?<=\bis )|(?<=\bdid )|(?<=\bdoes ))(?:that|this)\b(?! \w+ (?:that|who)\b)|"
    r"(?<=\w )(?:that|this)\b(?=\s*(?:[?.,]|$))",
    re.IGNORECASE,
)
_UNSCOPED = re.compile(
    rf"\bthe (?:\w+ )?(?:{_RELATIONAL})\b(?! (?:of|in|at|on|from|for|among|that|who)\b)|"
    r"\b(?:these|those|this) (?!who|that|of|which|with)[a-z]+\b",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"^(?:how (?:many|much)(?: of the)?(?: \w+)?|who(?: else)?)(?: (?:was|were|has|have|had|been))* (\w+)"
    r"(?: (?:altogether|in total|in all|in the end|eventually|first))?[ ?.!]*$",
    re.IGNORECASE,
)
_CLAUSE_STARTS = r"\b(?:that|when|because|who|which|and|to|say|said|before|after|if|while|where|once)\b"


def _leans(question: str, turns: Sequence[Turn]) -> bool:
    text = _LEAD.sub("", question.strip())
    if _bare(text) or _is_fragment(text, text != question.strip()) or _THAT.search(text):
        return True
    return any(not _settled(text, match) for match in _ANAPHOR.finditer(text)) or _lacks_scope(text, turns)


def _bare(text: str) -> re.Match[str] | None:
    """A question word alone or with "was that"; not "what is it?", where the pronoun is a thing and no earlier statement."""
    match = _BARE.match(text)
    return None if match and match["that"] and re.match(r"(?:who|what|which)[a-z]*$", match["asking"], re.IGNORECASE) else match


def _is_fragment(text: str, led: bool) -> bool:
    """Whether there is no verb of its own: "what about the French?", "in 1990?"."""
    if _ABOUT.match(text):
        return True
    found = words(text)
    verbs = (
        _is_auxiliary(w) or w.plain in _ASKING or (is_verb_form(w) and not _after_article(found, n)) for n, w in enumerate(found)
    )
    if not found or any(verbs):
        return False
    return len(found) <= 8 if led else len(found) <= 4 and found[0].plain in _SITUATING | {"the"} and text.rstrip().endswith("?")


def _lacks_scope(text: str, turns: Sequence[Turn]) -> bool:
    """No name and no frame of its own: "How many died?", "What was the result?", "the garrison" where there was talk of one."""
    if any(_is_named(mention) for mention in mentions(text)):
        return False
    spoken = {w.stem for turn in turns[:1] for w in words(f"{turn.question} {turn.answer}")} - {"people", "person"}
    known = any(w.stem in spoken for w in _definite(text))
    count = _COUNT.match(text)
    return known or bool(_UNSCOPED.search(text)) or bool(count and is_verb_form(words(count[1])[0]))


def _definite(text: str) -> list[Word]:
    """The nouns right behind "the" that nothing after them tells apart ("the garrison", not "the speed of light")."""
    found = words(text)
    heads = [n for n in range(1, len(found)) if found[n - 1].plain == "the" and not found[n].capital]
    return [
        found[n]
        for n in heads
        if all(w.plain in STOPWORDS - {"of"} or is_verb_form(w) or w.plain.endswith("ing") for w in found[n + 1 : n + 2])
    ]


def _settled(text: str, match: re.Match[str]) -> bool:
    """Whether an anaphor finds what it stands for in its own question, or stands for nothing ("there were", "was it … that")."""
    before, after, word = text[: match.start()], text[match.end() :], match[0].lower()
    last, following = (re.search(r"(\w+)\W*$", before) or [""])[0].strip().lower(), words(after)[:1]
    if not match["noun"] and words(before) and re.search(r"[:;?]|\w{3}\. |\b(?:that|who|which|when)\b.*,", before):
        return True
    if word == "there":
        at_end = not following and not re.match(r"how many", text, re.IGNORECASE)
        return not at_end and (last in _BE | {"has", "have", "had"} or bool(following and following[0].plain in _BE))
    if word == "then":
        return after.startswith(("-", ", ")) or before.endswith(("-", ", "))
    if word == "it" and re.match(
        r" (?:the |an? |in |on )?(?:[\w-]+ ){0,5}(?:that|who)\b| (?:take|took) to\b| (?:true|rain|snow|possible)\b", after
    ):
        return True
    asked, kind = parse(text), _class(match)
    earlier = [m for m in mentions(before) if _suits(m, kind)]
    if asked.noun and asked.noun in before and _suits(_named_by_noun(asked), kind):
        earlier.append(_named_by_noun(asked))
    if match["noun"]:
        return _noun_settled(match, asked, earlier)
    owning = word in {"his", "its", "their", "her"}
    if last in _AUXILIARIES and not (owning and last in {"has", "have", "had"}):
        return "," in before and bool(mentions(before.rsplit(",", 1)[0]))
    subordinate = word in {"he", "she", "it", "they"} and bool(following) and following[0].plain not in _PREPOSITIONS
    if not earlier:
        return subordinate and (_is_auxiliary(following[0]) or _is_past(following[0])) and any(_is_past(w) for w in words(before))
    return subordinate or owning or bool(re.search(f",|{_CLAUSE_STARTS}", before[earlier[0].start + 3 :]))


def _noun_settled(match: re.Match[str], asked: Clause, earlier: Sequence[Mention]) -> bool:
    """Whether "the city", "that year" is no head of its phrase, or has a name of its kind beside it."""
    before, after, word = match.string[: match.start()], match.string[match.end() :], match[0].lower()
    following = words(after)[:1] if after.startswith(" ") else []
    if following and following[0].plain not in STOPWORDS and not _is_past(following[0]) and following[0].text != asked.verb:
        return True
    pointing = word.startswith(("that", "this", "the same"))
    if _is_plural(word) if pointing else _NOUNS.get(match["noun"].lower(), "date") == "date":
        return True
    named = [m for m in mentions(before) if _is_named(m) and not m.plural and m.kind not in ("date", "group")]
    return bool(earlier or named) or any(_suits(m, _class(match)) and _is_named(m) for m in mentions(after))


# A question in parts


@lru_cache(maxsize=256)
def parse(question: str) -> Clause:
    """The parts of a question; what it cannot tell apart is left in `rest`."""
    text = _LEAD.sub("", question.strip()).rstrip(" ?.!")
    found = words(text)
    n = 1 if len(found) > 1 and found[0].plain in _PREPOSITIONS and found[1].plain in _ASKING else 0
    noun_from = n + 1
    if n < len(found) and found[n].plain in _ASKING:
        takes_noun = found[n].plain in {"what", "which", "whose", "how"}
        n += 1
        while takes_noun and n < len(found) and not _is_auxiliary(found[n]) and not _is_finite(found, n):
            n += 1
    if n >= len(found):
        return Clause(text, "", "", "", "", "")
    asking = text[: found[n].start].strip()
    noun = text[found[noun_from].start : found[n - 1].end] if asking and noun_from < n else ""
    if asking.lower().startswith("how"):
        noun = re.sub(r"^(?:many|much)\b ?", "", noun) if re.match(r"(?:many|much)\b", noun) else ""
    if not _is_auxiliary(found[n]):
        return Clause(asking, noun, "", "", "", text[found[n].start :])
    auxiliary, n = found[n].plain, n + 1
    if auxiliary in _DO:
        at = _main_verb(found, n)
        subject = text[found[n].start : found[at - 1].end] if n < at <= len(found) else ""
        verb, rest = (found[at].text, text[found[at].end :]) if at < len(found) else ("", "")
        return Clause(asking, noun, auxiliary, subject, verb, rest.strip())
    end = _phrase_end(found, n)
    subject = text[found[n].start : found[end - 1].end] if end > n else ""
    rest = text[found[end - 1].end :].strip() if n < len(found) else ""
    return Clause(asking, noun, auxiliary, subject, "", rest if subject else f"{auxiliary} {rest}")


def _is_finite(found: Sequence[Word], n: int) -> bool:
    """Whether a word of "which group …" is the verb: a past form, or one in -s before a new noun phrase ("controls the town")."""
    word = found[n]
    if word.capital:
        return False
    later = found[n + 1 :]
    opens = later and later[0].plain in _PREPOSITIONS and not any(_is_past(w) or _is_auxiliary(w) for w in later)
    follows = later and (later[0].capital or later[0].plain in _DETERMINERS or opens)
    base = word.plain if _is_plural(found[n - 1].plain) else word.plain[:-1] if word.plain.endswith("s") else ""
    present = n > 1 and base and _is_base_verb(base) and follows and not found[n - 1].capital
    return (_is_past(word) and not _after_article(found, n)) or bool(present)


def _main_verb(found: Sequence[Word], n: int) -> int:
    """Where the verb stands after "did SUBJECT"; the number of words where it is not told."""
    for at in range(n + 1, len(found)):
        word, last = found[at], found[at - 1]
        if word.capital or not _is_base_verb(word.plain) or last.plain in _PREPOSITIONS | _DETERMINERS | {"that", "who", "which"}:
            continue
        follower = (
            at + 1 < len(found) and not found[at + 1].capital and found[at + 1].joined and _is_base_verb(found[at + 1].plain)
        )
        if last.capital or _is_plural(last.plain) or not follower:
            return at
    return n + 1 if n < len(found) and found[n].plain in {*_CLASSES, "there"} else len(found)


def _phrase_end(found: Sequence[Word], n: int) -> int:
    """Where the noun phrase that begins at word `n` ends; a relative clause belongs to it."""
    awaiting = within = False
    for at in range(n, len(found)):
        word = found[at]
        if at > n and not word.joined:
            return at
        if at > n and word.plain in {"that", "who", "which"}:
            awaiting = within = True
        elif _is_auxiliary(word) or _is_past(word):
            if not awaiting and not _after_article(found, at) and not (within and found[at - 1].plain in _AUXILIARIES):
                return at
            awaiting = False
        elif (
            (word.plain in _PREPOSITIONS and word.plain != "of" and not within)
            or word.plain == "not"
            or (word.plain.endswith("ly") and not word.capital)
        ):
            return at
    return len(found)


def _is_auxiliary(word: Word) -> bool:
    """Not "May", the month."""
    return word.plain in _AUXILIARIES and (word.begins or not word.capital)


def _is_past(word: Word) -> bool:
    return not word.capital and (is_verb_form(word) or word.plain in _UNCHANGED_PAST)


def _after_article(found: Sequence[Word], n: int) -> bool:
    return n > 0 and found[n - 1].plain in _DETERMINERS - {"what", "which", "whose"}


def _is_base_verb(plain: str) -> bool:
    return plain in _UNCHANGED_PAST or plain in _PASTS or f" {past_tense(plain)}".encode() in ranks()


_PASTS = {base: form for form, base in reversed(IRREGULAR.items()) if form not in PLURALS} | {
    "have": "had",
    "do": "did",
    "be": "was",
}


def past_tense(verb: str) -> str:
    """The past of a verb's base form: irregular by table, regular with the spelling that is the more common token."""
    if verb in _PASTS or verb in _UNCHANGED_PAST:
        return _PASTS.get(verb, verb)
    if verb.endswith("e"):
        return verb + "d"
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ied"
    doubled = f"{verb}{verb[-1:]}ed"
    return doubled if f" {doubled}".encode() in ranks() and f" {verb}ed".encode() not in ranks() else verb + "ed"


# What a text speaks of


@lru_cache(maxsize=256)
def mentions(text: str) -> tuple[Mention, ...]:
    """The names, dates, "the …" phrases and plural nouns of a text, in order."""
    dates = [match.span() for match in _DATE.finditer(text)]
    found, clause = words(text), parse(text)
    clause_verb = clause.verb or ("" if clause.auxiliary or not clause.noun else clause.rest.split(" ")[0])
    made: list[Mention] = [_mention(text, start, end, found) for start, end in dates]
    run: list[int] = []
    for n, word in enumerate(found):
        dated = any(start <= word.start < end for start, end in dates)
        joins_of = word.plain == "of" and any(w.capital or w.plain == "the" for w in found[n + 1 : n + 2]) and bool(run)
        through_of = bool(run) and found[run[-1]].plain == "of"
        content = word.plain not in STOPWORDS and (not _is_past(word) or _after_article(found, n)) and word.text != clause_verb
        if run and (dated or not word.joined or not (content or joins_of or (word.plain == "the" and through_of))):
            made.extend(_phrase(text, found, run))
            run = []
        if not dated and (content or joins_of or word.plain in {"the", "a", "an"}):
            run.append(n)
    made.extend(_phrase(text, found, run))
    return tuple(sorted(made, key=lambda mention: mention.start))


def _phrase(text: str, found: Sequence[Word], run: Sequence[int]) -> list[Mention]:
    """A run of words as a mention, and the place within an event's name ("the Battle of Hastings")."""
    if not run or found[run[-1]].plain in {"the", "a", "an", "of"}:
        return []
    first, last = found[run[0]], found[run[-1]]
    named = any(is_name(found[n]) for n in run)
    if not (named or first.plain in {"the", "a", "an"} or _is_plural(last.plain)):
        return []
    whole = _mention(text, first.start, last.end, found)
    within = next((found[n + 1].start for n in run[:-1] if found[n].plain == "of" and found[n + 1].capital), None)
    if within is None:
        return [whole]
    name = text[within : last.end]
    return [whole, Mention(name, "place" if whole.kind == "event" else _described(name, "of")[0], False, within, "in", name)]


def _mention(text: str, start: int, end: int, found: Sequence[Word]) -> Mention:
    own = re.sub(r"^an? ", "the ", text[start:end])
    before = next((w.plain for w in reversed(found) if w.end <= start and w.start >= start - 12), "")
    before = before if before in _PREPOSITIONS else ""
    kind, plural = ("date", False) if _DATE.fullmatch(own) else _described(own, before)
    return Mention(own, kind, plural, start, before, own)


def _described(phrase: str, before: str) -> tuple[str, bool]:
    """The kind of thing and whether it is several, by the head noun, a title, or the looks of a name."""
    parts = words(re.split(r"\bof\b", phrase)[0]) or words(phrase)
    head = parts[-1]
    people = parts[0].plain == "the" and len(parts) == 2 and head.capital and head.plain.endswith(("sh", "ch", "ese"))
    plural = people or " and " in phrase or (_is_plural(head.plain) and (not head.capital or parts[0].plain == "the"))
    for word in (head, *(w for w in parts if w.capital)):
        kind = _NOUNS.get(word.plain) or _NOUNS.get(word.plain.removesuffix("s"))
        if kind:
            return kind, plural
    names = [w for w in parts if w.capital]
    if not names:
        return "thing", plural
    if len(names) == 1 and sum(c.isupper() for c in names[0].text) > 2:
        return "group", plural
    if before == "by":
        return "agent", plural
    placed = before in {"in", "at", "from", "near", "to", "into", "around", "outside", "inside"} and parts[0].plain != "the"
    return ("place" if placed else "name"), plural


def _is_plural(noun: str) -> bool:
    last = noun.lower().split()[-1] if noun.split() else ""
    return last in PLURALS or (len(last) > 3 and last.endswith("s") and not last.endswith(("ss", "us", "is")))


def _is_named(mention: Mention) -> bool:
    return mention.kind == "date" or any(c.isupper() for c in mention.text.removeprefix("The "))


# What an anaphor stands for


def _class(match: re.Match[str]) -> str:
    if match["time"]:
        return "then"
    if match["noun"]:
        noun = match["noun"].lower()
        kind = _NOUNS.get(noun) or _NOUNS[noun.removesuffix("s")]
        return "then" if kind == "date" else kind
    return _CLASSES.get(match["pronoun"].lower(), match["pronoun"].lower())


def _levels(kind: str) -> tuple[tuple[str, ...], ...]:
    return _FITS.get(kind, ((kind,), ("name",)) if kind == "place" else ((kind,),))


def _suits(mention: Mention, kind: str, level: Sequence[str] | None = None) -> bool:
    allowed = level or [name for names in _levels(kind) for name in names]
    if mention.plural and mention.kind != "date":
        return "plural" in allowed
    return mention.kind in allowed


def _named_by_noun(clause: Clause) -> Mention:
    """The thing asked for with a noun: "which town fell in May?" speaks of the town that fell in May."""
    kind, plural = _described(clause.noun, "")
    said = clause.rest if not clause.subject else clause.statement()
    return Mention(
        f"the {clause.noun}", kind, plural, 0, "", f"the {clause.noun} that {said}" if said else f"the {clause.noun}", True
    )


def candidates(question: str) -> list[Mention]:
    """What a follow-up to this stand-alone question may speak of: what it asks for, its subject, and the rest in order."""
    clause = parse(question)
    asking = clause.asking.lower()
    made: list[Mention] = []
    if clause.noun:
        made.append(_named_by_noun(clause))
    elif asking == "who" and not clause.subject:
        made.append(Mention("the person", "person", False, 0, "", f"the person who {clause.rest}", True))
        made.append(Mention("those", "thing", True, 0, "", f"those who {clause.rest}", True))
    elif asking in ("when", "where"):
        made.append(Mention("", "date" if asking == "when" else "place", False, 0, asked=True))
    subject = clause.subject
    if subject and subject.split()[0].lower() not in STOPWORDS - {"the", "a", "an", "all"}:
        kind, plural = _described(re.split(r" (?:that|who|which) ", subject)[0], "")
        kind = "agent" if kind == "name" and clause.verb and not any(w.text.islower() for w in words(subject)[1:]) else kind
        made.append(Mention(subject, kind, plural, 0, "", _with_deed(clause, plural)))
    if asking == "what" and not clause.noun and clause.verb and clause.statement():
        made.append(Mention(f"what {clause.statement()}", "thing", False, 0))
    return made + [
        _with_place(question, m) for m in mentions(question) if m.text not in subject or m.kind in ("date", "place", "event")
    ]


def _with_place(question: str, mention: Mention) -> Mention:
    """A thing with the place or time that follows it: "the fire" as "the fire in the library of Alexandria"."""
    end = mention.start + len(mention.text)
    if _is_named(mention) or question[mention.start : end] != mention.text:
        return mention
    after = next(
        (m for m in mentions(question) if m.start > end and question[end : m.start].strip() in {"in", "at", "on", "near"}), None
    )
    return replace(mention, full=question[mention.start : after.start + len(after.text)]) if after else mention


def _with_deed(clause: Clause, plural: bool) -> str:
    """The subject with what the question says of it, unless it is a name that needs nothing more or nothing is said for sure."""
    subject, said = clause.subject, clause.statement()
    common = plural or any(w.text.islower() and w.plain not in {"the", "of", "and"} for w in words(subject))
    if not common or not said or not clause.asking or not clause.adverbial or re.search(r" (?:that|who|which) ", subject):
        return subject
    return f"{subject} that{said.removeprefix(subject)}"


def _antecedent(kind: str, turns: Sequence[Turn]) -> Mention | None:
    """The best fitting thing of the latest turn that has one: in its question, else the only such name in its answer."""
    for turn in turns:
        known = candidates(turn.question)
        if kind == "they":
            known = [m for m in known if m.kind != "name" or m.plural or m.text == parse(turn.question).subject]
        for group in ([m for m in known if m.asked], [m for m in known if not m.asked]):
            for mention in (m for level in _levels(kind) for m in group if _suits(m, kind, level)):
                told = _told(turn, kind) if mention.asked else None
                if told or mention.text:
                    return told or _whole_event(mention, known, kind)
        told = _told(turn, kind)
        if told:
            return told
    return None


def _whole_event(place: Mention, known: Sequence[Mention], kind: str) -> Mention:
    """For "there" the Battle of Hastings rather than the Hastings in its name."""
    events = (m for m in known if m.kind == "event" and place.text in m.text) if kind == "there" else ()
    return next(iter(events), place)


def _told(turn: Turn, kind: str) -> Mention | None:
    """The only name of this kind that the answer adds to its question; none when there are several, or no answer was given."""
    if prompts.CANNOT_ANSWER in turn.answer:
        return None
    asked = {w.stem for w in words(turn.question)}
    named = (m for m in mentions(_MARKER.sub("", turn.answer)) if _is_named(m))
    new = [m for m in named if not asked & {w.stem for w in words(m.text) if w.capital}]
    for level in _levels(kind):
        fitting = {
            m.text: m for m in new if _suits(m, kind, level) and (kind != "he" or (" " in m.text and m.text[:3].lower() != "the"))
        }
        if fitting:
            return next(iter(fitting.values())) if len(fitting) == 1 else None
    return None


# The ways to fill a question


def _filled(text: str, turns: Sequence[Turn], led: bool = False, short: bool = False) -> str:
    """The question with its anaphors replaced, and set in the earlier question's place and time where it goes on about them."""
    earlier = turns[0].question
    result, done = _resolved(text, turns, short)
    lost = _THAT.search(result)
    if lost and done:
        result = re.sub(r" (?:after|before|during|since|by|in|at) (?:that|this)(?=\s*[?.,]|$)", "", result)
    elif lost:
        result = result[: lost.start()] + _event(earlier) + result[lost.end() :]
    result = result.rstrip(" ?.!")
    if not done:
        return result + _scope(result, earlier, needed=not lost)
    past = any(is_verb_form(w) or w.plain in {"did", "was", "were", "had"} for w in words(text))
    vague = any(not _is_named(m) and m.full == m.text for m in done.values())
    there = done.get("there")
    if past and not short and (led or vague or there or "they" in done):
        return result + _scope(result, earlier, told=bool(there and there.kind != "event"))
    return result


def _resolved(text: str, turns: Sequence[Turn], short: bool) -> tuple[str, dict[str, Mention]]:
    """The text with its anaphors replaced, each kind once, and what each kind stood for."""
    found: dict[str, tuple[re.Match[str], Mention]] = {}
    for match in _ANAPHOR.finditer(text):
        kind = _class(match)
        mention = None if kind in found or _settled(text, match) else _antecedent(kind, turns)
        if mention:
            found[kind] = match, mention
    chosen = [mention for _, mention in found.values()]
    done = {kind: one for kind, (_, one) in found.items() if not any(one.text in other.text for other in chosen if other != one)}
    result, at = "", 0
    for kind, mention in done.items():
        match = found[kind][0]
        if match.start() >= at:
            said, end = _said(text, match, kind, mention, short)
            result, at = result + text[at : match.start()] + said, end
    result += text[at:]
    for word in () if done else _definite(text):
        same = (m for m in mentions(turns[0].question) if _is_named(m) and word.stem in {w.stem for w in words(m.text)})
        again = next(same, None)
        if again:
            result, done["again"] = result.replace(f"the {word.text}", again.text, 1), again
    return result, done


def _said(text: str, match: re.Match[str], kind: str, mention: Mention, short: bool) -> tuple[str, int]:
    """The words that take an anaphor's place, and where in `text` they end: "its flag" is "Chile's flag", "the flag of …"."""
    word, end = match[0].lower(), match.end()
    full = mention.text if short or (match["noun"] and _is_named(mention) and not mention.asked) else mention.full or mention.text
    if match["noun"] and mention.kind in ("name", "agent"):
        full = f"the {match['noun']} of {mention.text}"
    if word in {"his", "its", "their"} or (word == "her" and re.match(r" [a-z]", text[end:])):
        found = words(text[end:])
        thing_end = end + found[_phrase_end(found, 0) - 1].end if found else end
        if full == mention.text or not text[end:thing_end].strip():
            return mention.text + ("'" if mention.text.endswith("s") else "'s"), end
        return f"the{text[end:thing_end]} of {full}", thing_end
    if kind not in ("there", "then"):
        return full, end
    before = re.search(r"(\w+)\s+$", text[: match.start()])
    if before and before[1].lower() in _PREPOSITIONS and not match["time"]:
        return mention.text, end
    return f"{_preposition(mention)} {mention.text}", end


def _preposition(mention: Mention) -> str:
    if mention.before in _SITUATING:
        return mention.before
    return "on" if re.match(r"\d{1,2}\b(?!\d)|[A-Z][a-z]+ \d{1,2}\b(?!\d)", mention.text) else "in"


def _event(question: str) -> str:
    """What "that" stands for: the event that the question names, else its statement."""
    named = next((m.text for m in candidates(question) if m.kind == "event" and m.text), "")
    return named or parse(question).statement() or f"that ({question.rstrip(' ?')})"


def _scope(text: str, question: str, needed: bool = False, told: bool = False) -> str:
    """The event, place and time of the earlier question that the new one does not name.

    Where it names neither event nor place: its statement if `told`, that or its names if `needed`.
    """
    has = {w.stem for w in words(text)}
    dated = _DATE.search(text) or re.match(r"(?:when|(?:in |on )?(?:what|which) (?:year|day|month|date))\b", text, re.IGNORECASE)
    parts: list[str] = []
    for mention in (_with_place(question, m) for m in mentions(question)):
        new = {w.stem for w in words(mention.text)} - has - {"the"}
        if mention.kind in ("event", "place", "date") and new and not (mention.kind == "date" and dated):
            of = not parts and mention.kind == "event" and re.search(rf"\bthe (?:\w+ )?(?:{_RELATIONAL})\W*$", text)
            parts.append(f" {'of' if of else _preposition(mention)} {mention.full}")
            has |= {w.stem for w in words(mention.full)}
            told = needed = (told or needed) and mention.kind == "date"
    embedded = re.search(r" when (.+?)\W*$", question)
    statement = parse(question).statement() or (embedded[1] if embedded else "")
    if statement and (told or needed):
        last = mentions(statement)[-1:]
        if last and statement.endswith(f" {last[0].text}") and last[0].text in text:
            statement = statement.removesuffix(f" {last[0].text}").removesuffix(f" {last[0].before}" if last[0].before else "")
        return f" when {statement}"
    names = [m.text for m in candidates(question) if m.text and (_is_named(m) or m.asked)] if needed else []
    return f" ({', '.join(dict.fromkeys(names))})" if names else "".join(parts)


def _asked_again(text: str, turn: Turn) -> str:
    """The earlier question asked with another question word ("why?", "when was that?", "who else?"), or both joined."""
    match = _bare(text)
    if not match:
        return ""
    asking, clause = match["asking"], parse(turn.question)
    same = clause.asking.lower() == asking.lower().split()[0] == "who"
    adverbial = Clause(asking, "", "", "", "", "").adverbial and "many" not in asking and "much" not in asking
    if re.search(r"\b(?:year|day|month|date|century|city|town|place|country|region|village)$", asking, re.IGNORECASE):
        adverbial = True
    if adverbial and clause.adverbial and clause.subject:
        return f"{asking} {clause.auxiliary} {clause.subject} {clause.verb} {clause.rest}"
    event = next((m.text for m in candidates(turn.question) if m.kind == "event" and _is_named(m)), "")
    if adverbial and event:
        return f"{asking} was {event}"
    if same:
        return f"{asking} {clause.auxiliary if clause.subject else ''} {clause.subject} {clause.verb} {clause.rest}"
    return f"{turn.question.rstrip(' ?')}, and {asking[0].lower()}{asking[1:]}"


def _exchanged(text: str, turns: Sequence[Turn]) -> str:
    """The earlier question with a new thing ("what about the French?", "and in 1990?") in the place of the one most like it."""
    if not _is_fragment(text, True):
        return ""
    new = _ABOUT.sub("", text).rstrip(" ?.!")
    if any(not _settled(new, match) for match in _ANAPHOR.finditer(new)):
        new = _filled(new, turns)
    result = question = turns[0].question
    clause = parse(question)
    for mention in mentions(new) or [Mention(new, "thing", _is_plural(new), 0)]:
        old = _like(mention, mentions(question))
        if old:
            result = result.replace(old.text, mention.text, 1)
        elif mention.kind == "date":
            result = f"{result.rstrip(' ?')} {_preposition(mention)} {mention.text}"
    if result != question:
        return result
    bare = re.sub(r"^the ", "", new, flags=re.IGNORECASE)
    verb = next((w for w in words(clause.rest) if is_verb_form(w) and w.plain not in _AUXILIARIES), None)
    if verb and len(bare.split()) == 1 and is_verb_form(words(bare)[0]):
        were = "" if re.search(r"\b(?:was|were|been)\b", question) else "were "
        return question.replace(verb.text, were + bare, 1)
    if clause.noun and _is_plural(clause.noun) == _is_plural(bare):
        return question.replace(clause.noun, bare, 1)
    if " of " in clause.subject:
        return question.replace(clause.subject.split(" of ")[0], new, 1)
    return f"What about {new}{_scope(new, question, needed=True)}"


def _like(new: Mention, old: Sequence[Mention]) -> Mention | None:
    """The mention whose place the new one takes: of its kind, or a name of no known kind; most alike in number and shape."""
    vague = {"name", "place", "group", "person", "agent"}

    def alike(mention: Mention) -> tuple[bool, bool, bool, bool, int]:
        return (
            bool(new.before) and mention.before == new.before,
            mention.kind == new.kind,
            mention.plural == new.plural,
            mention.text.lower().startswith("the ") == new.text.lower().startswith("the "),
            -abs(len(mention.text.split()) - len(new.text.split())),
        )

    fitting = [m for m in old if _is_named(m) == _is_named(new) and (m.kind == new.kind or {m.kind, new.kind} <= vague)]
    return max(fitting, key=alike, default=None) if _is_named(new) else None
