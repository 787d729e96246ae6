"""The commands that ask: `check`, `run`, `new` and `models`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.flags import FAULTS, QUESTIONS, command, progress, settings_of
from index.errors import UsageError

if TYPE_CHECKING:
    from eval.questions import Question
    from qa.settings import Settings

SYSTEMS = ("ours", "bm25", "dense", "both", "plain", "bm25-documents", "dense-documents", "both-documents")
ABLATIONS = ("repair", "headers", "facts", "words", "sentences", "kindred", "names", "hops", "spans")


def add_check(commands: Any) -> None:
    parser = command(commands, "check", "prove a question set against the articles", check)
    parser.add_argument("questions", nargs="?", type=Path, default=QUESTIONS, help="JSONL file (default: the project's own set)")
    parser.add_argument("--articles", type=Path, help="folder of the articles (default: the setting, else seeds)")
    parser.add_argument("--any-size", action="store_true", help="do not demand 200 questions and 15 of each category")


def check(arguments: argparse.Namespace) -> int:
    """Print every fault of a question set; exit 1 when there is one."""
    from eval.check import faults, read_articles
    from eval.questions import load
    from index.repair import repair

    questions = load(arguments.questions)
    folder = settings_of(arguments).articles or Path("seeds")
    sources = {quote.source for question in questions for group in question.evidence for quote in group}

    def mend(text: str) -> str:
        return repair(text).text

    found = faults(questions, read_articles(folder, sorted(sources), mend), mend, complete=not arguments.any_size)
    print("\n".join(found) if found else _counts(questions))
    return FAULTS if found else 0


def _counts(questions: Sequence[Question]) -> str:
    from collections import Counter

    splits = Counter(question.split for question in questions)
    categories = Counter(question.category for question in questions)
    return (
        f"{len(questions)} questions, every quote and every answer proved; {splits['dev']} dev, {splits['test']} test\n"
        + ", ".join(f"{name} {count}" for name, count in categories.items())
    )


def add_run(commands: Any) -> None:
    parser = command(commands, "run", "ask every question and write one result", run)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--questions", type=Path, default=QUESTIONS, help="JSONL file (default: the project's own set)")
    source.add_argument("--dataset", type=Path, help="folder in BEIR's layout, or SQuAD file; its corpus is indexed")
    parser.add_argument("--split", choices=("all", "dev", "test"), default="all")
    parser.add_argument("--category", action="append", default=[], help="only this category (may be given more than once)")
    parser.add_argument("--limit", type=int, help="only the first so many questions")
    parser.add_argument("--system", choices=SYSTEMS, default="ours", help="ours, or a baseline to stand beside it")
    parser.add_argument("--without", choices=ABLATIONS, help="ours without one part, to see what the part is worth")
    parser.add_argument("--out", type=Path, help="result file (default: reports/SYSTEM.json)")
    parser.add_argument("--work", type=Path, help="folder that keeps indexes built for the run (default: a temporary one)")
    parser.add_argument("--jobs", type=int, help="questions asked at once (default: 1, or 4 for a model on a server)")
    parser.add_argument("--judge", help="provider:model that also judges the answers")
    parser.add_argument("--fresh", action="store_true", help="do not go on with a run that was stopped")
    _add_settings(parser)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--index", type=Path, help="folder of the index")
    parser.add_argument("--articles", type=Path, help="folder of the articles, for indexes built for the run")
    parser.add_argument("--model", help="extractive, or provider:model")
    parser.add_argument("--mode", choices=("hybrid", "dense", "lexical"))
    parser.add_argument("--passages", type=int)
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--embedder")
    parser.add_argument("--rewrite", choices=("rules", "model", "off"), help="how follow-ups are made to stand alone")
    parser.add_argument("--expand", choices=("model", "off"), help="whether a language model adds search words")
    parser.add_argument("--query-model", help="provider:model for --rewrite model and --expand model (default: --model)")
    parser.add_argument("--model-cache", type=Path, help="folder that keeps a language model's answers")


def run(arguments: argparse.Namespace) -> int:
    """Ask every question, write one JSON result, and print the table. A run that was stopped goes on."""
    from eval import results
    from eval.ablations import OF_THE_INDEX
    from eval.run import evaluate
    from eval.table import summary
    from eval.workplace import opened

    if arguments.without and arguments.system != "ours":
        raise UsageError("--without is for --system ours")
    if arguments.index and arguments.without in OF_THE_INDEX:
        raise UsageError(f"--without {arguments.without} builds an index of its own; leave out --index")
    settings = settings_of(arguments)
    name = f"ours-without-{arguments.without}" if arguments.without else arguments.system
    out = arguments.out or Path("reports") / f"{arguments.dataset.stem + '-' if arguments.dataset else ''}{name}.json"
    partial = out.with_name(out.name + ".partial")
    if arguments.fresh:
        partial.unlink(missing_ok=True)
    with opened(arguments, settings) as (system, questions, about):
        system = replace(system, workers=arguments.jobs) if arguments.jobs else system
        judge = _judge(arguments, settings)
        result = evaluate(system, questions, about, partial, progress(), judge)
    results.save(result, out)
    print(summary(result))
    print(out)
    return 0


def _judge(arguments: argparse.Namespace, settings: Settings) -> Any:
    if not arguments.judge:
        return None
    from eval.judge import from_settings

    return from_settings(settings, arguments.judge)


def add_new(commands: Any) -> None:
    parser = command(commands, "new", "write questions about your own articles, passage by passage", new)
    parser.add_argument("questions", nargs="?", type=Path, default=Path("questions.jsonl"))
    parser.add_argument("--index", type=Path, help="folder of the index")
    parser.add_argument("--seed", type=int, default=0, help="another order of the passages")


def new(arguments: argparse.Namespace) -> int:
    """Show passages of the index and ask for a question about each; rows are kept as they are written."""
    from eval.new import write_questions
    from eval.workplace import passages_of

    added = write_questions(passages_of(settings_of(arguments)), arguments.questions, input, print, arguments.seed)
    print(f"{added} questions added to {arguments.questions}; prove them with `qa eval check {arguments.questions} --any-size`")
    return 0


def add_models(commands: Any) -> None:
    parser = command(commands, "models", "a language model beside the extractive reader and a plain LangChain chain", models)
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="JSONL file (default: the project's own set)")
    parser.add_argument("--split", choices=("all", "dev", "test"), default="all")
    parser.add_argument("--model", default="llamacpp:smollm2", help="provider:model (default: %(default)s)")
    parser.add_argument("--model-threads", type=int, default=1, help="threads of a model in process (default: %(default)s)")
    parser.add_argument("--context-tokens", type=int, default=400, help="tokens of passages shown (default: %(default)s)")
    parser.add_argument("--max-answer-tokens", type=int, default=64, help="longest answer (default: %(default)s)")
    parser.add_argument("--model-timeout-s", type=float, default=900.0, help="time for one answer (default: %(default)s)")
    parser.add_argument("--minutes", type=float, help="stop asking after so long; the table is then over what was asked")
    parser.add_argument("--model-cache", type=Path, default=Path("reports/model-answers"), help="folder that keeps every answer")
    parser.add_argument("--index", type=Path, help="folder of the index")
    parser.add_argument("--out", type=Path, default=Path("reports/models.json"), help="every row (default: %(default)s)")
    parser.add_argument("--keep", type=Path, help="JSON file for the figures alone")
    parser.add_argument(
        "--write", type=Path, help="put the table between the lines <!-- models --> and <!-- /models --> of a file"
    )


def models(arguments: argparse.Namespace) -> int:
    """Ask the same questions of the extractive reader, of the model under each policy and of a plain chain; print the table.

    Every answer of the model is kept: a run that was stopped goes on, and one that was done costs nothing.
    """
    from eval import results
    from eval.model_table import run, small, systems, table
    from eval.questions import load, select
    from eval.table import replace_between
    from eval.workplace import SHOWN_SETTINGS, ours
    from qa.settings import load as load_settings

    names = ("index", "model", "model_threads", "context_tokens", "max_answer_tokens", "model_timeout_s", "model_cache")
    settings = load_settings({name: getattr(arguments, name) for name in names})
    questions = select(load(arguments.questions), arguments.split)
    answerer, base = ours(settings)
    rows = run(systems(answerer, base), questions, arguments.minutes, progress())
    if not next(iter(rows.values())):
        raise UsageError("no question was asked in the time given; raise --minutes")
    shown = {name: getattr(settings, name) for name in SHOWN_SETTINGS if name != "policy"}
    kept = small(rows, shown, len(questions))
    results.write_text(arguments.out, json.dumps({**kept, "rows": rows}, ensure_ascii=False, indent=1) + "\n")
    if arguments.keep:
        results.write_text(arguments.keep, json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
    if arguments.write:
        results.write_text(arguments.write, replace_between(arguments.write.read_text(encoding="utf-8"), table(kept), "models"))
    print(table(kept))
    return 0
