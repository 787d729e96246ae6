"""The commands that measure one part alone: `verifier`, `conflicts`, `injection` and `scale`."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.flags import FAULTS, command, settings_of
from index.errors import UsageError


def add_verifier(commands: Any) -> None:
    parser = command(commands, "verifier", "measure the verifier of claims on right and corrupted ones", verifier)
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

    settings = settings_of(arguments)
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


def add_conflicts(commands: Any) -> None:
    parser = command(commands, "conflicts", "measure which disagreements between sentences are seen", conflicts)
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
    encoder = open_encoder()
    outcomes = run(pairs, encoder, weighed=False)
    whole = run(pairs, encoder)
    parts = {split: [one for one in outcomes if one.pair.split == split] for split in ("dev", "test")}
    figures = {split: measured(part) for split, part in parts.items() if part}
    if arguments.out:
        results.write_text(arguments.out, json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    for split, part in figures.items():
        print(as_text(f"{split}, by value", part))
        print(as_text(f"{split}, as answered", measured([one for one in whole if one.pair.split == split])))
    found = [line for split, part in figures.items() for line in below_floors(split, part)]
    print("\n".join(found) if found else "the floors are held")
    return FAULTS if found else 0


def add_injection(commands: Any) -> None:
    parser = command(commands, "injection", "ask about articles that hold planted instructions", injection)
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

    settings = settings_of(arguments)
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


def add_scale(commands: Any) -> None:
    parser = command(commands, "scale", "how large indexes are built, stored and searched", scale)
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
