"""`manage.py make_samples` writes a folder, says how far it is, refuses what it does not know."""

import json
import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from samples.maker import make_samples


def test_the_command_writes_files_and_their_truth(tmp_path: Path) -> None:
    progress = StringIO()
    call_command(
        "make_samples",
        str(tmp_path / "new"),
        count=3,
        seed=4,
        variants="born_digital",
        stderr=progress,
    )
    lines = (tmp_path / "new" / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    assert [line["type"] for line in told] == ["bill", "eway_bill", "unknown"]
    assert all((tmp_path / "new" / line["file"]).is_file() for line in told)
    assert len(progress.getvalue().splitlines()) == 3


@pytest.mark.parametrize("option", ["kinds", "variants"])
def test_the_command_names_the_choices_where_one_is_wrong(tmp_path: Path, option: str) -> None:
    with pytest.raises(CommandError, match=r"nonsense is none of \w+"):
        call_command("make_samples", str(tmp_path), **{option: "nonsense"})


def test_the_same_seed_draws_the_same_bytes_whenever_it_is_asked(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        make_samples(folder, count=6, seed=3, variants=("born_digital", "scan"))
        time.sleep(1.1)  # the clock of a PDF counts seconds
    one, two = ({f.name: f.read_bytes() for f in folder.iterdir()} for folder in folders)
    assert one == two
