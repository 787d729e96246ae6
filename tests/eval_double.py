"""A system for tests of the evaluation: it answers by word overlap with a few fixed sentences, and depends only on them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from eval.normalise import words
from eval.questions import Question, Quote
from eval.systems import System
from index.types import Hit, Passage, Sentence
from qa.types import Answer, Citation, Claim, Turn

FACTS = [f"Town number {n} fell to the column of captain {n} in the year {1900 + n}." for n in range(40)]
ARTICLE = "\n".join(FACTS)


def questions() -> list[Question]:
    """Forty answerable rows in two categories, ten unanswerable ones, and one conversation of two rows."""
    rows = [
        Question(
            f"q-{n}", "single_fact" if n % 2 else "paraphrase", f"Who took town number {n}?", ((f"captain {n}",),), evidence(n)
        )
        for n in range(40)
    ]
    rows += [
        Question(f"none-{n}", "unanswerable", f"Who is the mayor {n} hated?", kind="plausible", answerable=False)
        for n in range(10)
    ]
    for n, earlier in ((1, ("town number 5?",)), (2, ("town number 5?", "captain 5?"))):
        rows.append(Question(f"f-{n}", "follow_up", "year 1905?", (("1905",),), evidence(5), earlier, "conv", "Which year?"))
    return rows


def evidence(number: int) -> tuple[tuple[Quote, ...], ...]:
    return ((Quote("facts.txt", FACTS[number]),),)


def passages() -> list[Passage]:
    found, at = [], 0
    for number, fact in enumerate(FACTS):
        sentence = Sentence(fact, fact, at, at + len(fact), number + 1)
        found.append(Passage(f"p{number}", "seeds/facts.txt", "", "Facts", (), "prose", (sentence,)))
        at += len(fact) + 1
    return found


PASSAGES = passages()
Order = Callable[[list[Hit]], list[Hit]]


def search(question: str, order: Order = lambda hits: hits) -> list[Hit]:
    """All passages by shared words; ties by number."""
    asked = set(words(question))
    hits = [Hit(p, len(asked & set(words(p.text))) / max(len(asked), 1)) for p in PASSAGES]
    return order(sorted(hits, key=lambda hit: -hit.score))[:20]


def prove(citation: Citation) -> str:
    return "same" if ARTICLE[citation.start : citation.end] == citation.quote else "changed"


def system(
    order: Order = lambda hits: hits, shift: int = 0, threshold: float = 0.5, workers: int = 1, asked: list[str] | None = None
) -> System:
    """`order` breaks the ranking, `shift` the offsets, `threshold` 0 the abstention; `asked` collects what was asked."""

    def answer_above(least: float) -> Callable[[str, Sequence[Turn]], Answer]:
        def answer(question: str, history: Sequence[Turn]) -> Answer:
            if asked is not None:
                asked.append(" | ".join([*(f"{turn.question}→{turn.answer}" for turn in history), question]))
            hit = search(question, order)[0]
            confidence = round(hit.score + int(hashlib.sha256(question.encode()).hexdigest()[:2], 16) / 2000, 4)
            passage = hit.passage
            if confidence < least:
                return Answer(question, question, "abstained", "", confidence, timings_ms={"total": 1.0})
            cited = Citation(
                1,
                passage.source,
                "",
                "Facts",
                (),
                passage.text,
                passage.start + shift,
                passage.end + shift,
                passage.line,
                passage.id,
            )
            claim = Claim(passage.text, 0, len(passage.text), (1,), "quoted")
            return Answer(
                question,
                question,
                "answered",
                passage.text + " [1]",
                min(confidence, 1.0),
                (claim,),
                (cited,),
                timings_ms={"total": 2.0},
            )

        return answer

    return System(
        name="double",
        answer=answer_above(threshold),
        search=lambda question: search(question, order),
        prove=prove,
        repair=lambda text: text,
        force=answer_above(0.0),
        settings={"threshold": threshold},
        index={"generation": "g1"},
        workers=workers,
    )
