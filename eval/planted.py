"""How well sentences that speak to a language model are told from others: python -m eval.planted [--fit] [--dataset FOLDER]

`planted.jsonl` holds planted instructions of many kinds, and benign sentences that come near to them: manuals, recipes, quoted orders,
texts about language models. The hash of a sentence puts it into one half or the other: `dev`, which the weights are fitted on, or
`test`. Rows of the kind `known`, from the tests and their corpus, are all in `dev`. Sentences of a dataset may be added to both as benign ones.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np

from index.sentences import split
from qa.planted import AGAINST, FEATURES, features, speaks_to_a_model

RIDGE = 0.001
"""Weight of the squares of the weights beside the mean loss."""
FALSE_ALARMS = 0.05
"""Share of the benign sentences of the dev half that may be taken for planted ones."""
SHARES = {"planted": 0.5, "near": 0.3, "dataset": 0.2}
"""How much each group of rows weighs, however many they are: planted, benign and near to these, benign of a dataset."""
STEPS, RATE = 4000, 0.5
TARGET = Path(__file__).parent.parent / "qa" / "data" / "planted.json"


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    planted: bool
    kind: str

    @property
    def half(self) -> str:
        return "dev" if self.kind == "known" or sha256(self.text.encode()).digest()[0] % 2 == 0 else "test"


def load() -> list[Row]:
    """The rows of `planted.jsonl`."""
    lines = (files("eval") / "planted.jsonl").read_text(encoding="utf-8").splitlines()
    return [Row(**json.loads(line)) for line in lines]


def sentences(folder: Path, most: int = 12_000) -> list[Row]:
    """Sentences of a dataset in BEIR's layout, as benign rows."""
    found: list[Row] = []
    for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["text"]
        found += [Row(text[start:end], False, "dataset") for start, end in split(text)]
    return found[:most]


def measure(rows: Iterable[Row]) -> dict[str, tuple[int, int]]:
    """For each kind (and for "planted" and "benign" as a whole) how many are taken for planted, and of how many."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        for name in ("planted" if row.planted else "benign", row.kind):
            counts[name][0] += speaks_to_a_model(row.text)
            counts[name][1] += 1
    return {name: (taken, total) for name, (taken, total) in counts.items()}


def fit(rows: Sequence[Row]) -> dict[str, object]:
    """Weights of a logistic regression, and the least sum that keeps the false alarms."""
    values = np.array([features(row.text) for row in rows], dtype=float)
    planted = np.array([row.planted for row in rows], dtype=float)
    groups = ["planted" if row.planted else "dataset" if row.kind == "dataset" else "near" for row in rows]
    share = np.array([SHARES[group] / groups.count(group) for group in groups])
    against = np.array([name in AGAINST for name in FEATURES])
    weights, bias = np.zeros(values.shape[1]), 0.0
    for _ in range(STEPS):
        wrong = (1 / (1 + np.exp(-(values @ weights + bias))) - planted) * share
        weights -= RATE * (values.T @ wrong + RIDGE * weights)
        weights = np.where(against, np.minimum(weights, 0.0), np.maximum(weights, 0.0))
        bias -= RATE * float(wrong.sum())
    sums = values @ weights.round(2)
    hard = np.sort(sums[[not row.planted and row.kind != "dataset" for row in rows]])[::-1]
    least = float(np.floor((hard[int(len(hard) * FALSE_ALARMS)] + 0.011) * 100) / 100)
    return {"weights": dict(zip(FEATURES, weights.round(2).tolist(), strict=True)), "least": round(least, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="fit the weights on the dev half and write them")
    parser.add_argument("--dataset", type=Path, help="folder of a dataset whose sentences are benign")
    arguments = parser.parse_args()
    rows = load() + (sentences(arguments.dataset) if arguments.dataset else [])
    if arguments.fit:
        fitted = fit([row for row in rows if row.half == "dev"])
        TARGET.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")
    for half in ("dev", "test"):
        print(half)
        for name, (taken, total) in measure(row for row in rows if row.half == half).items():
            print(f"  {name:12} {taken / total:6.1%} of {total}")


if __name__ == "__main__":
    main()
