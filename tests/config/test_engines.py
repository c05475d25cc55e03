"""What the loader of engines sees to."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LOAD = """
import sys
from config import engines
engines.load({"BACKEND": "search.engines.minilm.MiniLM"}).embed(texts=("a", "b"))
assert "openvino" in sys.modules
"""


def test_no_engine_tells_its_maker_that_it_is_used(tmp_path: Path) -> None:
    """OpenVINO keeps its user's number and a count of messages under HOME where it does."""
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", _LOAD], cwd=ROOT, env=environment, check=True)
    assert not list(tmp_path.iterdir())
