"""What the tests share: a small folder of made-up articles and its index, the index of the seeds (each built once with the real
encoder), and the rules of the house: no connection leaves the machine, and no example of a property has to be quick."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import hypothesis
import pytest

from index.build import Recipe, build
from index.embed import Encoder, open_encoder
from qa.answer import Answerer, recipe
from qa.settings import Settings

ROOT = Path(__file__).parent.parent
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs, and what they start, ignore it
LOOPBACK = ["127.0.0.1", "::1", "localhost"]

hypothesis.settings.register_profile("seedqa", deadline=None, print_blob=True, derandomize=True)
hypothesis.settings.load_profile("seedqa")

BRIDGE = """= Orrin Bridge =

Infobox
- Name: Orrin Bridge
- Architect: Maud Tiller
- Opened: 4 May 1931
- Length: 412 metres

The Orrin Bridge is a suspension bridge over the river Orrin in the town of Velmora. It was designed by the engineer Maud Tiller
and opened on 4 May 1931. It replaced a ferry that had crossed the river since the fourteenth century.

==Construction==
Work on the Orrin Bridge began in 1927 and cost 2.4 million crowns. Eleven workers were injured when a crane collapsed in March
1929. The stone for its two towers came from the quarry at Hallin.

==Closure==
The bridge was closed to lorries in 1988 because rust had weakened its main cables. It reopened to all traffic in 1991, after new
cables had been fitted.
"""
LIGHTHOUSE = """# Cape Sorrel Lighthouse

The Cape Sorrel Lighthouse stands on the northern tip of the island of Brenn. Its lamp can be seen from a distance of 31
kilometres.

## History

The lighthouse was built by Piet Hallam in 1874, after the mail steamer *Carola* had sunk off the cape with all hands.
The last keeper, Ines Dorran, left the lighthouse in 1983, when its lamp was made automatic.

## Museum

- The museum in the keeper's house opened in 1997.
- About 8,000 people visit the museum in a year.
"""
FAIR = (
    "The Velmora Fair is held in the second week of September. It was founded by the guild of weavers in 1612.\n\n"
    "The \x1b[31mred tent\x1b[0m of the fair\x07 burned down in 2003,\x9b2J and \u202enobody\u202c was hurt in the fire. "
    "Since then the tents of the Velmora Fair are made of sailcloth.\n"
)
"""Holds what a terminal would obey: colour, a bell, a C1 sequence that clears the screen, a change of writing direction."""


def write_articles(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "bridge.txt").write_text(BRIDGE, encoding="utf-8", newline="")
    (folder / "lighthouse.md").write_text(LIGHTHOUSE, encoding="utf-8", newline="")
    (folder / "fair.txt").write_text(FAIR, encoding="utf-8", newline="")
    return folder


def build_index(home: Path, encoder: Encoder) -> Settings:
    """Write the articles below `home`, index them, and give the settings that use them."""
    settings = Settings(index=home / "index", articles=write_articles(home / "articles"), threshold=0.5)
    build(settings.articles, settings.index_path, recipe(settings), encoder)  # type: ignore[arg-type]
    return settings


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return open_encoder()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Settings:
    """Settings of the small index. It is shared: a test that changes a file builds its own (`build_index`)."""
    return build_index(tmp_path_factory.mktemp("small"), encoder)


@pytest.fixture(scope="session")
def answerer(small: Settings, encoder: Encoder) -> Answerer:
    return Answerer.open(small, encoder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that connects to anything but this machine fails (pytest-socket)."""
    for item in items:
        if not item.get_closest_marker("allow_hosts"):
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK))


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The five articles. They are data: a test that edits one copies it first."""
    return ROOT / "seeds"


@pytest.fixture(scope="session")
def seeds_index(tmp_path_factory: pytest.TempPathFactory, seeds: Path, encoder: Encoder) -> Path:
    """The index of a copy of the seeds, which lies beside it (`../seeds`)."""
    home = tmp_path_factory.mktemp("seeded")
    shutil.copytree(seeds, home / "seeds")
    build(home / "seeds", home / "index", Recipe(encoder.card.name), encoder)
    return home / "index"
