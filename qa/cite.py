"""From a model's text to claims with citations: each sentence is tied to the quote that bears it out, or marked unsupported.

A marker `[n]` means the n-th shown passage and nothing else. A claim is judged against the single sentences, and the pairs of
neighbouring sentences, of the passages it names; a claim that names none may be attributed to any shown passage, by a stricter
measure. What an unsupported claim named is not cited: a citation is always a proof.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from index.types import Passage, Sentence
from qa.claims import Found, markers, parse, plain
from qa.planted import planted
from qa.quoted import proof
from qa.reading import overlap, read, verbatim
from qa.support import Verdict, judge
from qa.types import Citation, Claim, Support

Similarity = Callable[[str, Sequence[str]], Sequence[float]]
"""Cosines of one text with each of several."""

CLEAR = 0.75
"""Overlap from which a claim without a marker may be attributed to a passage."""
WHOLE = 0.85
"""Overlap from which one sentence is what the claim was made from."""
FULLER = 0.25
"""How much more of a claim two sentences must hold than one that bears it out, to be cited instead."""
CLOSE = 0.4
"""Share of an unsupported claim's words that a quote must hold to replace it (policy `repair`), and two at least that mean something."""

_LIST_MARK = re.compile(r"(?:[-*•]|\d{1,2}[.)])\s+$")


@dataclass(frozen=True, slots=True)
class Cited:
    """The parts of an `Answer` that come from the model's text. `notices` say what the policy changed."""

    answer: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    unresolved_markers: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quote that a claim can be judged against: one sentence, or two neighbours, of a shown passage."""

    passage: Passage
    sentences: tuple[Sentence, ...]
    context: str

    @property
    def text(self) -> str:
        return " ".join(sentence.text for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was decided of one claim: its support, the evidence for it (or the nearest), and why not."""

    support: Support
    evidence: tuple[Evidence, ...] = ()
    reasons: tuple[str, ...] = ()


def cite(
    text: str,
    shown: Sequence[Passage],
    policy: str = "flag",
    similarity: Similarity | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Cited:
    """Claims and citations of a whole answer. `shown` are the passages in the order of their numbers, from 1.

    `policy`: `flag` keeps unsupported sentences and marks them, `strict` leaves them out and says so, `repair` puts the nearest
    quote in their place where there is one and leaves them out otherwise.
    """
    draft = Draft(shown, policy, similarity, aliases or {})
    text = plain(text)
    found = parse(text, copyable(shown))
    for claim in found:
        draft.add(claim)
    if not found:
        draft.note_markers(number for marker in markers(text) for number in marker.numbers)
    return draft.result()


def copyable(shown: Sequence[Passage]) -> list[str]:
    """The sentences that a claim may copy word for word, brackets included; none that speaks to a language model."""
    return [
        sentence.text
        for passage in shown
        for sentence, mark in zip(passage.sentences, _planted(passage), strict=True)
        if not mark
    ]


def _planted(passage: Passage) -> list[bool]:
    return planted([sentence.text for sentence in passage.sentences])


def evidence(passage: Passage) -> list[Evidence]:
    """All that a claim about `passage` can be judged against: single sentences first, then neighbours.

    What speaks to a language model is no evidence.
    """
    sentences, marks = passage.sentences, _planted(passage)
    found = []
    for size in (1, 2):
        for n in range(len(sentences) - size + 1):
            before = " ".join(sentence.text for sentence in sentences[max(0, n - 2) : n])
            if not any(marks[n : n + size]):
                found.append(Evidence(passage, sentences[n : n + size], before))
    return found


def rule(
    claim: str,
    passages: Sequence[Passage],
    similarity: Similarity | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Ruling:
    """Judge a claim against the passages it names."""
    known = [item for passage in passages for item in _worth_judging(claim, evidence(passage))]
    exact = next((item for item in known if verbatim(claim) in (verbatim(item.text), verbatim(item.sentences[0].quote))), None)
    if exact and len(exact.sentences) == 1:
        return Ruling("quoted", (exact,))
    known.sort(key=lambda item: len(item.sentences))
    verdict = _judge(claim, [item for item in known if len(item.sentences) == 1], None, aliases)
    if verdict.overlap < WHOLE:
        both = _judge(claim, known, None, aliases)
        verdict = both if verdict.support == "unsupported" or both.overlap >= verdict.overlap + FULLER else verdict
    if verdict.support == "unsupported" and similarity is not None:
        near = [item for item in known if overlap(read(claim), read(item.text)) > 0]
        by_meaning = _judge(claim, near, similarity(claim, [item.text for item in near]) if near else None, aliases)
        if by_meaning.support != "unsupported":
            known, verdict = near, by_meaning
    if verdict.support == "unsupported" and len(passages) > 1:
        return _rule_together(claim, passages, aliases) or _ruling(verdict, known)
    return _ruling(verdict, known)


def _worth_judging(claim: str, known: Sequence[Evidence]) -> list[Evidence]:
    """Without the pairs of sentences where one sentence alone holds nearly all of the claim's words.

    What that one contradicts, its neighbour cannot put right.
    """
    single = max((overlap(read(claim), read(item.text)) for item in known if len(item.sentences) == 1), default=0.0)
    return [item for item in known if len(item.sentences) == 1 or single < WHOLE]


def _ruling(verdict: Verdict, known: Sequence[Evidence]) -> Ruling:
    return Ruling(verdict.support, () if verdict.best is None else (known[verdict.best],), verdict.reasons)


def _judge(claim: str, known: Sequence[Evidence], near: Sequence[float] | None, aliases: Mapping[str, str] | None) -> Verdict:
    return judge(
        claim,
        [item.text for item in known],
        near,
        contexts=[item.context for item in known],
        headers=[item.passage.header for item in known],
        aliases=aliases,
    )


def _rule_together(claim: str, passages: Sequence[Passage], aliases: Mapping[str, str] | None) -> Ruling | None:
    """A claim that joins what two passages say: the nearest sentence of each, read as one quote."""
    known = [items for passage in passages if (items := evidence(passage))]
    nearest = [max(items, key=lambda item: _closeness(claim, item.text)) for items in known]
    nearest = sorted(nearest, key=lambda item: -_closeness(claim, item.text))[:2]
    joined = " ".join(item.text for item in nearest)
    header = " ".join(item.passage.header for item in nearest)
    verdict = judge(claim, [joined], contexts=[" ".join(item.context for item in nearest)], headers=[header], aliases=aliases)
    return Ruling(verdict.support, tuple(nearest)) if verdict.support != "unsupported" else None


def attribute(claim: str, shown: Sequence[Passage], aliases: Mapping[str, str] | None = None) -> Ruling:
    """A ruling on a claim that names no passage: borne out only where one shown passage clearly does so."""
    ruling = rule(claim, shown, None, aliases)
    if ruling.support == "supported":
        best = ruling.evidence[0]
        if len(ruling.evidence) > 1 or overlap(read(claim), read(best.text)) < CLEAR:
            return Ruling("unsupported", ruling.evidence, ("it names no passage, and none clearly says so",))
    return ruling


def _shared(claim: str, quote: str) -> int:
    """How many words that carry meaning, names and figures included, a claim and a quote share."""
    mine, theirs = read(claim), read(quote)
    weighty = {*mine.content, *mine.names, *mine.figures}
    return len({mine.words[n].stem for n in weighty} & theirs.stems)


def _closeness(claim: str, quote: str) -> float:
    """The share of the claim's words, names and figures included, that stand in the quote; ties go to the shorter quote."""
    mine, theirs = read(claim), read(quote)
    return len(mine.stems & theirs.stems) / max(1, len(mine.stems)) - len(theirs.words) / 10_000


@dataclass(slots=True)
class Draft:
    """An answer as it grows, claim by claim; citations are numbered from 1 in the order of their use, one for each quote."""

    shown: Sequence[Passage]
    policy: str = "flag"
    similarity: Similarity | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""
    claims: list[Claim] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    left_out: int = 0
    replaced: int = 0

    def add(self, found: Found) -> Claim | None:
        """Rule on the next sentence and add it; None when the policy leaves it out."""
        self.note_markers(found.numbers)
        named = [self.shown[number - 1] for number in found.numbers if 1 <= number <= len(self.shown)]
        if named:
            ruling = rule(found.text, named, self.similarity, self.aliases)
        else:
            ruling = attribute(found.text, self.shown, self.aliases)
        if ruling.support != "unsupported":
            return self._append(found.before, found.text, ruling)
        if self.policy == "flag":
            return self._append(found.before, found.text, Ruling("unsupported"))
        repaired = self._repair(found.text, named) if self.policy == "repair" else None
        if repaired and repaired.evidence[0].text not in {claim.text for claim in self.claims}:
            self.replaced += 1
            return self._append(found.before, repaired.evidence[0].text, repaired)
        self.left_out += 1
        return None

    def note_markers(self, numbers: Iterable[int]) -> None:
        """Remember the markers that name no shown passage."""
        for number in numbers:
            if not 1 <= number <= len(self.shown) and f"[{number}]" not in self.unresolved:
                self.unresolved.append(f"[{number}]")

    def result(self) -> Cited:
        return Cited(self.answer, tuple(self.claims), tuple(self.citations), tuple(self.unresolved), tuple(self._notices()))

    def _notices(self) -> list[str]:
        count = {1: "1 sentence"}
        notices = []
        if self.left_out:
            notices.append(f"{count.get(self.left_out, f'{self.left_out} sentences')} left out: the passages do not bear it out")
        if self.replaced:
            notices.append(f"{count.get(self.replaced, f'{self.replaced} sentences')} of the model replaced by a quote")
        return notices

    def _repair(self, claim: str, named: Sequence[Passage]) -> Ruling | None:
        for passages in (named, self.shown):
            known = [item for passage in passages for item in evidence(passage) if len(item.sentences) == 1]
            known = [item for item in known if overlap(read(claim), read(item.text)) >= CLOSE and _shared(claim, item.text) > 1]
            best = max(known, key=lambda item: _closeness(claim, item.text), default=None)
            if best and _closeness(claim, best.text) >= CLOSE:
                return Ruling("quoted", (best,))
        return None

    def _append(self, before: str, text: str, ruling: Ruling) -> Claim:
        numbers = tuple(dict.fromkeys(self._number(item.passage, s) for item in ruling.evidence for s in item.sentences))
        self.answer += _gap(before, bool(self.answer))
        claim = Claim(text, len(self.answer), len(self.answer) + len(text), numbers, ruling.support)
        self.answer += text + (" " if numbers else "") + "".join(f"[{number}]" for number in numbers)
        self.claims.append(claim)
        return claim

    def _number(self, passage: Passage, sentence: Sentence) -> int:
        for known in self.citations:
            if (known.sha256, known.source, known.start, known.end) == (
                passage.sha256,
                passage.source,
                sentence.start,
                sentence.end,
            ):
                return known.number
        number = len(self.citations) + 1
        self.citations.append(proof(number, passage, sentence))
        return number


def _gap(before: str, follows: bool) -> str:
    """What is kept of the text between two claims: a line break and a list's mark, or one space."""
    mark = _LIST_MARK.search(before)
    line = "\n" if follows and "\n" in before else " " if follows else ""
    return line + (" ".join(mark[0].split()) + " " if mark else "")
