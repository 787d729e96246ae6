"""The settings that a generation depends on, and the identity of the code that cuts its passages."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

RECIPE = 5
"""Raised whenever the same files would give other passages; an index of another recipe is stale."""

_CODE = (
    "chunk",
    "files",
    "front_matter",
    "html_tags",
    "infobox",
    "markup",
    "markup_marks",
    "repair",
    "sentences",
    "tables",
    "types",
)
_LIBRARIES = ("ftfy", "babel", "sentencex", "pyyaml", "tokenizers")


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings that a generation depends on."""

    embedder: str
    passage_words: int = 110
    max_file_bytes: int = 20_000_000
    include: tuple[str, ...] = ("**/*",)
    exclude: tuple[str, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        return json.loads(json.dumps(asdict(self) | {"recipe": RECIPE}))

    def cuts_like(self, built_with: dict[str, Any]) -> bool:
        """Whether a file that both take is cut into the same passages; which files are taken is another matter."""
        ours = self.as_data()
        return all(built_with.get(key) == ours[key] for key in ours.keys() - {"include", "exclude"})


@cache
def made_by() -> str:
    """Identifies the code of this package that cuts passages, and the libraries it reads text with.

    Passages of an earlier generation are copied only where this is equal: an incremental build gives what a fresh one would.
    """
    from importlib.metadata import version

    digest = hashlib.sha256()
    for name in _CODE:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    for name in _LIBRARIES:
        digest.update(f"{name} {version(name)}\n".encode())
    return digest.hexdigest()[:16]
