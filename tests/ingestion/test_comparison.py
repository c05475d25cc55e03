"""Two runs of evaluate, document by document."""

from typing import Any

import pytest

from ingestion.comparison import OtherDataset, compare


def run(values: dict[str, dict[str, Any]], **more: Any) -> dict[str, Any]:
    """values: document -> pointer -> what was found; the truth is always "x"."""
    documents = [
        {
            "document": name,
            "file": name,
            "values": {
                pointer: {"score": float(found == "x"), "truth": "x", "found": found}
                for pointer, found in of.items()
            },
        }
        for name, of in values.items()
    ]
    return {
        "kind": "fields",
        "fingerprint": "7",
        "documents": documents,
        "metrics": {"mean_exact": 0.5, "documents_exact": 1.0},
    } | more


def test_each_value_and_document_is_better_worse_or_the_same() -> None:
    before = run({"a": {"/irn": "y", "/due_date": "x"}, "b": {"/irn": "x"}, "c": {"/irn": "x"}})
    after = run({"a": {"/irn": "x", "/due_date": "x"}, "b": {"/irn": None}, "c": {"/irn": "x"}})
    told = compare(before, after)
    assert told.counts() == {"better": 1, "worse": 1, "same": 1, "p_value": 1.0}
    assert [(one.document, one.verdict) for one in told.moved] == [("a", "better"), ("b", "worse")]
    change = told.moved[0].changes[0]
    assert (change.name, change.before, change.after, change.truth) == ("/irn", "y", "x", "x")
    assert told.by_field() == {"irn": {"better": 1, "worse": 1, "other": 0}}


def test_a_document_with_as_much_won_as_lost_is_the_same_and_shown() -> None:
    before = run({"a": {"/irn": "y", "/due_date": "x"}})
    after = run({"a": {"/irn": "x", "/due_date": "y"}})
    told = compare(before, after)
    assert told.counts()["same"] == 1
    assert [change.verdict for change in told.moved[0].changes] == ["better", "worse"]


def test_a_value_that_is_wrong_in_another_way_is_told_and_not_counted() -> None:
    told = compare(run({"a": {"/irn": "y"}}), run({"a": {"/irn": "z"}}))
    assert told.counts()["same"] == 1
    assert told.by_field() == {"irn": {"better": 0, "worse": 0, "other": 1}}


def test_a_row_too_many_that_is_gone_is_better() -> None:
    told = compare(run({"a": {"/line_items/+0/unit": "y"}}), run({"a": {}}))
    assert told.counts()["better"] == 1
    assert told.by_field() == {"line_items.unit": {"better": 1, "worse": 0, "other": 0}}


def test_metrics_that_differ_are_told_with_both_values() -> None:
    after = run({"a": {}}, metrics={"mean_exact": 0.75, "documents_exact": 1.0})
    assert compare(run({"a": {}}), after).metrics == {"mean_exact": (0.5, 0.75)}


@pytest.mark.parametrize("other", [{"fingerprint": "8"}, {"kind": "types"}])
def test_runs_over_other_files_are_refused(other: dict[str, str]) -> None:
    with pytest.raises(OtherDataset) as refused:
        compare(run({"a": {}}, **other), run({"a": {}}))
    assert refused.value.code == "other_dataset"
    with pytest.raises(OtherDataset):
        compare(run({"b": {}}), run({"a": {}}))
