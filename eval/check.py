"""The proof of a question set against the articles. Gives the faults in words; an empty list is a proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from eval.normalise import contains, fold_space, words
from eval.questions import CATEGORIES, KINDS, Question, Quote
from index.errors import UsageError
from index.lexical import STOP_WORDS

LEAST_QUESTIONS = 200
LEAST_PER_CATEGORY = 15
LONGEST_CONVERSATION = 6
"""Earlier questions of a follow-up at most."""
SHORT_QUOTE = 4
"""A quote of fewer words (an infobox value) must stand only once in its file."""
Repair = Callable[[str], str]


def read_articles(folder: Path, sources: Sequence[str], repair: Repair) -> dict[str, str]:
    """The repaired text of each named file, white space folded. Raises UsageError when the folder is missing."""
    if not folder.is_dir():
        raise UsageError(f"there is no folder of articles {folder}")
    found = {}
    for source in sources:
        path = folder / source.removeprefix(f"{folder.resolve().name}/")
        if path.is_file():
            found[source] = fold_space(repair(path.read_bytes().decode("utf-8")))
    return found


def faults(questions: Sequence[Question], articles: Mapping[str, str], repair: Repair, complete: bool = True) -> list[str]:
    """Every fault of the set, as "id: what is wrong". `articles` maps sources to folded repaired texts.

    `complete` also demands the size of the project's own set: 200 rows, 15 in each of the ten categories.
    """
    found = [*_set_faults(questions, complete)]
    for question in questions:
        for fault in (*_row_faults(question), *_quote_faults(question, articles, repair), *_paraphrase_faults(question)):
            found.append(f"{question.id}: {fault}")
    return found


def _set_faults(questions: Sequence[Question], complete: bool) -> Iterator[str]:
    for name, count in Counter(q.id for q in questions).items():
        if count > 1:
            yield f"{name}: the id is used {count} times"
    for (history, text), count in Counter((q.history, fold_space(q.question).casefold()) for q in questions).items():
        if count > 1:
            yield f"the question {text!r} is asked {count} times" + (" in the same conversation" if history else "")
    if not complete:
        return
    if len(questions) < LEAST_QUESTIONS:
        yield f"there are {len(questions)} questions, fewer than {LEAST_QUESTIONS}"
    counts = Counter(q.category for q in questions)
    for category in CATEGORIES:
        if counts[category] < LEAST_PER_CATEGORY:
            yield f"{category} has {counts[category]} questions, fewer than {LEAST_PER_CATEGORY}"


def _row_faults(question: Question) -> Iterator[str]:
    if question.category not in CATEGORIES:
        yield f"{question.category!r} is not one of {', '.join(CATEGORIES)}"
    if question.category == "unanswerable":
        if question.gold or question.evidence:
            yield "an unanswerable question has no gold and no evidence"
        if question.kind not in KINDS:
            yield f"kind must be one of {', '.join(KINDS)}"
        return
    if not question.gold or not all(question.gold):
        yield "there is no gold answer"
    if not question.evidence or not all(question.evidence):
        yield "there is no evidence"
    if question.category == "conflict" and not 2 <= len(question.gold) == len(question.evidence):
        yield "a conflict needs one group of gold and one of evidence for each side, two or more"
    if question.category == "multi_hop" and len(question.evidence) < 2:
        yield "a multi-hop question needs two groups of evidence"
    if question.category == "follow_up":
        yield from _conversation_faults(question)
    elif question.history:
        yield "only a follow-up has a history"


def _conversation_faults(question: Question) -> Iterator[str]:
    if not 1 <= len(question.history) <= LONGEST_CONVERSATION:
        yield f"a follow-up has one to {LONGEST_CONVERSATION} earlier questions"
    if not question.standalone:
        yield "a follow-up needs its standalone wording"
    if not question.conversation:
        yield "a follow-up names its conversation"


def _quote_faults(question: Question, articles: Mapping[str, str], repair: Repair) -> Iterator[str]:
    quotes = [quote for group in question.evidence for quote in group]
    for quote in quotes:
        yield from _one_quote(quote, articles, repair)
    proof = " ; ".join(repair(quote.quote) for quote in quotes)
    for alternative in (alternative for group in question.gold for alternative in group):
        if not contains(proof, alternative):
            yield f"the gold answer {alternative!r} is in none of its quotes"


def _one_quote(quote: Quote, articles: Mapping[str, str], repair: Repair) -> Iterator[str]:
    if quote.source not in articles:
        yield f"{quote.source} is not an article"
        return
    times = articles[quote.source].count(fold_space(repair(quote.quote)))
    if times == 0:
        yield f"{quote.source} does not say {quote.quote!r}"
    elif times > 1 and len(words(quote.quote)) < SHORT_QUOTE:
        yield f"the quote {quote.quote!r} stands {times} times in {quote.source}"


def _paraphrase_faults(question: Question) -> Iterator[str]:
    if question.category != "paraphrase":
        return
    evidence = frozenset().union(*(content_stems(quote.quote) for group in question.evidence for quote in group))
    shared = content_stems(question.question) & evidence
    if shared:
        yield f"the paraphrase shares {', '.join(sorted(shared))} with its evidence"


def content_stems(text: str) -> frozenset[str]:
    """Snowball stems (English, "Porter 2") of the words that are not stop words; numbers count."""
    return frozenset(_stem(word) for word in words(text) if word not in STOP_WORDS)


@cache
def _stem(word: str) -> str:
    import snowballstemmer

    return snowballstemmer.stemmer("english").stemWord(word)
