"""Whether the answers are right, and how sure that is: the hand-written questions, the metrics, the runs, the benchmarks.

The way of a run: `questions` loads the rows (`check` proves them against the articles), `workplace` builds an index for the run
and opens a `systems.System` on it (ours, one of the `baselines`, one of the `ablations`, a corpus of `datasets`), `run` asks,
`scoring` turns one answer into figures with the pure functions of `normalise`, `matching` and `metrics`, `figures` and
`statistics` sum up with intervals, `results` keeps it all as one JSON file. `compare`, `gate`, `table` and `report` (with
`plots`) read such files. `judge` and `new` are optional: a model's opinion, and writing a set for one's own articles. `cli`
holds the commands.

Nothing here is imported by `index` or `qa`. The package is named like the builtin: write `from eval.metrics import …`.
"""
