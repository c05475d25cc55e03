"""`manage.py evaluate`: what it prints, keeps and refuses. The files are not there, so that
nothing is read, no worker is needed, and every run ends with exit code 1."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from documents.models import Project
from ingestion import runs
from ingestion.models import WorkerBeat

pytestmark = pytest.mark.django_db
KEYS = {"dataset", "kind", "n", "seconds", "metrics", "errors"}


@pytest.fixture(autouse=True)
def _worker() -> None:
    now = timezone.now()
    WorkerBeat.objects.create(name="ada:1", host="ada", pid=1, started_at=now, seen_at=now)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_truth(
        tmp_path / "papers",
        {"file": "a.pdf", "type": "bill", "fields": {"total_amount": "9.00", "irn": None}},
        {"file": "b.pdf", "page_types": ["bill", "unknown"], "text": "nut"},
    )


def evaluate(*words: Any) -> None:
    """A run that gets to its end."""
    with pytest.raises(SystemExit) as ended:
        call_command("evaluate", *words)
    assert ended.value.code == 1


def with_truth(path: Path, *truths: dict[str, Any]) -> Path:
    path.mkdir(exist_ok=True)
    (path / "truth.jsonl").write_text("\n".join(map(json.dumps, truths)))
    return path


@pytest.mark.parametrize("kind", ["fields", "types", "text"])
def test_a_run_keeps_its_shape_and_compares_with_itself(
    kind: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "run.json"
    evaluate(kind, folder, "--json", "--save", kept)
    told = json.loads(capsys.readouterr().out)
    assert set(told) >= KEYS
    assert runs.kept(kept) == told
    assert len(told["documents"]) == len(told["unread"]) == told["n"]
    assert told["unread"][0]["error"]["code"] == "file_unreadable"
    evaluate(kind, folder, "--json", "--against", kept)
    again = json.loads(capsys.readouterr().out)["comparison"]
    assert again["documents"] == {"better": 0, "worse": 0, "same": told["n"], "p_value": 1.0}
    assert again["changes"] == []
    assert not Project.objects.exists()


def test_what_changed_is_told_for_reading_with_both_values(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "run.json"
    evaluate("fields", folder, "--save", kept)
    run = runs.kept(kept)
    run["documents"][0]["values"]["/total_amount"] |= {"score": 1.0, "found": "9"}
    runs.keep(run, kept)
    capsys.readouterr()
    evaluate("fields", folder, "--against", kept)
    told = capsys.readouterr().out
    assert "against run.json: 0 documents better, 1 worse, 0 same (sign test p = 1.000)" in told
    assert 'worse  /total_amount: "9" -> null   (true: "9.00")' in told


def test_a_run_over_another_folder_is_refused_with_its_code(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "run.json"
    evaluate("fields", folder, "--save", kept)
    with pytest.raises(CommandError, match=r"\(other_dataset\)"):
        call_command("evaluate", "types", folder, "--against", kept)
    (folder / "a.pdf").write_bytes(b"another paper")
    capsys.readouterr()
    evaluate("fields", folder, "--json", "--against", kept)
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "other_dataset"


@pytest.mark.parametrize("content", [None, "no json", "[]", '{"kind": "fields"}'])
def test_a_file_that_holds_no_run_is_refused(
    content: str | None, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CommandError, match=r"\(run_unusable\)"):
        call_command("evaluate", "fields", folder, "--against", path)
    with pytest.raises(CommandError, match=r"\(no_truth\)"):
        call_command("evaluate", "fields", tmp_path)
