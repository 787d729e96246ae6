"""What happened, by the words that say so: verbs and nouns of one event, and those of its rivals in the same life or history.

"Signed" and "concluded" say one thing of a treaty, "ratified" another. Groups are of the English language and know no topic.
"""

from __future__ import annotations

import re
from functools import lru_cache

from qa.words import stem

_HISTORIES = {
    "life": """
        birth: born birth | death: die died dead death pass perish killed | burial: bury burial buried funeral interred tomb grave lie rest
        | marriage: marry married wed wedding | baptism: baptise baptize christen baptism""",
    "treaty": """
        signing: sign signed signature conclude concluded seal seals initial agreed | ratifying: ratify ratified ratification
        | effect: force effect effective valid | talks: negotiate negotiation talks propose draft | expiry: expire lapse terminate denounce""",
    "work": """
        planning: plan plan propose design commission | founding: found founded founding establish established form formed create created
        creation foundation institute | building: build built building construct construction erect complete completed completion finish
        finished | opening: open opened opening inaugurate inauguration | closing: close closed closing closure shut | ruin: demolish
        destroy destroyed raze | repair: restore restoration rebuild rebuilt repair renovate""",
    "office": """
        election: elect elected election chosen choose nominate | office: office inaugurate inaugurated appoint appointed install sworn
        become became crowned coronation throne accede accession | leaving: resign resignation retire retirement abdicate dismiss oust""",
    "course": """
        beginning: begin began begun start started beginning launch launched commence outbreak onset | end: end ended ending stop stopped
        cease finish finished conclude surrender last lasted""",
    "print": """
        writing: write wrote written compose composed composition author lyrics novel words pen | printing: publish published publication print printed issue
        issued release released appear appeared | performance: perform performed premiere premiered staged | sale: sell sold""",
    "science": """
        discovery: discover discovered discovery find found observe observed detect seen | invention: invent invented invention inventor devise devised develop
        developed patent create created | design: design designed designer plan plans drew draw architect | approval: approve approved approval licence license authorise
        authorize | application: apply applied application submit""",
    "journey": """
        leaving: leave left depart departed departure sail embark | arrival: arrive arrived arrival reach reached enter entered marched |
        launch: launch launched liftoff | return: return returned""",
    "war": """
        taking: take took taken won win seize seized capture captured capturing occupy occupied conquer conquered recapture regain retake control gain overrun fall fell | losing: lose
        lost surrender evict evicted expel expelled drive driven withdraw | attack: attack attacked assault assaulted raid bomb bombard shell | battle: battle fought fight
        fighting clash""",
    "contest": """
        winning: win won winner victory defeat beat took title | losing: lose lost loser | second: runner-up""",
    "ride": "sinking: sink sank sunk founder capsize | crash: crash crashed wreck wreckage collide collision derail came",
}
"""For each history its events, and for each event its words."""

_UNIQUE = frozenset(
    "birth death burial founding building signing ratifying effect writing printing discovery invention design opening".split()
)
_ONLY = re.compile(
    r"\b(?:first|last|oldest|earliest|latest|youngest|final|inaugural|original|only|largest|longest|highest|tallest|deepest|biggest|"
    r"smallest|fastest|most|least|winning)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=1)
def _groups() -> dict[str, frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for history, text in _HISTORIES.items():
        for group in text.split("|"):
            name, _, words = group.partition(":")
            for word in words.split():
                groups.setdefault(stem(word), set()).add(f"{history}.{name.strip()}")
    return {word: frozenset(names) for word, names in groups.items()}


def events_of(one: str) -> frozenset[str]:
    """The events that a stem may name, as "history.event"."""
    return _groups().get(one, frozenset())


def same_event(one: str, other: str) -> bool:
    """Whether two stems may name one event."""
    return one == other or bool(events_of(one) & events_of(other))


def rival_event(one: str, other: str) -> bool:
    """Whether two stems name different events of one history: "born" and "died"."""
    mine, theirs = events_of(one), events_of(other)
    if not mine or not theirs or mine & theirs:
        return False
    return bool({name.partition(".")[0] for name in mine} & {name.partition(".")[0] for name in theirs})


def milestone(one: str) -> bool:
    """Whether a stem names an event in the course of a life, a work, a treaty or the like, of which each has its own date."""
    return any(name.partition(".")[0] in ("life", "treaty", "work", "office", "course", "print") for name in events_of(one))


def happens_once(text: str, stems: frozenset[str]) -> bool:
    """Whether what a question asks about can have happened only once: a birth, a founding, "the first …"."""
    return bool(_ONLY.search(text)) or any(name.partition(".")[2] in _UNIQUE for one in stems for name in events_of(one))


def stems_of_events(events: frozenset[str]) -> frozenset[str]:
    """All stems that may name one of these events."""
    return frozenset(one for one, names in _groups().items() if names & events)
