"""The index goes over to a server's embeddings while search goes on."""

import sys
from pathlib import Path

import pytest

from tests.llm.conftest import Docket

DIMENSION = 384
PAPERS = {
    "heron": "The heron stands in shallow water and waits for fish.",
    "bread": "Knead flour, yeast and salt, let the dough rise, then bake it in a hot oven.",
    "lease": "The tenant pays the landlord monthly for the flat on the second floor.",
    "engine": "The motor of the car overheats when the coolant is low.",
    "exam": "Pupils write their mathematics test in the school hall on Monday.",
    "storm": "Heavy wind and rain are forecast along the coast tonight.",
    "dentist": "She had a tooth filled and was told to floss every evening.",
    "football": "The goalkeeper saved two penalties and the team won the match.",
    "garden": "Prune the roses in late winter and water the young trees.",
    "piano": "He practises scales and plays a sonata by Beethoven.",
}
# Next to no word in common with the paper that answers.
QUESTIONS = {
    "bird that catches its prey at a pond": "heron",
    "recipe for a loaf": "bread",
    "renting an apartment": "lease",
    "vehicle breakdown because of high temperature": "engine",
    "examination of students in arithmetic": "exam",
    "bad weather warning by the sea": "storm",
    "oral hygiene advice": "dentist",
    "soccer result": "football",
    "how to look after plants": "garden",
    "classical music keyboard": "piano",
}
LEAST_RIGHT = 8


@pytest.fixture
def indexed(docket: Docket, tmp_path: Path) -> Docket:
    folder = tmp_path / "papers"
    folder.mkdir()
    for name, text in PAPERS.items():
        (folder / f"{name}.txt").write_text(text)
    reports = docket.lines("ingest", str(folder), "--json")
    assert {report["status"] for report in reports} == {"completed"}
    return docket


def right(docket: Docket, **environment: str) -> int:
    """How many questions have the paper that answers them first, by vectors alone."""
    told = "\n".join(QUESTIONS)
    answers = docket.lines("search", "-", "--mode=dense", "--json", told=told, **environment)
    return sum(
        answer["hits"][0]["file"] == f"{QUESTIONS[answer['query']]}.txt" for answer in answers
    )


def test_search_works_before_during_and_after_the_change(indexed: Docket, embeddings: str) -> None:
    before = right(indexed)
    api = {
        "DOCKET_EMBED_MODEL": "e5",
        "DOCKET_EMBED_DIMENSION": str(DIMENSION),
        "DOCKET_EMBED_BASE_URL": embeddings,
        "DOCKET_EMBED_QUERY_TIMEOUT_S": "60",
    }
    change = indexed.start("reembed", "--json", **api)
    during = 0
    while change.is_running():
        (answer,) = indexed.lines(
            "search", "recipe for a loaf", "--mode=dense", "--limit=1", "--json", **api
        )
        assert answer["hits"][0]["file"] == "bread.txt"
        during += 1
    last = change.check().stdout.splitlines()[-1]
    name = f"e5-{DIMENSION}@{embeddings.removeprefix('http://').removesuffix('/v1')}"
    assert f'"embedder": "{name}", "state": "active", "done": {len(PAPERS)}' in last
    after = right(indexed, **api)
    sys.stdout.write(f"right of {len(QUESTIONS)}: {before}, then {after}; between {during} asked\n")
    assert min(before, after) >= LEAST_RIGHT
    assert during


def test_a_server_that_is_away_leaves_search_as_it_was(indexed: Docket) -> None:
    away = {
        "DOCKET_EMBED_MODEL": "e5",
        "DOCKET_EMBED_DIMENSION": str(DIMENSION),
        "DOCKET_EMBED_BASE_URL": "http://127.0.0.1:9/v1",
    }
    change = indexed.start("reembed", "--json", **away)
    told, _ = change.process.communicate()
    assert change.process.returncode == 1
    assert "does not answer" in told
    assert right(indexed, **away) >= LEAST_RIGHT
