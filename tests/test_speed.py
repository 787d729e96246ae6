"""The benchmark: what it compares, when it calls a change worse, and that its parts measure what they say."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from eval import bench, speed
from eval.plots import speed_ratios
from eval.speed import Ratio, Record
from index.errors import UsageError


def record(ours: list[float], plain: list[float], unit: str = "ms") -> Record:
    measures = {"retrieval": {"unit": unit, "ours": ours, "plain": plain}, "help": {"unit": "ms", "ours": ours, "plain": []}}
    return {"about": {"runs": len(ours), "cores": 2, "load": 0.1}, "measures": measures, "laps": {"import": 12.34}}


def test_less_time_and_more_work_are_better() -> None:
    assert speed.ratios(record([10, 20, 10], [40, 40, 40])) == {"retrieval": Ratio(4, 3, 4)}
    assert speed.ratios(record([40, 40], [10, 10], "per second")) == {"retrieval": Ratio(4, 4, 4)}
    assert speed.ratios(record([5], [10])) == {"retrieval": Ratio(2, 2, 2)}


def test_only_what_noise_and_slack_do_not_explain_is_worse() -> None:
    before = record([10, 10, 10], [40, 40, 40])
    assert speed.worse(before, record([11, 11, 11], [40, 40, 40])) == []
    assert speed.worse(before, record([8, 12, 16], [40, 40, 40])) == []
    assert speed.worse(before, record([5, 5, 5], [40, 40, 40])) == []
    assert speed.worse(before, record([12, 12, 12], [40, 40, 40])) == ["retrieval: 3.33 times the plain pipeline, 4.00 before"]
    assert speed.worse(before, record([10], [])) == ["retrieval: not measured any more"]


def test_a_slower_machine_is_not_worse() -> None:
    assert speed.worse(record([10, 10], [40, 40]), record([50, 50], [200, 200])) == []


def test_the_table() -> None:
    table = speed.table(record([10, 20, 10], [400, 400, 400])).splitlines()
    assert table[0].startswith("Medians of 3 runs on 2 cores")
    assert table[-2:] == ["| retrieval | 10.0 ms | 400 ms | 40.0 [30.0, 40.0] | – |", "| help | 10.0 ms | – | – | – |"]


def test_the_table_is_put_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- speed -->\nold\n<!-- /speed -->\nb\n", encoding="utf-8")
    bench.write_between(page, "speed", "new")
    assert page.read_text(encoding="utf-8") == "a\n<!-- speed -->\nnew\n<!-- /speed -->\nb\n"
    with pytest.raises(UsageError, match="has no lines <!-- other -->"):
        bench.write_between(page, "other", "new")


def test_a_record_is_kept_and_a_wrong_one_refused(tmp_path: Path) -> None:
    speed.save(tmp_path / "a" / "speed.json", record([1], [2]))
    assert speed.load(tmp_path / "a" / "speed.json") == record([1], [2])
    for text in ("", "[]", '{"measures": {"a": {}}}'):
        (tmp_path / "bad.json").write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match="holds no record of the benchmark"):
            speed.load(tmp_path / "bad.json")


def test_the_committed_record_is_one_and_the_readme_shows_it() -> None:
    root = Path(__file__).parents[1]
    committed = speed.load(root / "eval" / "speed.json")
    assert committed["about"]["runs"] >= 5 and len(speed.ratios(committed)) >= 6
    assert speed.table(committed) in (root / "README.md").read_text(encoding="utf-8"), "run: make bench"


def test_the_plot_names_what_it_shows() -> None:
    drawn = speed_ratios({"retrieval, warm (plain: x)": Ratio(4, 3, 5), "— memory": Ratio(2, 2, 2)})
    assert drawn.startswith("<svg") and "retrieval, warm<" in drawn and "memory" in drawn


def test_what_a_process_takes_is_its_own() -> None:
    """Its memory, too: not that of the process which starts it."""
    held = b"x" * 300_000_000
    code = "import time; time.sleep(0.2); sum(range(3_000_000))"
    found = bench.spent([sys.executable, "-S", "-c", code])
    assert len(held) > found.peak_mb * 1e6 > 2e6 and found.wall_ms > 200 and 10 < found.cpu_ms < found.wall_ms


def test_medians_and_rates() -> None:
    waits = iter([0.0, 0.02, 0.5, 0.02, 0.02])
    assert 19 < bench.median_ms(lambda _: time.sleep(next(waits)), "abcde") < 400
    assert 100 < bench.per_second(lambda: time.sleep(0.05), 20) <= 400


def test_targets_are_told_as_met_or_missed() -> None:
    def row(name: str, unit: str, ours: list[float], plain: list[float]) -> str:
        record = {"about": {"runs": 1, "cores": 2, "load": 0.1}, "measures": {name: {"unit": unit, "ours": ours, "plain": plain}}}
        return speed.table(record).splitlines()[-1].rpartition("| ")[2]

    assert row("one question, cold process", "ms", [599.0], [900.0]) == "600 ms: met |"
    assert row("one question, cold process", "ms", [601.0], [900.0]) == "600 ms: **missed** |"
    assert row("proved answers over HTTP, 8 clients", "per second", [99.0], [50.0]) == "100 per second: **missed** |"
    assert row("embedding passages to index", "per second", [50.0], [20.0]) == "2.5 times: met |"
    assert row("something else", "ms", [1.0], []) == "– |"
