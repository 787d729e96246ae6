"""`qa index`: build, keep up to date, list, put back, drop and check generations.

Exit codes: 0 done · 1 `check` found faults · 2 bad usage · 4 no index, a damaged or stale one, or another process is building ·
5 the disk refused · 130 interrupted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import UsageError
from qa.flags import EXIT_CODES, add_command, add_setting_flags, settings_of

if TYPE_CHECKING:
    from index.build import Built
    from index.generations import Listed
    from qa.settings import Settings

EVERY_S = 2.0
"""How often `--watch` looks at the folder; a change is indexed when two looks after it are alike."""


def add_commands(commands: Any) -> None:
    """Add `index` with its actions."""
    parser = commands.add_parser("index", help="build the index, or say how it stands", epilog=EXIT_CODES)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_build(actions)
    status = add_command(actions, "status", _status, "what is indexed, and whether it is up to date")
    listing = add_command(actions, "list", _list, "the generations of the index")
    back = add_command(actions, "rollback", _rollback, "go back to an earlier generation")
    back.add_argument("name", nargs="?", help="the generation, or how its name begins (default: the one before the current one)")
    prune = add_command(actions, "prune", _prune, "drop old generations")
    prune.add_argument("--keep", type=_at_least_1, default=1, metavar="N", help="how many to keep (default: 1, the current one)")
    check = add_command(actions, "check", _check, "prove that a generation is whole")
    check.add_argument("name", nargs="?", help="the generation, or how its name begins (default: the current one)")
    for action in (status, listing, back, prune, check):
        action.add_argument("--json", action="store_true", help="one JSON object a line")
        add_setting_flags(action, "index")


def _add_build(actions: Any) -> None:
    build = add_command(actions, "build", _build, "index a folder of articles")
    build.add_argument("folder", nargs="?", type=Path, help="folder of the articles (default: the setting `articles`)")
    how = build.add_mutually_exclusive_group()
    how.add_argument("--if-needed", action="store_true", help="do nothing when the index is up to date")
    how.add_argument("--fresh", action="store_true", help="take nothing from the index that is there")
    how.add_argument("--watch", action="store_true", help="go on and index again whenever the folder has changed, until Ctrl-C")
    build.add_argument(
        "--every", type=_seconds, default=EVERY_S, metavar="SECONDS", help=f"how often --watch looks (default: {EVERY_S:g})"
    )
    build.add_argument(
        "--keep", type=_at_least_1, metavar="N", help="generations that are kept, the new one included (default: 2)"
    )
    build.add_argument("--json", action="store_true", help="what was done, as one JSON object")
    add_setting_flags(build, "index", "store", "embedder", "workers", "include", "exclude", "max_file_mb", "passage_words")


def _at_least_1(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"must be a number from 0.1 to 86400, not {text!r}")
    return seconds


def _build(parsed: argparse.Namespace) -> int:
    """Index every file of a folder. What has not changed since the last build is taken from there. Files that cannot be indexed
    are named with the reason; the others are indexed. After an interruption the next build goes on where this one was."""
    from index.embed import open_encoder
    from index.stores import deliver
    from qa.terminal import note

    settings = settings_of(parsed)
    folder = parsed.folder or settings.articles
    if folder is None:
        raise UsageError("name the folder of the articles: qa index build FOLDER")
    if parsed.if_needed and _is_fresh(settings, folder):
        deliver(settings.index_path, settings.store, settings.store_token)
        return 0
    encoder = open_encoder(settings.embedder, notice=note)
    if parsed.watch:
        return _watch(parsed, settings, folder, encoder)
    _build_once(parsed, settings, folder, encoder)
    return 0


def _build_once(
    parsed: argparse.Namespace, settings: Settings, folder: Path, encoder: Any, told: set[Any] | None = None
) -> Built:
    """Build and say what came of it. `told` holds the refused files that were named before."""
    from functools import partial

    from index.build import build
    from index.embed import open_encoder
    from index.fanout import fanned_out
    from index.publish import KEPT
    from index.stores import delivering
    from qa.answer import recipe
    from qa.terminal import Bar, note, print_json

    opener = partial(open_encoder, settings.embedder, threads=1)
    store = delivering(settings.index_path, settings.store, settings.store_token)
    with Bar() as bar, store, fanned_out(encoder, settings.workers, opener) as encoder:
        built = build(
            folder, settings.index_path, recipe(settings), encoder, bar, note, fresh=parsed.fresh, keep=parsed.keep or KEPT
        )
    for refused in built.refused:
        if told is None or refused not in told:
            note(f"not indexed: {refused.source} {refused.reason}")
    if told is not None:
        told.update(built.refused)
    if told is None or built.changed:
        note(_summary(built, settings.index_path))
    if parsed.json:
        print_json(asdict(built))
    return built


def _summary(built: Built, index: Path) -> str:
    size = f"{built.articles} articles, {built.passages} passages, {built.sentences} sentences"
    if not built.changed:
        return f"nothing has changed: {size} in {index}"
    counts = {"added": built.added, "changed": built.edited, "removed": built.removed, "renamed": built.renamed}
    files = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    if built.added == built.articles:
        return f"indexed {size} in {index}"
    return f"indexed {size} in {index} (files: {files or 'none changed'}; texts embedded: {built.embedded})"


def _watch(parsed: argparse.Namespace, settings: Settings, folder: Path, encoder: Any) -> int:
    import signal

    from index.watch import look, watch
    from qa.terminal import note

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    note(f"watching {folder}, every {parsed.every:g} s; Ctrl-C ends it")
    told: set[Any] = set()
    try:
        watch(
            lambda: look(folder, settings.include, settings.exclude),
            lambda: _build_once(parsed, settings, folder, encoder, told),
            _pauses(parsed.every),
            note,
        )
    except KeyboardInterrupt:
        note("stopped watching; the index is as the last build left it")
    return 0


def _pauses(seconds: float) -> Iterator[None]:
    while True:
        yield
        time.sleep(seconds)


def _is_fresh(settings: Settings, folder: Path) -> bool:
    from index.errors import IndexProblem
    from index.freshness import check_fresh
    from index.store import open_current
    from qa.answer import recipe

    try:
        generation = open_current(settings.index_path)
        at = Path(generation.manifest.root) / generation.manifest.folder
        return at == folder.resolve() and not check_fresh(generation, recipe(settings))
    except IndexProblem:
        return False


def _status(parsed: argparse.Namespace) -> int:
    """Show what is indexed. Exit 4 when the index is missing, stale or damaged."""
    from index.freshness import check_fresh
    from index.store import bytes_of, open_current
    from qa.answer import recipe
    from qa.terminal import note, print_json, safe

    settings = settings_of(parsed)
    generation = open_current(settings.index_path)
    manifest = generation.manifest
    if parsed.json:
        record = {"index": str(settings.index_path), "folder": str(Path(manifest.root) / manifest.folder)}
        counts = {name: getattr(manifest, name) for name in ("articles", "passages", "sentences")}
        refused = [asdict(r) for r in manifest.refused]
        print_json(
            record
            | {"generation": manifest.name, "built_at": manifest.built_at, "bytes": bytes_of(manifest)}
            | counts
            | {"embedder": manifest.encoder["name"], "refused": refused}
        )
    else:
        print(f"index       {settings.index_path}")
        print(f"generation  {manifest.name}")
        print(f"articles    {manifest.articles} in {Path(manifest.root) / manifest.folder}")
        print(f"passages    {manifest.passages} ({manifest.sentences} sentences)")
        encoder = manifest.encoder
        print(f"embedder    {encoder['name']} ({encoder['runtime']}, agreement {encoder['agreement']:.6f})")
        for file in manifest.refused:
            print(safe(f"refused     {file.source} {file.reason}"))
    for line in check_fresh(generation, recipe(settings)):
        note(line)
    return 0


def _list(parsed: argparse.Namespace) -> int:
    """List the generations, newest first; `*` marks the one that answers."""
    from index.generations import listed
    from qa.terminal import print_json

    for row in listed(settings_of(parsed).index_path):
        print_json(asdict(row)) if parsed.json else print(_row(row))
    return 0


def _row(row: Listed) -> str:
    from qa.terminal import safe

    begin = f"{'*' if row.current else ' '} {row.name:15} {row.built_at[:19].replace('T', ' ')}"
    if row.problem:
        return safe(f"{begin}  damaged: {row.problem}")
    left_out = f", {row.refused} left out" if row.refused else ""
    return safe(
        f"{begin}  {row.articles} articles, {row.passages} passages, {row.sentences} sentences{left_out}"
        f"  {row.bytes / 1e6:,.1f} MB  {row.embedder}"
    )


def _rollback(parsed: argparse.Namespace) -> int:
    """Answer from an earlier generation again, from now on. It is checked whole before. Files that have changed since then make it
    stale: answers then need --allow-stale, or a build."""
    from index.errors import StaleIndex
    from index.freshness import check_fresh
    from index.generations import rollback
    from index.store import open_current
    from qa.answer import recipe
    from qa.terminal import note, print_json

    settings = settings_of(parsed)
    manifest = rollback(settings.index_path, parsed.name)
    if parsed.json:
        print_json({"generation": manifest.name, "articles": manifest.articles, "built_at": manifest.built_at})
    else:
        note(f"the index is generation {manifest.name} again: {manifest.articles} articles, {manifest.passages} passages")
    try:
        notices = check_fresh(open_current(settings.index_path), recipe(settings))
    except StaleIndex as error:
        notices = [f"{error}, or answer from it as it is with --allow-stale"]
    for line in notices:
        note(line)
    return 0


def _prune(parsed: argparse.Namespace) -> int:
    """Drop all but the newest generations, and what interrupted builds left. The one that answers is always kept."""
    from index.generations import prune
    from qa.terminal import note, print_json

    dropped = prune(settings_of(parsed).index_path, parsed.keep)
    if parsed.json:
        print_json({"dropped": dropped})
    else:
        note(f"dropped {', '.join(dropped)}" if dropped else "nothing to drop")
    return 0


def _check(parsed: argparse.Namespace) -> int:
    """Compare every byte of a generation with its checksum, and vectors, passages and words in number. Exit 1 on a fault."""
    from index.generations import check
    from qa.terminal import note, print_json, safe

    checked = check(settings_of(parsed).index_path, parsed.name)
    if parsed.json:
        print_json(asdict(checked) | {"whole": not checked.faults})
    elif not checked.faults:
        print(f"{checked.name} is whole: {checked.files} files, {checked.bytes / 1e6:,.1f} MB")
    else:
        for fault in checked.faults:
            print(safe(fault))
    if checked.faults:
        note(f"{checked.name} is damaged; run: qa index build, or qa index rollback to go back to the one before it")
    return int(bool(checked.faults))
