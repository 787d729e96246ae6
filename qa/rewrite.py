"""Follow-up questions made to stand alone, by rules about English words alone or by a language model held to a check.

English is assumed. The rules know closed classes of words, some general nouns and the shape of a question; no topic. The way:
`clause` reads a question into parts, `mentions` finds what it speaks of, `anaphors` tells what it leans on, `antecedents` finds
what that stands for in the turns before, and here the question is filled. A conversation is rewritten turn by turn, so that a
chain leads back to the question that began it. A question that stands alone comes back as it is, character for character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import prompts
from index.lexical import terms
from qa.anaphors import (
    ABOUT,
    ANAPHOR,
    BARE,
    CORRECTED,
    OTHER_ONE,
    RELATIONAL,
    SITUATING,
    TURNED,
    class_of,
    definite,
    is_fragment,
    leans,
    settled,
)
from qa.antecedents import MARKER, antecedent, candidates
from qa.clause import LEAD, PREPOSITIONS, Clause, is_past, parse, phrase_end
from qa.mentions import DATE, Mention, mentions
from qa.types import Turn
from qa.words import words

LONGEST = 300
"""Characters of a rewritten question; one that would be longer is written with the short names of things."""

LONGEST_OWNER = 4
"""Words of a name that takes "'s"."""
_CLAUSE = r" (?:that|who|which|in|at|to|of|from|by) "
_ENDS_RELATIONAL = re.compile(rf"\bthe (?:\w+ )?(?:{RELATIONAL})\W*$", re.IGNORECASE)
_SHIFT = re.compile(
    r"(?:(?:\w+ )?(?:year|month|week|day|decade|century)s? )?(?:earlier|later|before|after|afterwards|ago|today|now)$",
    re.IGNORECASE,
)
"""A time told by another: "a year earlier", "today"."""
OWNED_WITHIN = re.compile(r"\b(his|her|its|their)\b(?= [a-z])", re.IGNORECASE)
OWNED = re.compile(r"^(his|her|its|their) [a-z]", re.IGNORECASE)
_AT_THE_TIME = re.compile(r" at (?:the|that) time\b")
_LEFT = re.compile(r"(?: (?:after|before|since|by|at) (?:that|this))?[ ?.!]*$")
"""What ends a question and stands for nothing that is known."""


def standalone(question: str, history: Sequence[Turn]) -> str:
    """`question` as it can be asked without the conversation (oldest turn first); unchanged when it needs none or none helps."""
    turns: list[Turn] = []
    said: list[str] = []
    for turn in history:
        turns.insert(0, Turn(_in_conversation(turn.question, turns, said), turn.answer))
        said.insert(0, turn.question)
    return _in_conversation(question, turns, said)


def _in_conversation(question: str, turns: Sequence[Turn], said: Sequence[str]) -> str:
    """`turns` hold stand-alone questions and `said` the same as they were asked, the latest first."""
    if not turns:
        return question
    corrected = CORRECTED.sub("and ", question.strip())
    text = LEAD.sub("", corrected)
    turned = TURNED.match(text)
    if turned:
        topic = f"What about {turned['topic']}?"
        return _rewritten(turned["asked"], [Turn(topic), *turns], topic)
    other = OTHER_ONE.match(text.rstrip(" ?.!"))
    if other:
        return _other_one(other["kind"], turns[0].question) or question
    again = _same_owner(text, said[0])
    if again and turns[1:]:
        return _rewritten(again, turns[1:], _frame(turns[1:], said[1:]))
    return _rewritten(question if corrected == question.strip() else corrected, turns, _frame(turns, said))


def _frame(turns: Sequence[Turn], said: Sequence[str]) -> str:
    """The latest question that stood alone, or that took the frame of one: what questions without a frame go on about."""
    for turn, asked in zip(turns, said, strict=True):
        text = LEAD.sub("", asked.strip())
        whole = BARE.match(text) or is_fragment(text, text != asked.strip()) or turn.question == asked
        if whole and any(mention.named for mention in mentions(turn.question)):
            return turn.question
    return turns[-1].question


def _same_owner(text: str, said: str) -> str:
    """The last question with what is owned exchanged: "And his mother?" after "Who was his employer?"."""
    new = OWNED.match(text)
    found = [match for match in OWNED_WITHIN.finditer(said) if new and match[1].lower() == new[1].lower()]
    if not new or not found:
        return ""
    old = found[-1]
    owned = words(said[old.end(1) :])
    first = next((n for n, word in enumerate(owned) if not is_past(word)), 0)
    end = max(1, phrase_end(owned, first))
    return said[: old.start()] + text.rstrip(" ?.!") + said[old.end(1) + owned[end - 1].end :]


def _other_one(kind: str, question: str) -> str:
    """The question about another thing of that sort: "the northern one" after "When did the southern tower fall?"."""
    for mention in mentions(question):
        head = words(mention.text)[-1:]
        if mention.text.startswith("the ") and head and not head[0].capital:
            return question.replace(mention.text, f"the {kind} {head[0].text}", 1)
    return ""


def needs_history(question: str) -> bool:
    """Whether the wording alone shows that the question leans on an earlier one (a pronoun, "the city", "why?")."""
    return leans(question)


def own_words(question: str, asked: str) -> str:
    """The words in which a follow-up that is searched for as `asked` is read in the passages found: its own, where they are a whole
    question that says what it asks ("Who is he?" does not), else "".

    The passages are those of the conversation's topic; what the stand-alone question says of it would only have to be found again in
    each sentence ("How deep is it?" against "How deep is the tunnel that was opened when …?").
    """
    text = LEAD.sub("", question.strip())
    if asked == question or CORRECTED.match(question.strip()) or TURNED.match(text):
        return ""
    return "" if BARE.match(text) or is_fragment(text, text != question.strip()) or not terms(text) else text


def by_model(question: str, history: Sequence[Turn], complete: Callable[[list[tuple[str, str]]], str]) -> str:
    """The same by a language model, `complete` giving its answer to messages (role, text); by the rules when that fails.

    The answer must be one line of at most LONGEST characters that ends as a question.
    """
    if not history:
        return question
    told = "\n".join(f"Question: {turn.question}\nAnswer: {MARKER.sub('', turn.answer) or '-'}" for turn in history)
    try:
        said = complete(prompts.load("rewrite").messages(history=told, question=question)).strip()
    except Exception:
        return standalone(question, history)
    fine = said.endswith("?") and len(said) <= LONGEST and len(said.splitlines()) == 1 and len(said) > 1
    return said if fine else standalone(question, history)


def _rewritten(question: str, turns: Sequence[Turn], frame: str) -> str:
    """`turns` hold stand-alone questions, the latest first; `frame` is the one whose place and time hold."""
    if not turns or not leans(question, turns):
        return question
    text = LEAD.sub("", question.strip())
    result = _asked_again(text, turns[0].question) or _exchanged(text, turns) or _filled(text, turns, frame)
    if len(result) > LONGEST:
        result = _resolved(text, turns, short=True)[0]
    if len(result) > LONGEST + len(question):
        return question
    result = re.sub(r"\s+", " ", result).rstrip(" ?.!") + "?"
    return result[0].upper() + result[1:]


# The same question again


def _asked_again(text: str, question: str) -> str:
    """The earlier question asked with another question word ("why?", "when was that?", "who else?"), or both joined."""
    match = BARE.match(text)
    if not match:
        return ""
    asking, clause = match["asking"] or match["again"], parse(question)
    if re.match(r"how \w+$", asking, re.IGNORECASE) and re.match(r"how \w+$", clause.asking, re.IGNORECASE):
        return question.replace(clause.asking, asking, 1)
    adverbial = asking.lower() in {"when", "where", "why", "how"}
    if (adverbial and clause.adverbial and clause.subject) or clause.asking.lower() == asking.lower().split()[0] == "who":
        auxiliary = clause.auxiliary if clause.subject else ""
        return f"{asking} {auxiliary} {clause.subject} {clause.verb} {clause.rest}"
    event = next((m.text for m in candidates(question) if m.kind == "event" and m.named), "")
    return f"{asking} was {event}" if adverbial and event else f"{question.rstrip(' ?')}, and {asking[0].lower()}{asking[1:]}"


def _exchanged(text: str, turns: Sequence[Turn]) -> str:
    """The earlier question with a new thing ("what about the French?", "and in 1990?") in the place of the one most like it."""
    if not is_fragment(text, led=True):
        return ""
    new = _resolved(ABOUT.sub("", text).rstrip(" ?.!"), turns)[0]
    result = question = turns[0].question
    if _SHIFT.match(new):
        return f"{question.rstrip(' ?')} {new}"
    for mention in mentions(new):
        old = _like(mention, mentions(question))
        if old:
            result = result.replace(old.text, mention.text, 1)
        elif mention.kind == "date":
            result = f"{result.rstrip(' ?')} {_preposition(mention)} {mention.text}"
    if result != question:
        return result
    subject = parse(question).subject
    if " of " in subject:
        return question.replace(subject.split(" of ")[0], new, 1)
    return f"What about {new}{_scope(new, question)}"


def _like(new: Mention, old: Sequence[Mention]) -> Mention | None:
    """The mention whose place a new name takes: of its kind, or a name of no known kind; most alike in place and number."""
    vague = {"name", "place", "group", "person", "agent"}
    fitting = [m for m in old if m.named and (m.kind == new.kind or {m.kind, new.kind} <= vague)] if new.named else []

    def alike(mention: Mention) -> tuple[bool, bool, bool, int]:
        longer = abs(len(mention.text.split()) - len(new.text.split()))
        return mention.before == new.before != "", mention.kind == new.kind, mention.plural == new.plural, -longer

    return max(fitting, key=alike, default=None)


# The question filled


def _filled(text: str, turns: Sequence[Turn], frame: str) -> str:
    """The question with its anaphors replaced, and set in the earlier question's place and time where it goes on about them."""
    result, done = _resolved(text, turns)
    result, there = _LEFT.sub("", result), done.get("there")
    past = any(is_past(w) or w.plain in {"did", "was", "were", "had"} for w in words(text))
    vague = set(done) == {"then"} and not re.search(r"\d{4}|century", done["then"].text)
    if not done or (vague and not any(m.named and m.kind != "date" for m in mentions(text))):
        result = _AT_THE_TIME.sub("", result)
        return result + _scope(result, frame)
    if past and (there or any(not m.named for m in done.values())):
        return result + _scope(result, turns[0].question, told=bool(there and there.kind != "event"))
    return result


def _resolved(text: str, turns: Sequence[Turn], short: bool = False) -> tuple[str, dict[str, Mention]]:
    """The text with its anaphors replaced, each kind once, and what each kind stood for."""
    found: dict[str, tuple[re.Match[str], Mention]] = {}
    for match in ANAPHOR.finditer(text):
        kind = class_of(match)
        known = kind in found or ({"they", "them"} & found.keys() and kind in ("they", "them"))
        mention = None if known or settled(text, match) else antecedent(kind, turns)
        if mention:
            found[kind] = match, mention
    chosen = [mention for _, mention in found.values()]
    done = {kind: one for kind, (_, one) in found.items() if not any(one.text in other.text for other in chosen if other != one)}
    result, at = "", 0
    for kind, mention in done.items():
        match = found[kind][0]
        if match.start() >= at:
            said, end = _said(text, match, mention, short)
            result, at = result + text[at : match.start()] + said, end
    return (result + text[at:], done) if done else _named_again(text, turns)


def _named_again(text: str, turns: Sequence[Turn]) -> tuple[str, dict[str, Mention]]:
    """The text with "the tower" as the Eiffel Tower of an earlier question."""
    for word in definite(text):
        for mention in (m for turn in turns for m in mentions(turn.question) if word.stem in {w.stem for w in words(m.text)}):
            if mention.named or mention.full != mention.text:
                return text.replace(f"the {word.text}", mention.full, 1), {"again": mention}
    return text, {}


def _said(text: str, match: re.Match[str], mention: Mention, short: bool) -> tuple[str, int]:
    """The words that take an anaphor's place, and where in `text` they end: "its flag" is "Chile's flag", "the flag of …"."""
    word, end = match[0].lower(), match.end()
    full = mention.text if short else mention.full
    if match["noun"] and mention.kind in ("name", "agent"):
        full = f"the {match['noun']} of {mention.text}"
    if word in {"his", "its", "their"} or (word == "her" and re.match(r" [a-z]", text[end:])):
        found = words(text[end:])
        owned = found[: phrase_end(found, 0)]
        if owned and (full != mention.text or len(words(mention.text)) > LONGEST_OWNER or re.search(_CLAUSE, mention.text)):
            return f"the{text[end : end + owned[-1].end]} of {full}", end + owned[-1].end
        return mention.text + ("'" if mention.text.endswith("s") else "'s"), end
    if word not in ("there", "then") and not match["date"]:
        return full, end
    before = words(text[: match.start()])[-1:]
    placed = any(w.plain in PREPOSITIONS for w in before)
    return mention.text if placed else f"{_preposition(mention)} {mention.text}", end


def _preposition(mention: Mention) -> str:
    return mention.before if mention.before in SITUATING else "in"


def _scope(text: str, question: str, told: bool = True) -> str:
    """What the earlier question sets the new one in: its event, what it states (if `told`), its place and time, or what it names."""
    has = {w.stem for w in words(text)}
    clause, embedded = parse(question), re.search(r" when (.+?)\W*$", question)
    statement = embedded[1] if embedded else _stated(clause)
    spoken = [m for m in mentions(question) if {w.stem for w in words(m.text)} - has - {"the"}]
    events = [m for m in spoken if m.kind == "event" and (m.named or m.full != m.text)]
    fresh = statement and not (clause.subject and clause.subject in text)
    if told and fresh and (embedded or not events):
        return f" when {_without_end(statement, text)}"
    dated = [m for m in spoken if m.kind == "date" and not DATE.search(text)]
    topics = [m for m in spoken if m.kind != "date" and (m.named or m.full != m.text)]
    placed = events or [m for m in spoken if m.kind == "place"] or (topics[:1] if told else [])
    parts = ""
    for mention in sorted([*placed, *dated], key=lambda m: m.start):
        if {w.stem for w in words(mention.full)} - has - {"the"}:
            of = not parts and _ENDS_RELATIONAL.search(text)
            parts += f" {'of' if of else _preposition(mention)} {mention.full}"
            has |= {w.stem for w in words(mention.full)}
    return parts


def _stated(clause: Clause) -> str:
    """What a question takes as given: "the drone killed people near Ketty" in "How many people did the drone kill near Ketty?"."""
    if clause.verb == "have":
        return ""
    if clause.noun and clause.verb and clause.subject:
        return replace(clause, rest=f"{clause.noun} {clause.rest}".strip()).statement()
    return clause.statement() if clause.adverbial else ""


def _without_end(statement: str, text: str) -> str:
    """A statement without the last thing it names, where `text` names that already."""
    for last in mentions(statement)[-1:]:
        if last.text in text and statement.endswith(f" {last.text}"):
            return statement.removesuffix(f" {last.text}").removesuffix(f" {last.before}")
    return statement
