"""The words of a sentence as they are compared: folded, stemmed, and told apart into names, negations, hedges and the rest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from qa.tokens import is_proper

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?:;\"“”•\n(]")

STOPWORDS = frozenset(
    """a about above after again all also although am among amongst an and any are as at be because been before being between both but by
    can could did do does doing down during each either even every few for from further had has have having he her here hers him his how
    however i if in into is it its itself just least many may me might more moreover most much must my near no nor not of off on once
    one only onto or other others our out over own per rather same shall she should since so some such than that the their theirs them
    then there thereby therefore these they this those though through thus to together too toward towards under until up upon us very
    via was we were what when where whereas which while who whom whose why will with within without would yet you your""".split()
)
PRONOUNS = frozenset("he she it they him her them his hers its their theirs this these those both former latter who which".split())
TITLES = frozenset(
    """president minister colonel general captain major lieutenant sergeant commander chief king queen prince mr mrs ms dr sir lord
    secretary chairman leader deputy ambassador professor governor mayor senator pope saint battle operation war group""".split()
)
NEGATORS = frozenset("not never no none neither nor cannot without unable failed fail fails refused refuse refuses declined hardly nobody".split())
HEDGES = frozenset(
    """might could may possibly perhaps allegedly reportedly supposedly suspected alleged probably likely unlikely planned attempted tried
    threatened intended hoped wanted unconfirmed""".split()
)
_PLURALS = ("men", "women", "children", "people", "dead")
# Phrases that take back the whole clause after them.
_TAKES_BACK = re.compile(
    r"\b(?:not (?:true|correct|the case)|false(?:ly)?|untrue|den(?:y|ied|ies|ying)|disput(?:e|ed|es)|no (?:evidence|proof|sign)|contrary to|"
    r"rather than|instead of|unless|doubt(?:s|ed)?|refut(?:e|ed|es)|wrongly|mistakenly)\b",
    re.IGNORECASE,
)
LIGHT = frozenset(
    """take took taken place happen happened occur occurred hold held fight fought last lasted lose lost suffer suffered include included list
    listed report reported record recorded give given total number numbered amount amounted count counted name named call called known
    consist consisted comprise comprised involve involved made make""".split()
)
"""Verbs with which a sentence states what a fact of an infobox lists; they add nothing to it."""
CRITICAL = frozenset(
    """second minute hour day week month year decade century morning noon afternoon evening night metre meter kilometre kilometer km mile foot
    acre hectare ton tonne kilogram kg litre north south east west northern southern eastern western northeast northwest southeast
    southwest dollar euro pound franc""".split()
)
"""Words of measure, time of day and direction: one in the claim that is not in the quote changes a fact."""
_ALIKE = [
    frozenset(line.split())
    for line in """troop soldier fighter combatant militant force man warrior insurgent rebel guerrilla|killed dead died death fatality
    |people person member individual human|inhabitant resident local citizen|aircraft plane jet airplane fighter|vehicle car truck pick
    |prisoner captive captured|wounded injured hurt|casualty loss|demonstrator protester protestor|missile rocket|village town city
    |attack assault offensive strike raid""".split("|")
]
_DEMONYM_ENDINGS = ("n", "an", "ian", "ean", "nian", "ese", "i", "ish", "s", "ns", "ans", "ians", "is")
_DEMONYMS = {
    word: place
    for place, words in {
        "france": "french",
        "spain": "spanish spaniard",
        "britain": "british",
        "netherlands": "dutch",
        "germany": "german germans",
        "poland": "polish",
        "turkey": "turkish turks",
        "greece": "greek greeks",
        "china": "chinese",
        "portugal": "portuguese",
        "denmark": "danish",
        "sweden": "swedish",
        "norway": "norwegian",
        "finland": "finnish",
        "ireland": "irish",
        "switzerland": "swiss",
        "wales": "welsh",
        "scotland": "scottish",
        "england": "english",
        "europe": "european",
        "iceland": "icelandic",
        "niger": "nigerien nigeriens",
        "burkina": "burkinabe",
        "ivory": "ivorian",
    }.items()
    for word in words.split()
}
_IRREGULAR = {
    form: base
    for base, *forms in (
        line.split()
        for line in """arise arose arisen|bear bore borne|beat beaten|become became|begin began begun|bind bound|blow blew blown
        |break broke broken|bring brought|build built|burn burnt|buy bought|catch caught|choose chose chosen|come came|deal dealt
        |die dead died|dig dug|do did done|draw drew drawn|drink drank drunk|drive drove driven|eat ate eaten|fall fell fallen|feed fed
        |feel felt|fight fought|find found|flee fled|fly flew flown|forbid forbade forbidden|forget forgot forgotten|freeze froze frozen
        |get got gotten|give gave given|go went gone|grow grew grown|hang hung|hear heard|hide hid hidden|hold held|keep kept|know knew known
        |lay laid|lead led|learn learnt|leave left|lend lent|lie lay lain|lose lost loss|make made|mean meant|meet met|pay paid|ride rode ridden
        |ring rang rung|rise rose risen|run ran|say said|see saw seen|seek sought|sell sold|send sent|shake shook shaken|shoot shot
        |show shown|shrink shrank shrunk|sing sang sung|sink sank sunk|sit sat|sleep slept|speak spoke spoken|spend spent|split|stand stood
        |steal stole stolen|stick stuck|strike struck stricken|swear swore sworn|swim swam swum|take took taken|teach taught|tear tore torn
        |tell told|think thought|throw threw thrown|undergo underwent undergone|understand understood|wear wore worn|win won|withdraw withdrew
        withdrawn|write wrote written|overthrow overthrew overthrown|overrun overran|retake retook retaken|undertake undertook undertaken
        |man men|woman women|child children|person people""".split("|")
    )
    for form in forms
}
_OPPOSITES = """win lose|accept reject|support oppose|begin end|start end|start stop|increase decrease|rise fall|north south|northern southern
    |east west|eastern western|first last|arrive leave|arrive depart|enter leave|alive dead|attack defend|advance retreat|agree refuse
    |allow forbid|allow ban|ally enemy|best worst|birth death|buy sell|capture free|close open|confirm deny|create destroy|build destroy
    |defeat victory|enable prevent|friend enemy|gain lose|guilty innocent|high low|large small|major minor|majority minority|major minority
    |military civilian|more fewer|more less|after before|above below|new old|offensive defensive|peace war|positive negative|praise condemn
    |safe dangerous|secure insecure|strong weak|success failure|succeed fail|true false|unite divide|young old|captured lost|hold lose|take lose
    |recapture lose|control lose|arrest release|condemn welcome|join leave|kill wound|kill injure|kill capture|wound capture|stop continue|end continue|cease continue|legal illegal|public private|ruling opposition"""


@dataclass(frozen=True, slots=True)
class Word:
    """A word at `[start, end)`. `plain` is folded (small letters, no accents, no possessive), `stem` is its comparable root.

    `capital`: written with a capital or as a code; `begins`: first of its sentence; `joined`: only a space stands before it.
    """

    text: str
    plain: str
    stem: str
    start: int
    end: int
    capital: bool
    begins: bool
    joined: bool


def words(text: str) -> list[Word]:
    """The words of `text` in order; hyphens and points part words, apostrophes do not."""
    found: list[Word] = []
    at = 0
    for match in _WORD.finditer(text):
        gap = text[at : match.start()]
        begins = not found or bool(_SENTENCE_END.search(gap))
        capital = match[0][0].isupper() or any(c.isdigit() for c in match[0])
        plain = fold(match[0])
        found.append(Word(match[0], plain, stem(plain), *match.span(), capital, begins, gap in (" ", "-", "–")))
        at = match.end()
    return found


def fold(text: str) -> str:
    """Small letters without accents, straight apostrophes, no possessive ending."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    bare = bare.replace("’", "'")
    return bare[:-2] if bare.endswith("'s") else bare.rstrip("'")


@lru_cache(maxsize=1)
def _stemmer():  # type: ignore[no-untyped-def]
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=50_000)
def stem(plain: str) -> str:
    """The root of a folded word: irregular forms by a table, the others by Porter's second stemmer (Snowball, English)."""
    base = _IRREGULAR.get(plain, plain)
    return _stemmer().stemWord(base) if base.isascii() and base.isalpha() else base


def is_name(word: Word) -> bool:
    """Whether a word is (part of) a proper name or a code such as `C-130`. Titles are not: "President" adds no identity."""
    if not word.capital or word.plain in TITLES:
        return False
    if any(c.isdigit() for c in word.text):
        return True
    if word.begins and not _is_acronym(word.text):
        return word.plain not in STOPWORDS and is_proper(word.plain)
    return word.plain not in STOPWORDS or _is_acronym(word.text)


def _is_acronym(text: str) -> bool:
    return len(text) > 1 and sum(c.isupper() for c in text) > len(text) / 2


def same_name(one: str, other: str) -> bool:
    """Whether two folded words spell one name: equal, place and people (Mali, Malian), or one letter apart (Ghaly, Ghali)."""
    if one == other:
        return True
    if _DEMONYMS.get(one, one) == _DEMONYMS.get(other, other):
        return True
    short, long = sorted((one, other), key=len)
    if len(short) >= 4 and long.startswith(short[:-1]) and any(long in (short + e, short[:-1] + e) for e in _DEMONYM_ENDINGS if len(e) > 1 or long[-1] != "s"):
        return True
    return len(short) >= 5 and short[0] == long[0] and short.isalpha() and long.isalpha() and _one_edit(short, long)


def _one_edit(short: str, long: str) -> bool:
    """Whether one letter changed, added or dropped makes the words equal."""
    if len(long) - len(short) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[at:] == long[at + 1 :] or short[at + 1 :] == long[at + 1 :]


def opposite(one: str, other: str) -> bool:
    """Whether two stems are opposites ("won" and "lost")."""
    return (one, other) in _opposite_stems()


def alike(one: str, other: str) -> bool:
    """Whether two stems may count the same things: equal, near synonyms ("troops", "fighters"), or one as wide as "people"."""
    return one == other or any(one in group and other in group for group in _alike_stems()) or one in _alike_stems()[2]


@lru_cache(maxsize=1)
def _alike_stems() -> list[frozenset[str]]:
    return [frozenset(stem(word) for word in group) for group in _ALIKE]


@lru_cache(maxsize=1)
def _opposite_stems() -> frozenset[tuple[str, str]]:
    pairs = [pair.split() for pair in _OPPOSITES.split("|")]
    return frozenset((stem(a), stem(b)) for pair in pairs for a, b in (pair, pair[::-1]))


def is_verb_form(word: Word) -> bool:
    """Whether a word looks like a verb in the past: an irregular form or one that ends in -ed."""
    return (word.plain in _IRREGULAR and word.plain not in _PLURALS) or (word.plain.endswith("ed") and len(word.plain) > 4)


def is_negator(word: Word) -> bool:
    return word.plain in NEGATORS or word.plain.endswith("n't")


def taken_back(text: str) -> int:
    """Where the part of `text` begins that the text itself denies ("it is not true that …"); its length when there is none."""
    match = _TAKES_BACK.search(text)
    return match.end() if match else len(text)


_DEFINED = re.compile(r"\(([A-Z][\w./-]{1,11})\)")


def definitions(text: str) -> list[tuple[str, str]]:
    """Pairs (short form, long form) that a text states as "Long Form (LF)".

    The long form is the run of capitalised words before the bracket where most of their initials are the short form's letters (in
    any order: MNLA is the National Movement for the Liberation of Azawad); else the shortest one that holds the letters in order.
    """
    found = []
    for match in _DEFINED.finditer(text):
        before = re.split(r"[()\n]", text[max(0, match.start() - 120) : match.start()])[-1].rstrip()
        short = re.sub(r"[^a-z]", "", match[1].lower())
        start = _run_of_capitals(short, before)
        start = _long_form(short, before) if start is None else start
        if short and start is not None:
            found.append((match[1], before[start:]))
    return found


_CAPITALS = re.compile(r"[A-ZÀ-Þ][\w'’-]*(?:,?\s(?:(?:and|of|the|for|in|on|to|de|du|des|la|le|les|et|pour|d)\s)*[A-ZÀ-Þ][\w'’-]*)+$")


def _run_of_capitals(short: str, before: str) -> int | None:
    match = _CAPITALS.search(before)
    if not match:
        return None
    initials = [word[0].lower() for word in match[0].split() if word[0].isupper()]
    shared = sum(min(initials.count(letter), short.count(letter)) for letter in set(short))
    return match.start() if shared >= max(2.0, 0.6 * max(len(initials), len(short))) else None


def _long_form(short: str, before: str) -> int | None:
    """Where the long form begins: the letters are found from the last back, the first one at the start of a capitalised word.

    Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions", PSB 2003, section 2.
    """
    at = len(before)
    for letter in reversed(short):
        at -= 1
        while at >= 0 and (before[at].lower() != letter or (letter == short[0] and at > 0 and before[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return None
    return at if before[at].isupper() else None


def groups(aliases: Mapping[str, str], texts: Iterable[str]) -> list[frozenset[tuple[str, ...]]]:
    """Names that mean one thing, as folded words: the given map (variant to name) joined with what the texts define."""
    sets: list[set[tuple[str, ...]]] = []
    pairs = [*aliases.items(), *(pair for text in texts for pair in definitions(text))]
    for one, other in pairs:
        names = {tuple(word.plain for word in words(name)) for name in (one, other)} - {()}
        touching = [group for group in sets if group & names]
        sets = [group for group in sets if not group & names] + [names.union(*touching)]
    return [frozenset(group) for group in sets]
