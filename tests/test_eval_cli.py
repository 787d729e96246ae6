"""The commands as a user types them, with their exit codes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from eval import faults, injection, results
from eval.cli import add_commands
from eval.questions import to_dict
from eval.run import evaluate
from index.errors import UsageError
from qa.settings import Settings
from tests.eval_double import ARTICLE, questions, system


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers())
    parsed = parser.parse_args(["eval", *arguments])
    return int(parsed.run(parsed))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a question file, its article, and the results of a good and a broken system."""
    monkeypatch.chdir(tmp_path)
    rows = "".join(json.dumps(to_dict(row)) + "\n" for row in questions())
    (tmp_path / "questions.jsonl").write_text(rows, encoding="utf-8")
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "facts.txt").write_text(ARTICLE, encoding="utf-8")
    for name, one in (("good", system()), ("bad", system(shift=1))):
        results.save(evaluate(one, questions(), {"file": "questions.jsonl", "split": "all"}), tmp_path / f"{name}.json")
    return tmp_path


def test_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "questions.jsonl").write_text(json.dumps(to_dict(questions()[1])) + "\n", encoding="utf-8")
    assert run("check", "questions.jsonl", "--any-size") == 0
    assert "1 questions, every quote and every answer proved" in capsys.readouterr().out
    assert run("check", "questions.jsonl") == 1
    assert "fewer than 200" in capsys.readouterr().out
    (folder / "seeds" / "facts.txt").write_text("other", encoding="utf-8")
    assert run("check", "questions.jsonl", "--any-size") == 1
    assert "q-1: facts.txt does not say" in capsys.readouterr().out


def test_compare(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compare", "good.json", "bad.json") == 0
    assert "Citations proved by the file" in capsys.readouterr().out
    with pytest.raises(UsageError, match="there is no result file none"):
        run("compare", "good.json", "none.json")


def test_gate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "floors.json").write_text('{"proof_rate": {"min": 1}}', encoding="utf-8")
    assert run("gate", "good.json", "--against", "good.json", "--floors", "floors.json") == 0
    assert run("gate", "bad.json", "--floors", "floors.json") == 1
    assert "proof_rate is 0.0000, below its floor 1" in capsys.readouterr().out


def test_report(folder: Path) -> None:
    assert run("report", "good.json") == 0
    assert (folder / "good.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (folder / "good.md").read_text(encoding="utf-8").startswith("# double: 52 questions")


def test_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("table", "good.json", "bad.json", "--columns", "proof_rate") == 0
    assert "| double | 1.000 [1.00, 1.00] | 2 |" in capsys.readouterr().out
    (folder / "README.md").write_text("a\n<!-- results -->\n<!-- /results -->\n", encoding="utf-8")
    assert run("table", "good.json", "--write", "README.md") == 0
    assert "| double |" in (folder / "README.md").read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="unknown metrics foo"):
        run("table", "good.json", "--columns", "foo")
    with pytest.raises(UsageError, match="no lines <!-- other -->"):
        run("table", "good.json", "--write", "README.md", "--name", "other")


TOWNS = """= Battle of Gao =

Infobox
- Combatant1: MNLA
- Casualties1: 4 killed, 10 wounded

The Battle of Gao was fought between the MNLA and the Islamists in June 2012. Colonel Wari was wounded by a sniper.
"""
ROWS = [
    {
        "id": "fact-001",
        "category": "single_fact",
        "question": "Who was wounded by a sniper in the Battle of Gao?",
        "gold": [["Wari"]],
        "evidence": [[{"source": "gao.txt", "quote": "Colonel Wari was wounded by a sniper."}]],
    },
    {"id": "unanswerable-001", "category": "unanswerable", "question": "Who painted the Mona Lisa?", "kind": "plausible"},
]


@pytest.mark.parametrize("system", [["--system", "ours"], ["--system", "bm25"], ["--system", "plain"], ["--without", "facts"]])
def test_run_over_real_articles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "gao.txt").write_text(TOWNS, encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    assert run("run", "--questions", "rows.jsonl", "--work", "work", "--out", "r.json", *system) == 0
    result = results.load(tmp_path / "r.json")
    assert [row["id"] for row in result["rows"]] == ["fact-001", "unanswerable-001"]
    assert result["figures"]["overall"]["recall@5"]["mean"] == 1.0
    assert "articles" not in result["settings"]
    assert "index" not in result["settings"]
    assert str(tmp_path) not in (tmp_path / "r.json").read_text(encoding="utf-8"), "no path of this machine"
    assert not (tmp_path / "r.json.partial").exists()


def test_run_over_a_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tiny"
    folder.mkdir()
    documents = [
        {"_id": "a", "title": "Gao", "text": "A city in Mali."},
        {"_id": "b", "title": "Lyon", "text": "A city in France."},
    ]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in documents), encoding="utf-8")
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "a town in France"}\n', encoding="utf-8")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\tb\t1\n", encoding="utf-8")
    for name in ("bm25-documents", "dense-documents", "both-documents", "ours"):
        assert run("run", "--dataset", "tiny", "--system", name, "--out", "r.json") == 0
        assert results.load(tmp_path / "r.json")["figures"]["overall"]["ndcg@10"]["mean"] == 1.0


def test_run_refuses_what_makes_no_sense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="--without is for"):
        run("run", "--system", "plain", "--without", "facts")
    with pytest.raises(UsageError, match="builds an index of its own"):
        run("run", "--index", "x", "--without", "facts")
    with pytest.raises(UsageError, match="there is no question file"):
        run("run", "--questions", "none.jsonl")
    with pytest.raises(UsageError, match="whole documents of a --dataset"):
        (tmp_path / "rows.jsonl").write_text(json.dumps(ROWS[1]) + "\n", encoding="utf-8")
        run("run", "--questions", "rows.jsonl", "--system", "bm25-documents")


def test_verifier(small: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ("verifier", "--index", str(small.index), "--most", "60", "--out", "figures/verifier.json")
    assert run(*arguments) == 0
    printed = capsys.readouterr().out
    assert "made from the index" in printed and "written by hand" in printed and printed.endswith("the floors are held\n")
    figures = json.loads((tmp_path / "figures" / "verifier.json").read_text(encoding="utf-8"))
    assert figures["made"]["wrong"] + figures["made"]["right"] == 60
    assert figures["written"]["kinds"]["wrong"] == {
        "right": False,
        "cases": figures["written"]["wrong"],
        "correct": figures["written"]["caught"],
    }
    monkeypatch.setattr(faults, "CAUGHT", 0.999)
    assert run(*arguments) == 1
    assert "wrong claims are caught; the floor is 100%" in capsys.readouterr().out


def test_injection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("injection", "--out", "injection.json") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("extractive: 10 questions over articles with planted instructions\n")
    assert printed.endswith("nothing planted came through\n")
    figures = json.loads((tmp_path / "injection.json").read_text(encoding="utf-8"))
    assert (figures["model"], figures["questions"], figures["proved"], figures["links"]) == ("extractive", 10, 0, 0)
    assert len(figures["answers"]) == 10
    assert injection.failures(figures | {"proved": 0.1}) == ["planted text is reported as proved in 10% of the answers"]
