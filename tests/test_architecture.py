"""The house's rules on who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("documents", "search", "ingestion", "config", "samples")
FORBIDDEN = {
    "documents": {"search", "ingestion"},
    "search": {"ingestion"},
    "samples": {"documents", "search", "ingestion", "django"},
}


def imports(file: Path) -> set[str]:
    """Full names of the modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def modules(app: str) -> list[Path]:
    return sorted((ROOT / app).rglob("*.py"))


@pytest.mark.parametrize("app", FORBIDDEN)
def test_imports_go_one_way(app: str) -> None:
    for file in modules(app):
        tops = {name.split(".")[0] for name in imports(file)}
        assert not tops & FORBIDDEN[app], file


def test_only_the_queue_imports_django_q() -> None:
    users = {
        file.relative_to(ROOT).as_posix()
        for app in APPS
        for file in modules(app)
        if any(name.split(".")[0] == "django_q" for name in imports(file))
    }
    assert users == {"ingestion/queue.py"}


def test_engines_know_neither_django_nor_models() -> None:
    for folder in ("ingestion/engines", "search/engines"):
        for file in (ROOT / folder).rglob("*.py"):
            names = imports(file)
            tops = {name.split(".")[0] for name in names}
            assert "django" not in tops, file
            assert not any(".models" in name for name in names), file


def test_the_engines_loader_is_a_leaf() -> None:
    tops = {name.split(".")[0] for name in imports(ROOT / "config/engines.py")}
    assert not tops & {"documents", "search", "ingestion", "django"}


def writes_a_status(file: Path) -> bool:
    """Whether a file sets an attribute `status`, or hands one to a call that stores rows."""
    stores = {"update", "create", "get_or_create", "update_or_create", "Job", "Step"}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if node.attr == "status":
                return True
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in stores and any(keyword.arg == "status" for keyword in node.keywords):
                return True
    return False


def test_only_the_ledger_writes_the_status_of_jobs_and_steps() -> None:
    writers = {file for file in modules("ingestion") if writes_a_status(file)}
    # Calls of language models and their batches have a status of their own.
    others = {ROOT / "ingestion/llm" / name for name in ("places.py", "batches.py")}
    for file in others:
        assert not any(name.startswith("ingestion.models") for name in imports(file))
    assert {file.parent.name for file in writers - others} == {"ledger"}
