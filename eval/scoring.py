"""From what was seen for one question to its figures. A figure is None where it does not apply, so every mean is of fit rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from eval import metrics
from eval.matching import answers_gold, cited_groups, ranked_groups, shows_conflict
from eval.normalise import without_markers
from eval.questions import Question
from index.types import Hit
from qa.types import Answer

BUDGET_WORDS = 750
"""About a thousand tokens: what a small language model can be shown."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure's name, how it is shown, and which direction is better ("" for neither)."""

    name: str
    title: str
    better: Literal["higher", "lower", ""]


METRICS = (
    Metric("recall@1", "Evidence recall@1", "higher"),
    Metric("recall@3", "Evidence recall@3", "higher"),
    Metric("recall@5", "Evidence recall@5", "higher"),
    Metric("recall@10", "Evidence recall@10", "higher"),
    Metric("success@5", "All evidence in the first 5", "higher"),
    Metric("ndcg@10", "nDCG@10", "higher"),
    Metric("mrr@10", "MRR@10", "higher"),
    Metric("recall@750w", "Evidence recall in 750 words", "higher"),
    Metric("success@750w", "All evidence in 750 words", "higher"),
    Metric("correct", "Right (abstains where it should)", "higher"),
    Metric("correct_answered", "Right among the answered", "higher"),
    Metric("token_f1", "Token F1", "higher"),
    Metric("citation_recall", "Citation recall", "higher"),
    Metric("citation_precision", "Citation precision", "higher"),
    Metric("proof_rate", "Citations proved by the file", "higher"),
    Metric("unsupported", "Unsupported sentences", "lower"),
    Metric("abstention_recall", "Abstains on unanswerable (recall)", "higher"),
    Metric("abstention_precision", "Abstentions that were due (precision)", "higher"),
    Metric("conflict_recall", "Conflicts shown with all sides", "higher"),
    Metric("false_conflict", "False conflicts", "lower"),
    Metric("answer_words", "Words an answer", ""),
    Metric("prompt_tokens", "Prompt tokens a question", ""),
    Metric("answer_tokens", "Answer tokens a question", ""),
    Metric("cost", "Cost a question", ""),
    Metric("judge_correct", "Right, by the judge", "higher"),
    Metric("judge_faithful", "Faithful, by the judge", "higher"),
    Metric("aurc", "Area under risk–coverage", "lower"),
    Metric("ece", "Calibration error (ECE)", "lower"),
    Metric("ece_expected", "ECE of perfect confidences on as many questions", ""),
    Metric("ece_debiased", "Calibration error without chance (RMS)", "lower"),
)
SET_METRICS: dict[str, Callable[[Sequence[float], Sequence[float]], float]] = {
    "aurc": metrics.area_under_risk_coverage,
    "ece": metrics.calibration_error,
    "ece_expected": lambda confidence, right: metrics.expected_calibration_error(confidence),
    "ece_debiased": metrics.debiased_calibration_error,
}
"""Those that are no mean over rows: functions of all confidences and whether each answer was right."""
Scores = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Observation:
    """All that was seen for one question; `proofs` are of the citations, `forced` is the answer behind an abstention."""

    answer: Answer
    hits: tuple[Hit, ...]
    proofs: tuple[str, ...]
    forced: Answer | None = None


def score(question: Question, seen: Observation, repair: Callable[[str], str]) -> Scores:
    """The figures of one question by name (see METRICS)."""
    return {
        **retrieval(question, seen, repair),
        **_answer(question, seen.answer),
        **_citations(question, seen, repair),
        **_abstention(question, seen.answer),
        **_conflicts(question, seen.answer),
        **{name: seen.answer.usage.get(name) for name in ("prompt_tokens", "answer_tokens", "cost")},
    }


def is_right(question: Question, answer: Answer) -> bool:
    """Answerable: not abstained, and every group of gold is in the text. Unanswerable: abstained."""
    if not question.answerable:
        return answer.status == "abstained"
    return answer.status != "abstained" and answers_gold(without_markers(answer.answer), question.gold)


def selective(question: Question, seen: Observation) -> tuple[float, float]:
    """(confidence, 1 or 0 for right) of the answer that the system has, given or held back: what `confidence` speaks of.

    An unanswerable question has no right answer. An abstention with no answer behind it counts as not right.
    """
    answer = seen.forced or seen.answer
    return round(answer.confidence, 3), float(question.answerable and is_right(question, answer))


def retrieval(question: Question, seen: Observation, repair: Callable[[str], str]) -> Scores:
    """The figures of the ranking alone; none for a question without evidence."""
    grades = [grade for _, grade in question.relevant] or [1.0] * len(question.evidence)
    if not grades:
        return {}
    ranked, groups = ranked_groups(question, seen.hits, repair), len(grades)
    scores: Scores = {f"recall@{k}": metrics.recall(ranked, groups, k) for k in (1, 3, 5, 10)}
    scores["success@5"] = metrics.success(ranked, groups, 5)
    scores["ndcg@10"] = metrics.ndcg(ranked, grades, 10)
    scores["mrr@10"] = metrics.reciprocal_rank(ranked, 10)
    if not question.relevant:
        k = metrics.within_budget((len(hit.passage.text.split()) for hit in seen.hits), BUDGET_WORDS)
        scores["recall@750w"] = metrics.recall(ranked, groups, k)
        scores["success@750w"] = metrics.success(ranked, groups, k)
    return scores


def _answer(question: Question, answer: Answer) -> Scores:
    if question.answerable and not question.gold:
        return {}
    right, answered = float(is_right(question, answer)), answer.status != "abstained"
    text = without_markers(answer.answer) if answered else ""
    return {
        "correct": right,
        "correct_answered": right if answered else None,
        "token_f1": metrics.token_f1(text, question.gold),
        "answer_words": float(len(text.split())) if answered else None,
    }


def _citations(question: Question, seen: Observation, repair: Callable[[str], str]) -> Scores:
    answer, scores = seen.answer, Scores()
    scores["proof_rate"] = seen.proofs.count("same") / len(seen.proofs) if seen.proofs else None
    if answer.status == "abstained":
        citations: tuple[frozenset[int], ...] = ()
        scores["unsupported"] = None
    else:
        citations = tuple(cited_groups(question, citation, repair) for citation in answer.citations)
        unproved = [claim.support == "unsupported" for claim in answer.claims]
        scores["unsupported"] = sum(unproved) / len(unproved) if unproved else None
    groups = len(question.relevant) or len(question.evidence)
    scores["citation_precision"] = metrics.citation_precision(citations) if groups else None
    scores["citation_recall"] = metrics.citation_recall(citations, groups) if groups else None
    return scores


def _abstention(question: Question, answer: Answer) -> Scores:
    abstained = answer.status == "abstained"
    return {
        "abstention_recall": float(abstained) if not question.answerable else None,
        "abstention_precision": float(not question.answerable) if abstained else None,
    }


def _conflicts(question: Question, answer: Answer) -> Scores:
    if question.category == "conflict":
        return {"conflict_recall": float(shows_conflict(question, answer)), "false_conflict": None}
    return {"conflict_recall": None, "false_conflict": float(bool(answer.conflicts))}
