"""Writes two files of qa/data from the database of WordNet 3.0 (Debian: wordnet-base), and one of index/data from the second of them:
python -m eval.wordnet FOLDER

verbs.txt: words that are verbs at least twice as often as anything else, in the texts that WordNet was tagged with. synonyms.txt.gz: one line for each root of a word that WordNet's tagged texts hold: the root, its senses, the senses broader than these by one step,
and its opposites, parted by tabs. A word keeps the senses that were tagged, at most `MOST_SENSES` for each part of speech. akin.txt.gz: one line
for each root that has any: the roots that share a sense with it, and those one step broader or narrower.
"""

from __future__ import annotations

import gzip
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

from qa.words import stem

MOST_SENSES = 6
MOST_STEPS = 48
"""A root with more broader and narrower ones than this is a word for almost anything ("person", "change"): it keeps none of them."""
DATA = Path(__file__).parent.parent / "qa" / "data"
AKIN = Path(__file__).parent.parent / "index" / "data" / "akin.txt.gz"
KINDS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
WORD = re.compile(r"[a-z]+")


def read(folder: Path) -> dict[str, tuple[set[str], set[str], set[str]]]:
    """root → (senses, broader senses, opposite roots); a sense is its part of speech and its place in the data file."""
    kept: dict[str, tuple[set[str], set[str], set[str]]] = defaultdict(lambda: (set(), set(), set()))
    for name, kind in KINDS.items():
        lemmas = _senses(folder / f"index.{name}", kind)
        broader, opposite, derived = _pointers(folder / f"data.{name}", kind)
        for lemma, senses in lemmas.items():
            own, wider, against = kept[stem(lemma)]
            own.update(senses)
            own.update(other for sense in senses for other in derived[sense, lemma])
            wider.update(wide for sense in senses for wide in broader[sense])
            against.update(stem(other) for sense in senses for other in opposite[sense, lemma])
    return kept


def _senses(path: Path, kind: str) -> dict[str, list[str]]:
    """The tagged senses of each word of one part, most frequent first; of an untagged word none."""
    found = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        lemma, *rest = line.split(" ")
        if line.startswith(" ") or not WORD.fullmatch(lemma):
            continue
        fields = [field for field in rest if field]
        count, pointers = int(fields[1]), int(fields[2])
        tagged = int(fields[4 + pointers])
        offsets = fields[5 + pointers : 5 + pointers + count]
        if tagged:
            found[lemma] = [kind + offset for offset in offsets[: min(tagged, MOST_SENSES)]]
    return found


def _pointers(
    path: Path, kind: str
) -> tuple[dict[str, list[str]], dict[tuple[str, str], list[str]], dict[tuple[str, str], list[str]]]:
    """For each sense the broader ones; for each (sense, word) the words that stand against it, and the senses of words made from it."""
    broader: dict[str, list[str]] = defaultdict(list)
    against: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    derived: dict[tuple[str, str], list[str]] = defaultdict(list)
    members: dict[str, list[str]] = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        if line.startswith(" "):
            continue
        fields = line.split(" | ")[0].split()
        sense, size = kind + fields[0], int(fields[3], 16)
        members[sense] = [re.sub(r"\(.*", "", fields[4 + 2 * n]).lower() for n in range(size)]
        first = 5 + 2 * size
        for n in range(int(fields[4 + 2 * size])):
            symbol, offset, part, ends = fields[first + 4 * n : first + 4 * n + 4]
            if symbol in ("@", "@i"):
                broader[sense].append(part.replace("s", "a") + offset)
            elif symbol == "+":
                derived[sense, members[sense][int(ends[:2], 16) - 1]].append(part.replace("s", "a") + offset)
            elif symbol == "!":
                against[sense, members[sense][int(ends[:2], 16) - 1]].append((kind + offset, int(ends[2:], 16) - 1))
    return broader, defaultdict(list, {key: [members[s][n] for s, n in pairs] for key, pairs in against.items()}), derived


def written(kept: dict[str, tuple[set[str], set[str], set[str]]]) -> str:
    """The file's text. Senses that only one root has and none is broader than are left out; the others get short numbers."""
    uses: dict[str, int] = defaultdict(int)
    for own, wider, _ in kept.values():
        for sense in own | wider:
            uses[sense] += 1
    numbers = {sense: str(n) for n, sense in enumerate(sorted(s for s, count in uses.items() if count > 1))}
    lines = []
    for root, parts in sorted(kept.items()):
        same, broader = (" ".join(sorted((numbers[s] for s in part if s in numbers), key=int)) for part in parts[:2])
        opposites = " ".join(sorted(word for word in parts[2] if WORD.fullmatch(word)))
        if same or broader or opposites:
            lines.append(f"{root}\t{same}\t{broader}\t{opposites}\n")
    return "".join(lines)


def akin(synonyms: str) -> str:
    """The text of akin.txt, from that of synonyms.txt."""
    own: dict[str, list[str]] = {}
    wider: dict[str, list[str]] = {}
    of_sense: dict[str, set[str]] = defaultdict(set)
    below: dict[str, set[str]] = defaultdict(set)
    for line in synonyms.splitlines():
        root, senses, broader, _ = line.split("\t")
        own[root], wider[root] = senses.split(), broader.split()
        for sense in own[root]:
            of_sense[sense].add(root)
        for sense in wider[root]:
            below[sense].add(root)
    lines = []
    for root in sorted(own):
        same = set().union(*(of_sense[sense] for sense in own[root])) - {root}
        step = set().union(*(below[sense] for sense in own[root]), *(of_sense[sense] for sense in wider[root])) - same - {root}
        step = step if len(step) <= MOST_STEPS else set()
        if same or step:
            lines.append(f"{root}\t{' '.join(sorted(same))}\t{' '.join(sorted(step))}\n")
    return "".join(lines)


def verbs(path: Path) -> list[str]:
    """The words that the counts of senses (cntlist.rev: `word%part:… sense count`) give as verbs for the most part."""
    counts: Counter[tuple[str, str]] = Counter()
    for line in path.read_text(encoding="latin-1").splitlines():
        key, _, count = line.split()
        lemma, _, rest = key.partition("%")
        counts[lemma, rest[0]] += int(count)
    others = {lemma: sum(counts[lemma, part] for part in "1345") for lemma, part in list(counts) if part == "2"}
    return sorted(word for word, other in others.items() if WORD.fullmatch(word) and counts[word, "2"] >= max(2, 2 * other))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    synonyms = written(read(folder))
    (DATA / "synonyms.txt.gz").write_bytes(gzip.compress(synonyms.encode(), mtime=0))
    AKIN.write_bytes(gzip.compress(akin(synonyms).encode(), mtime=0))
    (DATA / "verbs.txt").write_text("\n".join(verbs(folder / "cntlist.rev")) + "\n", encoding="utf-8")
