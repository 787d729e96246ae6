"""ARCHITECTURE.md against the code: the imports, the file map, the tests that its invariants name."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("index", "qa", "prompts", "eval")
HELD = ("*.py", "*.md", "*.jsonl", "*.json", "*.tiktoken", "*.txt", "*.html", "*.css", "*.js", "*.svg")
"""Files of the packages that the map names: code, prompts, questions and package data."""
EDGES = re.compile(r"qa\.(?:__main__|server.*|mcp_tools|extractive|langchain_parts|llamacpp)|eval\.load")
"""Modules that are imported only when their command or part is used, and import their library with them."""


@cache
def page() -> str:
    return (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def source_files() -> list[Path]:
    return sorted({path for package in PACKAGES for pattern in HELD for path in (ROOT / package).rglob(pattern)})


def modules() -> list[str]:
    names = (
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in source_files() if path.suffix == ".py"
    )
    return [name.removesuffix(".__init__") for name in names]


def test_imports_point_one_way_and_each_library_has_its_module() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout


def test_importing_loads_numpy_and_nothing_else() -> None:
    ours = [name for name in modules() if not EDGES.fullmatch(name)]
    code = f"""
import importlib, sys
before = set(sys.modules)
for name in {ours!r}:
    importlib.import_module(name)
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted(loaded - set(sys.stdlib_module_names) - set({PACKAGES!r})))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["numpy"]


def test_packages_import_nothing_when_they_are_imported() -> None:
    for package in ("index", "qa", "qa/server", "eval", "eval/plain"):
        statements = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")).body
        assert [type(statement) for statement in statements] == [ast.Expr], f"{package}/__init__.py holds more than its docstring"


def test_every_module_says_what_it_is_for() -> None:
    for path in source_files():
        if path.suffix == ".py":
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"


def test_the_file_map_lists_exactly_the_files() -> None:
    """A line that ends in `/` stands for a folder of data, with all that is in it."""
    listed = re.findall(r"^- `((?:index|qa|prompts|eval)/[^`]+)` +\S", page(), re.MULTILINE)
    folders = tuple(name for name in listed if name.endswith("/"))
    files = [path.relative_to(ROOT).as_posix() for path in source_files()]
    assert sorted(set(listed) - set(folders)) == [file for file in files if not file.startswith(folders)]
    assert len(set(listed)) == len(listed)
    for folder in folders:
        held = [file for file in files if file.startswith(folder)]
        assert held and not any(file.endswith(".py") for file in held), f"{folder} is no folder of data"


def test_every_invariant_names_tests_that_exist() -> None:
    paragraphs = [" ".join(paragraph.split()) for paragraph in page().split("\n\n") if "**Invariant:**" in paragraph]
    assert len(paragraphs) >= 10
    for paragraph in paragraphs:
        assert paragraph.count("**Invariant:**") == 1
        named = re.findall(r"`(tests/\w+\.py)::(\w+)`", paragraph)
        assert named, f"no test is named by: {paragraph}"
        for file, name in named:
            assert name in defined_in(ROOT / file), f"{file} has no {name}"


@cache
def defined_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def test_nothing_is_unpickled_evaluated_or_given_to_a_shell() -> None:
    for path in source_files():
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                assert not _runs_text(node), f"{path}:{getattr(node, 'lineno', 0)}"


def _runs_text(node: ast.AST) -> bool:
    """Whether a piece of code imports pickle and its like, calls eval or exec, lets numpy unpickle, or starts a shell."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
        return bool(names & {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"})
    if isinstance(node, ast.keyword) and node.arg in ("shell", "allow_pickle"):
        return not (isinstance(node.value, ast.Constant) and node.value.value is False)
    if isinstance(node, ast.Call):
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        return called in ("eval", "exec", "compile", "__import__") or ast.unparse(node.func) in ("os.system", "os.popen")
    return False
