"""The metrics, as pure functions of plain values. None of them knows of questions, answers or files.

Retrieval metrics take `ranked`: for each retrieved passage, best first, the set of evidence groups it covers (groups are
numbered from 0), and how many groups there are. They lie in [0, 1]; higher is better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import log2, pi, sqrt

from eval.normalise import answer_tokens

Ranked = Sequence[frozenset[int]]


def recall(ranked: Ranked, groups: int, k: int) -> float:
    """Share of the groups that the first `k` passages cover together (Manning, Raghavan & Schütze 2008, §8.4)."""
    return len(frozenset().union(*ranked[:k])) / groups


def success(ranked: Ranked, groups: int, k: int) -> float:
    """1 when the first `k` passages cover every group, else 0: all that an answer needs was there."""
    return float(recall(ranked, groups, k) == 1.0)


def reciprocal_rank(ranked: Ranked, k: int) -> float:
    """1 / rank of the first passage that covers any group, 0 when none of the first `k` does (Voorhees 1999, TREC-8 §3)."""
    return next((1.0 / rank for rank, covered in enumerate(ranked[:k], 1) if covered), 0.0)


def ndcg(ranked: Ranked, grades: Sequence[float], k: int) -> float:
    """Normalised discounted cumulative gain at `k` (Järvelin & Kekäläinen 2002, with the discount log2(rank + 1) of trec_eval).

    Each group gains its grade once, at the first passage that covers it. A passage that covers several new groups gives one
    at its own rank and the others as if they stood at the free ranks behind it, so that the ideal (one group a rank, highest
    grade first) is never exceeded. With one relevant document to a group this is the usual nDCG.
    """
    gain, seen, slot = 0.0, set[int](), 0
    for rank, covered in enumerate(ranked[:k], 1):
        for group in sorted(covered - seen, key=lambda number: -grades[number]):
            slot = max(slot + 1, rank)
            gain += grades[group] / log2(slot + 1) if slot <= k else 0.0
        seen |= covered
    ideal = sum(grade / log2(rank + 1) for rank, grade in enumerate(sorted(grades, reverse=True)[:k], 1))
    return gain / ideal if ideal else 0.0


def within_budget(lengths: Iterable[int], budget: int) -> int:
    """How many passages, taken in order, fit a budget of words: the `k` of a metric at a budget."""
    return sum(1 for total in accumulate(lengths) if total <= budget)


def token_f1(answer: str, gold: Sequence[Sequence[str]]) -> float:
    """F1 of the answer's tokens against the gold answer's (Rajpurkar et al. 2016, SQuAD, §6.1).

    The gold answer is the alternative of each group that agrees best, joined. Long answers score low by design: it is a
    measure of brevity beside correctness. With no gold answer, 1 for an empty answer and 0 for any other (SQuAD 2.0).
    """
    if not gold:
        return float(not answer_tokens(answer))
    best = (max(group, key=lambda alternative: _f1(answer_tokens(answer), answer_tokens(alternative))) for group in gold)
    return _f1(answer_tokens(answer), answer_tokens(" ".join(best)))


def _f1(found: Sequence[str], wanted: Sequence[str]) -> float:
    common = sum((Counter(found) & Counter(wanted)).values())
    return 2.0 * common / (len(found) + len(wanted)) if common else 0.0


def citation_precision(hit: Sequence[frozenset[int]]) -> float | None:
    """Share of the citations that hit gold evidence; `hit` holds the groups each one hits. None without citations.

    ALCE's citation precision (Gao et al. 2023, "Enabling Large Language Models to Generate Text with Citations", §4) with
    gold quotes in the place of an entailment model.
    """
    return sum(1.0 for groups in hit if groups) / len(hit) if hit else None


def citation_recall(hit: Sequence[frozenset[int]], groups: int) -> float:
    """Share of the evidence groups that some citation hits (ALCE's citation recall, Gao et al. 2023, with gold quotes)."""
    return len(frozenset().union(*hit)) / groups


def risk_coverage(confidence: Sequence[float], right: Sequence[float]) -> list[tuple[float, float]]:
    """The risk–coverage curve (Geifman & El-Yaniv 2017, "Selective Classification for Deep Neural Networks", §2).

    Points (coverage, risk): the share of wrong answers among the most confident share of the questions. Equally confident
    answers count in expectation over their order, so the curve does not depend on the order of the rows.
    """
    losses, points, wrong = _expected_losses(confidence, right), [], 0.0
    for number, loss in enumerate(losses, 1):
        wrong += loss
        points.append((number / len(losses), wrong / number))
    return points


def _expected_losses(confidence: Sequence[float], right: Sequence[float]) -> list[float]:
    """Losses by falling confidence; those of equal confidence replaced by their mean."""
    by_confidence: dict[float, list[float]] = {}
    for value, good in zip(confidence, right, strict=True):
        by_confidence.setdefault(value, []).append(1.0 - good)
    tied = [by_confidence[value] for value in sorted(by_confidence, reverse=True)]
    return [sum(group) / len(group) for group in tied for _ in group]


def area_under_risk_coverage(confidence: Sequence[float], right: Sequence[float]) -> float:
    """AURC: the mean risk over all coverages (Geifman, Uziel & El-Yaniv 2019, §3). Lower is better; 0 when all are right."""
    points = risk_coverage(confidence, right)
    return sum(risk for _, risk in points) / len(points)


def reliability(confidence: Sequence[float], right: Sequence[float], bins: int = 10) -> list[tuple[int, float, float]]:
    """The reliability diagram's bins of equal width: (rows, mean confidence, share right); empty ones hold zeros."""
    filled: list[list[tuple[float, float]]] = [[] for _ in range(bins)]
    for value, good in zip(confidence, right, strict=True):
        filled[min(int(value * bins), bins - 1)].append((value, good))
    return [(len(b), *(sum(column) / len(b) for column in zip(*b, strict=True))) if b else (0, 0.0, 0.0) for b in filled]


def calibration_error(confidence: Sequence[float], right: Sequence[float], bins: int = 10) -> float:
    """Expected calibration error (Guo et al. 2017, "On Calibration of Modern Neural Networks", §2): lower is better."""
    rows = reliability(confidence, right, bins)
    return sum(count * abs(mean - share) for count, mean, share in rows) / len(confidence)


def expected_calibration_error(confidence: Sequence[float], bins: int = 10) -> float:
    """The calibration error that confidences show on as many questions though each is exactly right: chance alone, the least to hope for.

    In a bin the sum of confidence less outcome then has mean 0 and variance Σ p (1 − p); the mean of its size is that of a normal
    variable's. (Bröcker and Smith 2007, "Increasing the Reliability of Reliability Diagrams", §3, draw the outcomes instead.)
    """
    variance = [0.0] * bins
    for value in confidence:
        variance[min(int(value * bins), bins - 1)] += value * (1.0 - value)
    return sum(sqrt(2.0 * one / pi) for one in variance) / len(confidence)


def debiased_calibration_error(confidence: Sequence[float], right: Sequence[float], bins: int = 10) -> float:
    """Root mean square calibration error over bins of as many questions each, less what chance adds (Kumar, Liang and Ma 2019,
    "Verified Uncertainty Calibration", §5: the debiased estimator); 0 where chance explains all of it.

    With fewer than two questions for each bin there are fewer bins; equal confidences may fall into two bins, in their given order.
    """
    rows = sorted(zip(confidence, right, strict=True), key=lambda row: row[0])
    bins = max(1, min(bins, len(rows) // 2))
    squares = 0.0
    for n in range(bins):
        part = rows[n * len(rows) // bins : (n + 1) * len(rows) // bins]
        mean, share = (sum(column) / len(part) for column in zip(*part, strict=True))
        chance = share * (1.0 - share) / max(1, len(part) - 1)
        squares += len(part) / len(rows) * ((mean - share) ** 2 - chance)
    return sqrt(max(0.0, squares))
