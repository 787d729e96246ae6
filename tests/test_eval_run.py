"""Runs, comparisons, the gate and the report, over a system that is broken on purpose."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval import results, table
from eval.compare import as_text, compare
from eval.gate import faults, load_floors
from eval.report import page
from eval.run import evaluate
from index.errors import ModelError, UsageError
from tests.eval_double import questions, system

ABOUT = {"file": "double", "split": "all"}
FLOORS = {"proof_rate": {"min": 1.0}, "abstention_recall": {"min": 0.5}}


@pytest.fixture(scope="module")
def good() -> results.Result:
    return evaluate(system(), questions(), ABOUT)


def test_figures_by_hand(good: results.Result) -> None:
    overall = good["figures"]["overall"]
    assert overall["recall@1"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "rows": 42}, "unanswerable rows have no evidence to find"
    assert overall["proof_rate"]["mean"] == 1.0
    assert overall["correct"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "rows": 52}
    assert overall["abstention_recall"]["rows"] == 10
    assert set(good["figures"]["by_category"]) == {"single_fact", "paraphrase", "unanswerable", "follow_up"}
    assert good["latency"]["stages"]["total"]["rows"] == 52
    row = next(row for row in good["rows"] if row["id"] == "q-7")
    assert (row["status"], row["right"], row["citations"][0]["hits"], row["retrieved"][0]["covers"]) == (
        "answered",
        True,
        [0],
        [0],
    )


def test_a_run_says_the_same_twice_and_in_parallel(good: results.Result) -> None:
    assert results.same_figures(good, evaluate(system(workers=4), questions(), ABOUT))
    again = json.loads(json.dumps(good, ensure_ascii=False))
    assert results.same_figures(good, again), "and through its file"


def test_follow_ups_get_the_systems_own_answers() -> None:
    asked: list[str] = []
    evaluate(system(asked=asked), [row for row in questions() if row.category == "follow_up"], ABOUT)
    assert asked[0] == "town number 5?"
    assert asked[1] == "town number 5?→Town number 5 fell to the column of captain 5 in the year 1905. [1] | year 1905?"
    assert asked[2].endswith("| captain 5?"), "the first turn is not asked again"
    assert asked[3].count("→") == 2
    assert len(asked) == 4


def test_a_stopped_run_goes_on(tmp_path: Path, good: results.Result) -> None:
    partial, broken = tmp_path / "r.json.partial", system()

    def answer(question: str, history: object) -> object:
        if "20" in question:
            raise ModelError("gone")
        return system().answer(question, ())

    with pytest.raises(ModelError):
        evaluate(replace(broken, answer=answer), questions(), ABOUT, partial)
    kept = partial.read_text(encoding="utf-8")
    assert kept.count("\n") == 21
    partial.write_text(kept + '{"id": "q-20", "torn', encoding="utf-8")
    asked: list[str] = []
    result = evaluate(system(asked=asked), questions(), ABOUT, partial)
    assert asked[0] == "Who took town number 20?"
    assert results.same_figures(result, good)
    assert not partial.exists()


def test_a_partial_file_of_another_run_is_not_used(tmp_path: Path) -> None:
    partial = tmp_path / "r.json.partial"
    partial.write_text('{"format": 0}\n{"id": "q-0"}\n', encoding="utf-8")
    asked: list[str] = []
    evaluate(system(asked=asked), questions()[:3], ABOUT, partial)
    assert len(asked) == 3


def test_the_gate_lets_the_same_pass(good: results.Result) -> None:
    assert faults(good, good, FLOORS) == []


def test_shuffled_ranks_fail_the_gate(good: results.Result) -> None:
    broken = evaluate(system(order=lambda hits: hits[::-1]), questions(), ABOUT)
    found = faults(broken, good, {})
    assert any(fault.startswith("recall@5 fell from 1.0000 to ") for fault in found), found
    assert any(fault.startswith("ndcg@10 fell") for fault in found)


def test_offsets_that_are_off_by_one_fail_the_gate(good: results.Result) -> None:
    broken = evaluate(system(shift=1), questions(), ABOUT)
    assert any(fault.startswith("proof_rate fell from 1.0000 to 0.0000") for fault in faults(broken, good, {}))
    assert "proof_rate is 0.0000, below its floor 1" in faults(broken, None, FLOORS)


def test_answering_everything_fails_the_gate(good: results.Result) -> None:
    broken = evaluate(system(threshold=0.0), questions(), ABOUT)
    found = faults(broken, good, FLOORS)
    assert any(fault.startswith("abstention_recall fell from 1.0000 to 0.0000") for fault in found), found
    assert any("below its floor" in fault for fault in found)


def test_leaving_questions_out_fails_the_gate(good: results.Result) -> None:
    part = evaluate(system(), questions()[:40], ABOUT)
    assert any("12 questions of the baseline were not asked" in fault for fault in faults(part, good, {}))


def test_one_lost_question_is_no_significant_regression(good: results.Result) -> None:
    rows = [dict(row, scores=dict(row["scores"])) for row in good["rows"]]
    rows[0]["scores"]["correct"] = 0.0
    assert faults({**good, "rows": rows}, good, {}) == []


def test_floors_are_checked(tmp_path: Path, good: results.Result) -> None:
    assert faults(good, None, {"judge_correct": {"min": 0.5}}) == ["judge_correct has a floor and was not measured"]
    assert faults(good, None, {"answer_words": {"max": 3}}) == ["answer_words is 14.0000, above its ceiling 3"]
    path = tmp_path / "floors.json"
    path.write_text('{"recal@5": {"min": 1}}', encoding="utf-8")
    with pytest.raises(UsageError, match="'recal@5' is not a metric"):
        load_floors(path)


def test_compare_names_what_changed(good: results.Result) -> None:
    broken = evaluate(system(threshold=0.0), questions(), ABOUT)
    found = compare(good, broken)
    assert {pair[1]["id"] for pair in found.became_wrong} == {f"none-{n}" for n in range(10)}
    assert (found.became_right, found.reworded, found.only_old, found.only_new, found.identical) == ((), (), (), (), False)
    text = as_text(found, "a", "b")
    assert "10 became wrong" in text
    assert "worse" in text
    assert compare(good, good).identical
    with pytest.raises(UsageError, match="no question in common"):
        compare(good, {**good, "rows": []})


def test_results_are_saved_and_loaded(tmp_path: Path, good: results.Result) -> None:
    path = tmp_path / "new" / "r.json"
    results.save(good, path)
    assert results.load(path) == json.loads(json.dumps(good))
    path.write_text('{"format": 1}', encoding="utf-8")
    with pytest.raises(UsageError, match="is not the result"):
        results.load(path)
    path.write_text(json.dumps({**good, "format": 99}), encoding="utf-8")
    with pytest.raises(UsageError, match="has format 99"):
        results.load(path)
    with pytest.raises(UsageError, match="there is no result file"):
        results.load(tmp_path / "none.json")


def test_a_reproduction_may_differ_in_the_last_digit_of_a_fraction_only(good: results.Result) -> None:
    def changed(**values: object) -> results.Result:
        return {**good, "rows": [{**good["rows"][0], **values}, *good["rows"][1:]]}

    assert results.same_figures(good, changed(confidence=good["rows"][0]["confidence"] + 0.001))
    assert not results.same_figures(good, changed(confidence=good["rows"][0]["confidence"] + 0.002))
    assert not results.same_figures(good, changed(answer="other"))
    assert not results.same_figures(good, changed(retrieved=good["rows"][0]["retrieved"][:-1]))
    assert not results.same_figures(good, changed(confidence=None))


def test_the_page_is_one_file_and_escapes_text(good: results.Result) -> None:
    evil = "<script>alert(1)</script> & </details>"
    rows = [dict(row) for row in good["rows"]]
    rows[0] |= {"question": evil, "answer": evil, "right": False}
    rows[0]["citations"] = [dict(rows[0]["citations"][0], quote=evil, source='"><b>')]
    html = page({**good, "system": evil, "rows": rows})
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;/details&gt;") >= 4
    assert html.count("<svg") == 4
    assert "http" not in html.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    assert html == page({**good, "system": evil, "rows": rows})


def test_tables(good: results.Result) -> None:
    text = table.summary(good)
    assert "| Evidence recall@5 | 1.000 [1.00, 1.00] | 42 |" in text
    assert "## By category" in text
    both = table.systems_table([good, {**good, "system": "a|b"}])
    assert both.splitlines()[2].startswith("| double | 1.000 [1.00, 1.00] |")
    assert "| a\\|b |" in both
    document = "before\n<!-- results -->\nold\n<!-- /results -->\nafter"
    assert table.replace_between(document, "new", "results") == "before\n<!-- results -->\nnew\n<!-- /results -->\nafter"
    with pytest.raises(ValueError, match="no lines"):
        table.replace_between("x", "new", "results")
