"""The commands of `qa eval`.

Exit codes: 0 all is well, 1 `check`, `gate`, `verifier`, `conflicts` or `injection` found faults, else those of `index.errors`.
"""

from __future__ import annotations

from typing import Any

from eval import asking_commands, fit_commands, part_commands, result_commands


def add_commands(subparsers: Any) -> None:
    """Add `eval` and its commands to the command line; each sets `run`, a function of the parsed arguments to an exit code."""
    parser = subparsers.add_parser("eval", help="measure answers against hand-written questions", description=__doc__)
    commands = parser.add_subparsers(dest="eval_command", required=True, metavar="COMMAND")
    asking_commands.add_check(commands)
    asking_commands.add_run(commands)
    result_commands.add_compare(commands)
    result_commands.add_gate(commands)
    result_commands.add_report(commands)
    result_commands.add_table(commands)
    asking_commands.add_new(commands)
    fit_commands.add_fit(commands)
    fit_commands.add_train_reader(commands)
    result_commands.add_calibrate(commands)
    fit_commands.add_fit_conflicts(commands)
    part_commands.add_verifier(commands)
    part_commands.add_conflicts(commands)
    part_commands.add_injection(commands)
    part_commands.add_scale(commands)
    asking_commands.add_models(commands)
