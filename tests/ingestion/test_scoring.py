"""How a reading is scored against the truth."""

from typing import Any

import pytest

from documents.schemas import shipped_schema
from ingestion.scoring import Paper, Value, cer, normal, score, word_f1
from ingestion.scoring_sums import bins_of, by_field, counts_of, metrics


def test_words_are_counted_as_a_multiset_in_lower_case() -> None:
    assert word_f1("Total 12.50", "total 12.50") == 1.0
    assert word_f1("a a b", "a b b") == pytest.approx(2 / 3)
    assert word_f1("a b", "") == 0.0
    assert word_f1("", "") == 1.0


def test_character_errors_are_counted_per_character_of_the_truth() -> None:
    assert cer("abcd", "abxd") == 0.25
    assert cer("a  b\nc", "a b c") == 0.0


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("document_date", "25/12/2018", "2018-12-25"),
        ("total_amount", "9.00", "9"),
        ("total_amount", "1,04,571.50", "104571.5"),
        ("supplier_name", "Ada & Co., Ltd", "ADA CO LTD"),
        ("distance_km", 42, "42"),
        ("generated_at", "31/03/2024 02:05 PM", "2024-03-31T14:05"),
        ("tax_rate", "18 %", "18.00"),
    ],
)
def test_values_are_compared_by_what_they_mean(name: str, one: object, other: object) -> None:
    assert normal(name, one) == normal(name, other) != ""


def paper(
    truth: dict[str, Any],
    payload: dict[str, Any],
    *,
    is_straight_through: bool = False,
    evidence: dict[str, Any] | None = None,
    key: str = "a",
) -> Paper:
    values = score(truth, payload, evidence or {})
    return Paper(key=key, file=key, is_straight_through=is_straight_through, values=values)


def cells(truth: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[Value]:
    return score({"line_items": truth}, {"line_items": found}, {})


def test_the_schema_says_what_is_an_amount_whatever_its_name() -> None:
    schema = shipped_schema("bill")
    schema["properties"]["premium"] = schema["properties"]["total_amount"]
    schema["properties"]["legs"] = {
        "type": "array",
        "items": {"properties": {"day": schema["properties"]["due_date"]}},
    }
    truth = {"premium": "1,200.00", "legs": [{"day": "31 March 2024"}]}
    payload = {"premium": "1200", "legs": [{"day": "2024-03-31"}]}
    assert all(value.is_right for value in score(truth, payload, {}, schema))
    assert not score(truth, payload, {})[0].is_right


@pytest.mark.parametrize("slug", ["bill", "eway_bill"])
def test_names_and_schemas_of_the_shipped_types_agree_on_kinds(slug: str) -> None:
    """A truth is scored by names where no document was found for it."""
    for name, spec in shipped_schema(slug)["properties"].items():
        for field, of in (spec.get("items", {}).get("properties") or {name: spec}).items():
            for value in ("31/03/2024 02:05 PM", "1,200.50"):
                schema = {"properties": {field: of}}
                by_schema = score({field: value}, {}, {}, schema)
                assert [one.want for one in by_schema] == [normal(field, value)], field


def test_a_document_is_exact_when_every_true_field_is() -> None:
    truth = {"supplier_name": "Ada", "total_amount": "9.00", "due_date": None}
    told = metrics(
        [
            paper(truth, {"supplier_name": "ada", "total_amount": "9"}, is_straight_through=True),
            paper(truth, {"supplier_name": "Bob"}, is_straight_through=True, key="b"),
        ]
    )
    assert told["fields.supplier_name.exact"] == told["fields.supplier_name.recall"] == 0.5
    assert told["fields.total_amount.precision"] == 1.0
    assert told["fields.total_amount.f1"] == pytest.approx(2 / 3)
    assert told["mean_exact"] == 0.5
    assert told["documents_exact"] == 0.5
    assert told["straight_through_rate"] == 1.0
    assert told["straight_through_error_rate"] == 0.5
    assert "fields.due_date.exact" not in told


def test_each_field_tells_how_many_values_its_rates_were_made_of() -> None:
    truth = {"supplier_name": "Ada", "due_date": None}
    papers = [paper(truth, {"supplier_name": "ada", "due_date": "2024-01-01"}), paper(truth, {})]
    assert by_field(papers) == {
        "due_date": {"true": 0, "filled": 1, "right": 0},
        "supplier_name": {"true": 2, "filled": 1, "right": 1},
    }


def test_line_items_are_matched_in_any_order_and_counted_by_cells() -> None:
    truth = [{"description": "nut", "quantity": "1"}, {"description": "bolt", "quantity": "2"}]
    found = [{"description": "bolt", "quantity": "2.0"}, {"description": "nut", "quantity": "7"}]
    told = metrics([paper({"line_items": truth}, {"line_items": found})])
    assert told["line_items_f1"] == pytest.approx(0.75)
    assert told["line_items.description.f1"] == 1.0
    assert told["line_items.quantity.exact"] == 0.5
    assert told["line_items_rows_exact"] == 0.5
    assert told["documents_exact"] == 1.0
    assert told["documents_and_items_exact"] == 0.0


def test_rows_are_paired_for_the_whole_table_and_not_one_after_the_other() -> None:
    """Taken one by one, the first true row would take the only row that fits the second."""
    truth = [
        {"description": "nut", "unit": "KGS", "quantity": "1"},
        {"description": "nut", "unit": "KGS", "quantity": "2"},
    ]
    found = [
        {"description": "nut", "unit": "KGS", "quantity": "3"},
        {"description": "nut", "unit": "PCS", "quantity": "1"},
    ]
    right = [value.pointer for value in cells(truth, found) if value.is_right]
    assert len(right) == 4
    assert "/line_items/0/quantity" in right


def test_a_row_that_is_not_there_is_missed_and_a_row_too_many_is_wrong() -> None:
    row = {"description": "nut", "quantity": "1"}
    missed = [value for value in cells([row, {"description": "bolt"}], [row]) if not value.is_right]
    assert [value.pointer for value in missed] == ["/line_items/1/description"]
    assert not missed[0].is_wrong
    extra = [value for value in cells([row], [row, {"description": "bolt"}]) if value.is_wrong]
    assert [(value.pointer, value.field) for value in extra] == [
        ("/line_items/+0/description", "line_items.description")
    ]


def test_columns_and_fields_that_the_truth_does_not_name_are_not_counted() -> None:
    values = cells([{"description": "nut"}], [{"description": "nut", "hsn_code": "7318"}])
    assert [value.field for value in values] == ["line_items.description"]
    assert not score({"due_date": "2024-01-01"}, {"irn": "x"}, {})[0].is_right
    assert all(value.is_wrong for value in cells([], [{"description": "nut"}]))


def test_what_goes_straight_through_is_counted_by_documents_and_by_values() -> None:
    truth = {"irn": "", "total_amount": "9", "line_items": [{"unit": "KGS"}, {"unit": "PCS"}]}
    right = {"total_amount": "9.00", "line_items": [{"unit": "kgs"}, {"unit": None}]}
    wrong = {"irn": "7", "total_amount": "9", "line_items": [{"unit": "PCS"}, {"unit": "NOS"}]}
    papers = [
        paper(truth, right, is_straight_through=True),
        paper(truth, wrong, is_straight_through=True, key="b"),
        paper(truth, wrong, key="c"),
    ]
    counts = counts_of(papers)
    assert (counts["straight_through"], counts["straight_through_wrong"]) == (2, 1)
    assert (counts["accepted_values"], counts["accepted_wrong"]) == (6, 2)
    told = metrics(papers)
    assert told["straight_through_error_rate"] == 0.5
    assert told["straight_through_value_error_rate"] == pytest.approx(1 / 3)


def test_confidence_is_held_against_the_truth_candidates_included() -> None:
    truth = {"supplier_name": "Ada", "total_amount": "9", "irn": "x", "due_date": "2024-01-01"}
    evidence = {
        "/supplier_name": {"confidence": 0.97},
        "/total_amount": {"confidence": 0.4, "candidate": "8"},
        "/due_date": {"confidence": 0.3},
        "/currency": {"confidence": 0.2},
    }
    bins = bins_of([paper(truth, {"supplier_name": "ada"}, evidence=evidence)])
    assert [(one.low, one.n, one.share_right) for one in bins] == [(0.0, 1, 0.0), (0.95, 1, 1.0)]
