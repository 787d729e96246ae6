"""Whether the answers are right, and how sure that is: the hand-written questions, the metrics, the runs, the benchmarks.

The way of a run: `questions` loads the rows (`check` proves them against the articles), `systems` opens what is evaluated
(ours, the `baselines`, a `datasets` corpus), `run` asks, `scoring` turns one answer into figures with the pure functions of
`metrics` and `matching`, `figures` and `statistics` sum up with intervals, `results` keeps it all as one JSON file.
`compare`, `gate` and `report` read two such files or one. `judge` and `new` are optional: a model's opinion, and writing a
set for one's own articles. `cli` holds the commands.

Nothing here is imported by `index` or `qa`. The package is named like the builtin: write `from eval.metrics import …`.
"""
