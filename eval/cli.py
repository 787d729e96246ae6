"""The commands of `qa eval`.

Exit codes: 0 all is well, 1 `check`, `gate`, `verifier`, `conflicts` or `injection` found faults, else those of `index.errors`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import UsageError

if TYPE_CHECKING:
    from eval.questions import Question
    from qa.settings import Settings

QUESTIONS = Path(__file__).parent / "questions.jsonl"
PRACTICE = Path(__file__).parent / "practice"
SYSTEMS = ("ours", "bm25", "dense", "both", "plain", "bm25-documents", "dense-documents", "both-documents")
ABLATIONS = ("repair", "headers", "facts", "words", "sentences", "kindred", "names", "hops", "spans")
SETTINGS = (
    "index", "articles", "model", "mode", "passages", "threshold", "embedder", "rewrite", "expand", "query_model", "model_cache",
)  # fmt: skip
FAULTS = 1


def add_commands(subparsers: Any) -> None:
    """Add `eval` and its commands to the command line; each sets `run`, a function of the parsed arguments to an exit code."""
    parser = subparsers.add_parser("eval", help="measure answers against hand-written questions", description=__doc__)
    commands = parser.add_subparsers(dest="eval_command", required=True, metavar="COMMAND")
    _add_check(commands)
    _add_run(commands)
    _add_compare(commands)
    _add_gate(commands)
    _add_report(commands)
    _add_table(commands)
    _add_new(commands)
    _add_fit(commands)
    _add_train_reader(commands)
    _add_calibrate(commands)
    _add_fit_conflicts(commands)
    _add_verifier(commands)
    _add_conflicts(commands)
    _add_injection(commands)
    _add_scale(commands)
    _add_models(commands)


def _command(commands: Any, name: str, help: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=run.__doc__)
    parser.set_defaults(run=run)
    return parser


def _add_check(commands: Any) -> None:
    parser = _command(commands, "check", "prove a question set against the articles", check)
    parser.add_argument("questions", nargs="?", type=Path, default=QUESTIONS, help="JSONL file (default: the project's own set)")
    parser.add_argument("--articles", type=Path, help="folder of the articles (default: the setting, else seeds)")
    parser.add_argument("--any-size", action="store_true", help="do not demand 200 questions and 15 of each category")


def _add_run(commands: Any) -> None:
    parser = _command(commands, "run", "ask every question and write one result", run)
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


def _add_compare(commands: Any) -> None:
    parser = _command(commands, "compare", "paired differences between two results", compare)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)


def _add_gate(commands: Any) -> None:
    parser = _command(commands, "gate", "fail on a significant regression or a broken floor", gate)
    parser.add_argument("result", type=Path)
    parser.add_argument("--against", type=Path, help="baseline result")
    parser.add_argument("--floors", type=Path, help="JSON file of floors (default: the project's own)")


def _add_report(commands: Any) -> None:
    parser = _command(commands, "report", "write one HTML page and a Markdown summary", report)
    parser.add_argument("result", type=Path)
    parser.add_argument("--out", type=Path, help="the page (default: the result's name with .html; the summary with .md)")


def _add_table(commands: Any) -> None:
    parser = _command(commands, "table", "several systems beside each other, in Markdown", table)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--write", type=Path, help="put it between the lines <!-- results --> and <!-- /results --> of this file")
    parser.add_argument("--name", default="results", help="name of those lines")
    parser.add_argument("--split", choices=("dev", "test"), help="figures of this split's questions alone")
    parser.add_argument("--columns", help="metrics, separated by commas")


def _add_new(commands: Any) -> None:
    parser = _command(commands, "new", "write questions about your own articles, passage by passage", new)
    parser.add_argument("questions", nargs="?", type=Path, default=Path("questions.jsonl"))
    parser.add_argument("--index", type=Path, help="folder of the index")
    parser.add_argument("--seed", type=int, default=0, help="another order of the passages")


def _add_fit(commands: Any) -> None:
    parser = _command(commands, "fit", "fit the extractive reader on a dataset and the dev split", fit)
    parser.add_argument("--dataset", type=Path, required=True, help="SQuAD-like dataset with answers")
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="JSONL file (default: the project's own set)")
    parser.add_argument("--practice", type=Path, default=PRACTICE, help="folder of folders of articles with questions")
    parser.add_argument("--index", type=Path, help="folder of the index of the articles")
    parser.add_argument("--out", type=Path, default=Path("qa/data/reader.json"), help="file to write")


def _add_train_reader(commands: Any) -> None:
    parser = _command(commands, "train-reader", "train the span reader on a dataset and the practice articles", train_reader)
    parser.add_argument("--dataset", type=Path, required=True, help="folder in BEIR's layout whose queries name their evidence")
    parser.add_argument("--practice", type=Path, default=PRACTICE, help="folder of folders of articles with questions")
    parser.add_argument("--out", type=Path, default=Path("qa/data"), help="folder to write to")


def _add_calibrate(commands: Any) -> None:
    parser = _command(commands, "calibrate", "fit the confidence to your own questions, for a stated risk", calibrate)
    parser.add_argument("result", type=Path, help="result file of `qa eval run` over your questions")
    parser.add_argument("--split", choices=("all", "dev", "test"), default="all")
    parser.add_argument("--risk", type=float, default=0.3, help="share of wrong answers among the given ones (default: 0.3)")
    parser.add_argument("--out", type=Path, default=Path("calibration.json"), help="file to write")


def calibrate(arguments: argparse.Namespace) -> int:
    """Refit the confidence on a result's questions and choose the threshold at which the risk is held.

    Writes the file that the setting `calibration` names, and prints the lines for qa.toml. The result must have been made without
    such a file.
    """
    from eval import results
    from eval.calibrate import calibrate as calibrated

    if not 0 < arguments.risk < 1:
        raise UsageError("--risk must lie between 0 and 1")
    result = results.load(arguments.result)
    if result["settings"].get("calibration"):
        raise UsageError(f"{arguments.result} was made with a calibration; make it again without one")
    rows = [row for row in result["rows"] if arguments.split in ("all", row["split"])]
    found = calibrated(rows, arguments.risk)
    results.write_text(arguments.out, json.dumps(found.to_dict(), indent=1) + "\n")
    print(
        f"{found.questions} questions: calibration error {found.error_before:.3f} before, {found.error_after:.3f} after\n"
        f"answered {found.coverage:.0%} of them, {found.risk:.0%} of the answers wrong; put this into qa.toml:\n\n"
        f'calibration = "{arguments.out}"\nthreshold = {found.threshold}'
    )
    return 0


def train_reader(arguments: argparse.Namespace) -> int:
    """Train the span reader and write it as ONNX, with what it was trained on and how it does on held-out articles."""
    from eval.train_reader import run as train

    return train(arguments)


def _add_fit_conflicts(commands: Any) -> None:
    parser = _command(commands, "fit-conflicts", "fit the models of the disagreements on a dataset", fit_conflicts)
    parser.add_argument("--dataset", type=Path, required=True, help="SQuAD-like dataset with answers")
    parser.add_argument("--out", type=Path, default=Path("qa/data/conflicts.json"), help="file to write")


def _add_conflicts(commands: Any) -> None:
    parser = _command(commands, "conflicts", "measure which disagreements between sentences are seen", conflicts)
    parser.add_argument("--split", choices=("all", "dev", "test"), default="all")
    parser.add_argument("--out", type=Path, help="JSON file of the figures")


def conflicts(arguments: argparse.Namespace) -> int:
    """Show how many hand-written disagreements are given with every side, and how often one is seen where there is none.

    Exit 1 when fewer are shown, or more are seen falsely, than the floors allow.
    """
    from eval import results
    from eval.conflicts import as_text, below_floors, load, measured, run
    from index.embed import open_encoder

    pairs = [pair for pair in load() if arguments.split in ("all", pair.split)]
    outcomes = run(pairs, open_encoder())
    parts = {split: [one for one in outcomes if one.pair.split == split] for split in ("dev", "test")}
    figures = {split: measured(part) for split, part in parts.items() if part}
    if arguments.out:
        results.write_text(arguments.out, json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    for split, part in figures.items():
        print(as_text(split, part))
    found = [line for split, part in figures.items() for line in below_floors(split, part)]
    print("\n".join(found) if found else "the floors are held")
    return FAULTS if found else 0


def fit_conflicts(arguments: argparse.Namespace) -> int:
    """Fit the models that say whether a value answers, and write them as JSON. Needs scipy (extra `eval`)."""
    from eval.fit_conflicts import run as fit_values

    return fit_values(arguments)


def _add_verifier(commands: Any) -> None:
    parser = _command(commands, "verifier", "measure the verifier of claims on right and corrupted ones", verifier)
    parser.add_argument("--index", type=Path, help="folder of the index that the claims are made from")
    parser.add_argument("--most", type=int, help="only so many of the claims, drawn evenly (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="other corruptions, another draw")
    parser.add_argument("--out", type=Path, help="JSON file of the figures and of every mistake")


def verifier(arguments: argparse.Namespace) -> int:
    """Show how many corrupted claims are caught and how many right ones are flagged, by kind.

    Right and corrupted claims are made from the sentences of the index; the project's hand-written ones are measured beside them, and
    others about other subjects, of which one half was held out while the verifier was made (no floor is set on these). Exit 1 when under 95 % of the wrong claims are caught or over 5 % of the right ones are flagged.
    """
    from eval import results
    from eval.faults import as_text, below_floors, measure, measure_written
    from eval.workplace import aliases_of, passages_of

    settings = _settings(arguments)
    aliases = aliases_of(settings)
    measured = {
        "made": measure(passages_of(settings), arguments.seed, arguments.most, aliases),
        "written": measure_written(aliases),
    }
    others = {half: measure_written(None, "paraphrases_2.jsonl", half) for half in ("dev", "test")}
    if arguments.out:
        both = measured | {f"other subjects, {half}": figures for half, figures in others.items()}
        results.write_text(arguments.out, json.dumps(both, ensure_ascii=False, indent=1) + "\n")
    print(as_text("made from the index", measured["made"]))
    print(as_text("written by hand", measured["written"]))
    print(as_text("other subjects, written by hand, the half worked on", others["dev"]))
    print(as_text("other subjects, written by hand, the half held out", others["test"]))
    found = [line for part in measured.values() for line in below_floors(part)]
    print("\n".join(found) if found else "the floors are held")
    return FAULTS if found else 0


def _add_injection(commands: Any) -> None:
    parser = _command(commands, "injection", "ask about articles that hold planted instructions", injection)
    parser.add_argument("--corpus", type=Path, help="folder with articles/ and questions.jsonl (default: the project's own)")
    parser.add_argument("--model", help="extractive, or provider:model")
    parser.add_argument("--policy", choices=("flag", "strict", "repair"), help="what happens to unsupported sentences")
    parser.add_argument("--out", type=Path, help="JSON file of the figures and the answers")


def injection(arguments: argparse.Namespace) -> int:
    """Show how often planted instructions are followed, quoted or reported as proved.

    Exit 1 when planted text is reported as proved, or a link or an image comes through.
    """
    from eval import results
    from eval.injection import CORPUS, as_text, failures, load, measure, opened

    settings = _settings(arguments)
    settings = replace(settings, policy=arguments.policy) if arguments.policy else settings
    corpus = arguments.corpus or CORPUS
    rows = load(corpus)
    with opened(corpus, settings) as answerer:
        measured = measure(lambda question: answerer.answer(question), rows)
    if arguments.out:
        results.write_text(arguments.out, json.dumps({"model": settings.model, **measured}, ensure_ascii=False, indent=1) + "\n")
    print(as_text(settings.model, measured))
    found = failures(measured)
    print("\n".join(found) if found else "nothing planted came through")
    return FAULTS if found else 0


def _add_scale(commands: Any) -> None:
    parser = _command(commands, "scale", "how large indexes are built, stored and searched", scale)
    parser.add_argument(
        "--dataset", type=Path, required=True, help="real documents and questions: a folder in BEIR's layout, or SQuAD file"
    )
    parser.add_argument("--base", type=Path, help="folder of an index of those documents (default: built in --work)")
    parser.add_argument("--passages", default="1000,10000,100000,1000000", help="sizes, separated by commas")
    parser.add_argument(
        "--work", type=Path, required=True, help="folder that keeps the indexes (some 9 GB for a million passages)"
    )
    parser.add_argument("--out", type=Path, default=Path("docs/scale.json"), help="JSON file of the figures")
    parser.add_argument(
        "--write", type=Path, help="Markdown file to put the table into, between <!-- scale --> and <!-- /scale -->"
    )
    parser.add_argument("--plot", type=Path, help="SVG file of the times (extra `eval`)")


def scale(arguments: argparse.Namespace) -> int:
    """Make indexes of many passages from real ones, and measure building, size, memory, times and recall."""
    from eval import results
    from eval.plots import scale as plot
    from eval.scale import as_markdown, measure, real_index
    from eval.table import replace_between

    if not all(size.strip().isdigit() and int(size) for size in arguments.passages.split(",")):
        raise UsageError(f"--passages takes whole numbers separated by commas, not {arguments.passages!r}")
    sizes = [int(size) for size in arguments.passages.split(",")]
    base, questions = real_index(arguments.dataset, arguments.work, arguments.base)
    found = measure(base, questions, sizes, arguments.work)
    results.write_text(arguments.out, json.dumps(found, indent=1) + "\n")
    if arguments.write:
        try:
            document = replace_between(arguments.write.read_text(encoding="utf-8"), as_markdown(found), "scale")
        except (OSError, ValueError) as error:
            raise UsageError(f"{arguments.write}: {error}") from None
        results.write_text(arguments.write, document)
    if arguments.plot:
        results.write_text(arguments.plot, plot(found["rows"]) + "\n")
    print(as_markdown(found))
    return 0


def _add_models(commands: Any) -> None:
    parser = _command(commands, "models", "a language model beside the extractive reader and a plain LangChain chain", models)
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
    rows = run(systems(answerer, base), questions, arguments.minutes, _progress())
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


def fit(arguments: argparse.Namespace) -> int:
    """Fit both models of the extractive reader and write them as JSON. Needs scipy (extra `eval`)."""
    from eval.fit import run as fit_reader

    return fit_reader(arguments)


def _settings(arguments: argparse.Namespace) -> Settings:
    from qa.settings import load

    return load({name: getattr(arguments, name, None) for name in SETTINGS})


def check(arguments: argparse.Namespace) -> int:
    """Print every fault of a question set; exit 1 when there is one."""
    from eval.check import faults, read_articles
    from eval.questions import load
    from index.repair import repair

    questions = load(arguments.questions)
    folder = _settings(arguments).articles or Path("seeds")
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
    settings = _settings(arguments)
    name = f"ours-without-{arguments.without}" if arguments.without else arguments.system
    out = arguments.out or Path("reports") / f"{arguments.dataset.stem + '-' if arguments.dataset else ''}{name}.json"
    partial = out.with_name(out.name + ".partial")
    if arguments.fresh:
        partial.unlink(missing_ok=True)
    with opened(arguments, settings) as (system, questions, about):
        system = replace(system, workers=arguments.jobs) if arguments.jobs else system
        judge = _judge(arguments, settings)
        result = evaluate(system, questions, about, partial, _progress(), judge)
    results.save(result, out)
    print(summary(result))
    print(out)
    return 0


def _judge(arguments: argparse.Namespace, settings: Settings) -> Any:
    if not arguments.judge:
        return None
    from eval.judge import from_settings

    return from_settings(settings, arguments.judge)


def _progress() -> Callable[[int, int], None]:
    """A bar on the terminal's error stream; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        return lambda done, total: None

    def show(done: int, total: int) -> None:
        filled = 30 * done // max(total, 1)
        end = "\n" if done == total else ""
        print(f"\r{'█' * filled}{'░' * (30 - filled)} {done}/{total}", end=end, file=sys.stderr, flush=True)

    return show


def compare(arguments: argparse.Namespace) -> int:
    """Print the paired differences between two results, with intervals, and the questions that changed."""
    from eval import results
    from eval.compare import as_text
    from eval.compare import compare as compared

    print(as_text(compared(results.load(arguments.old), results.load(arguments.new)), str(arguments.old), str(arguments.new)))
    return 0


def gate(arguments: argparse.Namespace) -> int:
    """Exit 1 when a floor is broken, a figure is significantly worse than the baseline's, or a question is missing."""
    from eval import results
    from eval.gate import DEFAULT_FLOORS, faults, load_floors

    baseline = results.load(arguments.against) if arguments.against else None
    found = faults(results.load(arguments.result), baseline, load_floors(arguments.floors or DEFAULT_FLOORS))
    print("\n".join(found) if found else "the gate is passed")
    return FAULTS if found else 0


def report(arguments: argparse.Namespace) -> int:
    """Write the HTML page and the Markdown summary of a result."""
    from eval import results
    from eval.report import page
    from eval.table import summary

    result = results.load(arguments.result)
    out = arguments.out or arguments.result.with_suffix(".html")
    results.write_text(out, page(result))
    results.write_text(out.with_suffix(".md"), summary(result))
    print(f"{out}\n{out.with_suffix('.md')}")
    return 0


def table(arguments: argparse.Namespace) -> int:
    """Print the systems' figures side by side, or put them into a document."""
    from eval import results
    from eval.figures import of_split
    from eval.table import SYSTEM_COLUMNS, TITLES, replace_between, systems_table

    columns = arguments.columns.split(",") if arguments.columns else SYSTEM_COLUMNS
    unknown = [name for name in columns if name not in TITLES]
    if unknown:
        raise UsageError(f"unknown metrics {', '.join(unknown)}; there are {', '.join(TITLES)}")
    loaded = [results.load(path) for path in arguments.results]
    text = systems_table([of_split(result, arguments.split) if arguments.split else result for result in loaded], columns)
    if not arguments.write:
        print(text)
        return 0
    try:
        document = replace_between(arguments.write.read_text(encoding="utf-8"), text, arguments.name)
    except (OSError, ValueError) as error:
        raise UsageError(f"{arguments.write}: {error}") from None
    results.write_text(arguments.write, document)
    return 0


def new(arguments: argparse.Namespace) -> int:
    """Show passages of the index and ask for a question about each; rows are kept as they are written."""
    from eval.new import write_questions
    from eval.workplace import passages_of

    added = write_questions(passages_of(_settings(arguments)), arguments.questions, input, print, arguments.seed)
    print(f"{added} questions added to {arguments.questions}; prove them with `qa eval check {arguments.questions} --any-size`")
    return 0
