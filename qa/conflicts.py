"""Disagreements between sentences: different values of one kind for the one fact that the question asks for.

A sentence is read as claims (its clauses, or the items of an infobox fact), each with its speaker, its dates, and the values it
states. Values are compared only between claims that are about what the question asks, at the same time, of the same side; what
differs by more than the wording allows ("more than 60" and 70 do not differ) is a disagreement. No model, nothing of any topic.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

from index.types import Passage
from qa.quantities import Date, Number, dates, numbers
from qa.question import Question
from qa.words import CRITICAL, LIGHT, STOPWORDS, Word, alike, is_name, is_negator, is_verb_form, same_name, words

Stated = tuple[float, Passage, int, float]
"""(probability that the sentence answers the question, its passage, its number there, its similarity with the question)."""
Place = tuple[Passage, int]

CANDIDATES = 12
"""Sentences that are compared at most, the likeliest first."""
NEAR = 0.2
"""How much less similar to the question than the most similar sentence a sentence may be …"""
LIKELY = 0.2
"""… unless its probability is at least this share of the best one's."""
ABOUT = 0.5
"""Share of the question's rarity that a claim must hold (with its title and sections) to be about the fact asked for."""
ROUND = 0.1
"""What "about" allows on each side, as a share of the figure."""
SAME_WORDS = 0.5
"""Share of the shorter claim's words that two claims must share for their names to stand for the same thing."""
DAYS = 3
"""Accounts of one event disagree by this many days at most; beyond that they tell of two events."""

_CLAUSE = re.compile(
    r";\s+|,?\s+(?=(?:while|whereas|but|however|although|though|despite|contrary to)\s)|,\s+(?=which\s+(?:was|were|is|are|has|have|had)\s)|"
    r",\s+(?:and\s+)?(?=[^,;]{3,60}\s(?:said|stated|claimed|reported|according to)\b)"
)
_ITEM = re.compile(r"[,;]\s+(?![^()]*\))")
_SPEECH = re.compile(
    r"\b(?:said|says|saying|state[ds]?|stating|claim(?:s|ed|ing)?|report(?:s|ed|ing)?|announc(?:es?|ed|ing)|told|estimate[ds]?|acknowledged|admitted|"
    r"confirm(?:s|ed)|insist(?:s|ed)|maintain(?:s|ed)|argue[ds]?|counted|assert(?:s|ed)|declared)\b",
    re.IGNORECASE,
)
_ACCORDING = re.compile(r"\b(?:according to|in the words of|as told by)\s+([^,;.()]+)", re.IGNORECASE)
_OUTCOMES = {
    name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    for name, pattern in {
        "dead": r"kill\w*|dead|die[ds]?|deaths?|fatalit\w+|los[ets]+ (?:their|his|her) li[vf]e\w*|loss of life|put to death|execut(?:ed|ing)|massacr\w+|"
        r"slain|slaughter\w*|murder\w*|perish\w*|toll",
        "hurt": r"wound\w*|injur\w+|hurt",
        "held": r"captur\w+|prisoners?|captives?|detain\w*|arrest\w*|hostages?",
        "gone": r"missing|displaced|refugees?|fled|flee\w*|evacuat\w+",
        "lost": r"destroy\w*|damag\w+|sunk|sank",
    }.items()
}
_PARTIAL = re.compile(r"\b(?:including|another|other|additional|further|each|per|every|of (?:them|whom|which)|only|remaining|also|first|besides|plus)\s*(?:at\s+least\s+)?$", re.I)
_SHARE = re.compile(r"^\s*(?:of (?:them|whom|which|those|the)|others?|more|each|per|additional|further)\b|^\s*(?:of|out of)\s+\d", re.IGNORECASE)
_WHOLE = re.compile(r"\b(?:overall|total|in all|altogether|together|combined)\b", re.IGNORECASE)
_ALL_BUT = re.compile(r"\ball (?:but|except) (?P<few>\w+)\b", re.IGNORECASE)
_QUALIFIED = re.compile(r"(?:(?:more|fewer|less|over|about|around|some|nearly|almost|roughly|approximately|up|at|than|to|least|most|an|estimated)\s+){1,3}$", re.IGNORECASE)
_HOW_MANY = re.compile(r"\b(?:how many(?: of)?|(?:number|count|total) of|numbers of)\s+(?P<counted>[^?]*)", re.IGNORECASE)
_HOW_MUCH = re.compile(r"\bhow (?:much|far|long|old|high|tall|deep|large|big|wide|heavy|fast|hot|cold)\b|\bwhat (?:percentage|share|proportion|distance)\b", re.IGNORECASE)
_TOLL = re.compile(r"\b(?:toll|casualt\w+|death count)\b", re.IGNORECASE)
_STRENGTH = re.compile(r"\bhow strong\b|\b(?:strength|size) of\b", re.IGNORECASE)
_WHEN = re.compile(r"\bwhen (?:did|does|do|was|were|is|are|had|has|have|will)\b|\b(?:what|which) (?:date|day|year|month)\b|\bwhen\W*$", re.IGNORECASE)
_WHO = re.compile(r"^\W*(?:who|whom|by whom|which (?:person|man|woman))\b", re.IGNORECASE)
_WHERE = re.compile(r"^\W*(?:where|(?:in |at |to )?(?:which|what) (?:city|town|country|village|place|province|state|region))\b", re.IGNORECASE)
_IS_IT = re.compile(r"^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:den(?:y|ied|ies|ying)|disput(?:e[ds]?|ing)|reject(?:s|ed|ing)|refut(?:e[ds]?|ing)|contradict(?:s|ed)|dismiss(?:es|ed)|neither confirmed|"
    r"not (?:accurate|true|correct|the case)|false(?:ly)?|untrue|incorrect|inaccurate|no (?:evidence|proof))\b",
    re.IGNORECASE,
)
