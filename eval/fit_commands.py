"""The commands that fit and train: `fit`, `train-reader` and `fit-conflicts`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from eval.flags import PRACTICE, QUESTIONS, command


def add_fit(commands: Any) -> None:
    parser = command(commands, "fit", "fit the extractive reader on a dataset and the dev split", fit)
    parser.add_argument("--dataset", type=Path, required=True, help="SQuAD-like dataset with answers")
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="JSONL file (default: the project's own set)")
    parser.add_argument("--practice", type=Path, default=PRACTICE, help="folder of folders of articles with questions")
    parser.add_argument("--index", type=Path, help="folder of the index of the articles")
    parser.add_argument("--out", type=Path, default=Path("qa/data/reader.json"), help="file to write")


def fit(arguments: argparse.Namespace) -> int:
    """Fit both models of the extractive reader and write them as JSON. Needs scipy (extra `eval`)."""
    from eval.fit import run as fit_reader

    return fit_reader(arguments)


def add_train_reader(commands: Any) -> None:
    parser = command(commands, "train-reader", "train the span reader on a dataset and the practice articles", train_reader)
    parser.add_argument("--dataset", type=Path, required=True, help="folder in BEIR's layout whose queries name their evidence")
    parser.add_argument("--practice", type=Path, default=PRACTICE, help="folder of folders of articles with questions")
    parser.add_argument("--out", type=Path, default=Path("qa/data"), help="folder to write to")


def train_reader(arguments: argparse.Namespace) -> int:
    """Train the span reader and write it as ONNX, with what it was trained on and how it does on held-out articles."""
    from eval.train_reader import run as train

    return train(arguments)


def add_fit_conflicts(commands: Any) -> None:
    parser = command(commands, "fit-conflicts", "fit the models of the disagreements", fit_conflicts)
    parser.add_argument("--practice", type=Path, default=PRACTICE, help="folder of folders of articles with questions")
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="JSONL file (default: the project's own set)")
    parser.add_argument("--index", type=Path, help="folder of the index of the articles")
    parser.add_argument("--dataset", type=Path, help="SQuAD-like dataset: fit the models of single values on it, too")
    parser.add_argument("--out", type=Path, default=Path("qa/data"), help="folder to write to")


def fit_conflicts(arguments: argparse.Namespace) -> int:
    """Fit the model of pairs of values on the practice articles and the dev split. Needs scipy (extra `eval`).

    With a dataset also the models that say whether a single value answers.
    """
    from eval.fit_conflicts import run as fit_values
    from eval.fit_opposed import run as fit_pairs

    if arguments.dataset:
        fit_values(arguments)
    return fit_pairs(arguments)
