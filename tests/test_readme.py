"""What the README states is what the project holds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from eval import results
from eval.figures import of_split
from eval.table import systems_table

ROOT = Path(__file__).parents[1]


def test_the_results_table_is_that_of_the_committed_baseline() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    baseline = of_split(results.load(ROOT / "eval" / "baseline.json"), "test")
    head, rule, ours = systems_table([baseline]).splitlines()
    figures = ours.rpartition("|")[0].rpartition("|")[0]
    assert f"{head}\n{rule}\n{figures}" in readme, "run: make eval"


def test_the_example_s_quote_stands_where_it_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = readme.partition("<!-- example -->")[2].partition("<!-- /example -->")[0]
    cited = re.findall(r"^\[\d\] (seeds/\S+):(\d+) .*\n    “(.*)”$", example, re.MULTILINE)
    assert cited
    for source, line, quote in cited:
        assert quote in (ROOT / source).read_text(encoding="utf-8").splitlines()[int(line) - 1]


def test_the_extras_of_the_readme_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = set(re.findall(r"\.\[(\w+)\]", readme)) | set(re.findall(r"extras? `(\w+)`", readme))
    assert named and named <= set(extras)


def test_every_command_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = {word.split("`")[0].split()[0] for word in readme.split("`make ")[1:]} | {"ask"}
    assert targets and all(f"\n{target}: " in makefile for target in targets)
