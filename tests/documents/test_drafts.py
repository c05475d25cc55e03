"""Which value stands, what proves it, and why a person should look."""

from dataclasses import replace
from typing import Any

import pytest

from documents import calibration, drafts, schemas, trust
from documents.calibration import Curves, Sample, Step
from documents.checks import Check, irn_of
from documents.drafts import Draft, Others, Reading
from documents.trust import Thresholds

SCHEMA = schemas.shipped_schema("bill")


def reading(pointer: str, value: Any, *, confidence: float = 0.99, source: str = "ocr") -> Reading:
    return Reading(
        pointer=pointer,
        value=value,
        raw=str(value),
        page=1,
        box=(1, 2, 3, 4),
        source=source,
        confidence=confidence,
    )


def make(*readings: Reading, **values: Any) -> Draft:
    arguments: dict[str, Any] = {
        "type_slug": "bill",
        "schema": SCHEMA,
        "thresholds": Thresholds(usual=0.9),
    }
    return drafts.make(readings=readings, **arguments | values)


NEEDED = (
    reading("/supplier_name", "Ada Ltd"),
    reading("/document_date", "2024-03-31"),
    reading("/total_amount", "118.00"),
)


def codes(draft: Draft) -> set[tuple[str, str]]:
    return {(reason["code"], reason["field"]) for reason in draft.reasons}


def test_a_bill_whose_required_values_are_sure_goes_straight_through() -> None:
    draft = make(*NEEDED)
    assert draft.status == "draft_created"
    assert draft.reasons == []
    assert draft.payload == {
        "supplier_name": "Ada Ltd",
        "document_date": "2024-03-31",
        "total_amount": "118.00",
    }


def test_a_missing_required_value_is_a_reason() -> None:
    draft = make(*NEEDED[:2])
    assert draft.status == "draft_pending"
    assert codes(draft) == {("missing", "total_amount")}
    assert draft.confidence == 0.0


def test_a_number_is_required_only_where_the_page_labels_one() -> None:
    assert codes(make(*NEEDED, labelled=("document_number",))) == {("missing", "document_number")}


def test_a_doubtful_required_value_is_a_reason() -> None:
    doubtful = reading("/total_amount", "118.00", confidence=0.6)
    assert codes(make(*NEEDED[:2], doubtful)) == {("low_confidence", "total_amount")}


def test_what_the_file_carries_needs_no_confidence() -> None:
    carried = [reading(r.pointer, r.value, confidence=0.1, source="embedded") for r in NEEDED]
    assert make(*carried).status == "draft_created"


def test_a_sum_that_closes_proves_its_amounts() -> None:
    amounts = (
        reading("/taxable_amount", "100.00", confidence=0.5),
        reading("/cgst_amount", "9.00", confidence=0.5),
        reading("/sgst_amount", "9.00", confidence=0.5),
        reading("/total_amount", "118.00", confidence=0.5),
    )
    draft = make(*NEEDED[:2], *amounts)
    assert draft.status == "draft_created"
    assert draft.payload["taxable_amount"] == "100.00"
    assert "total_adds_up" in draft.evidence["/total_amount"]["checks"]


def eway(source: str) -> Draft:
    needed = {
        "/ewb_number": "123456789012",
        "/generated_at": "2024-03-30T10:00",
        "/valid_until": "2024-03-31",
        "/supplier_gstin": "27AAPFU0939F1ZV",
        "/recipient_gstin": "24AAACJ3770E2ZV",
        "/document_number": "A1",
        "/document_date": "2024-03-30",
        "/total_invoice_value": "90000.00",
    }
    vehicle = reading("/vehicle_number", "MH12AB1234", confidence=0.8, source=source)
    return drafts.make(
        type_slug="eway_bill",
        schema=schemas.shipped_schema("eway_bill"),
        readings=[*(reading(p, v, source="layer") for p, v in needed.items()), vehicle],
        thresholds=Thresholds(usual=0.9),
    )


def test_a_strict_format_proves_a_value_of_a_text_layer_and_not_one_of_ocr() -> None:
    assert eway("layer").payload["vehicle_number"] == "MH12AB1234"
    assert eway("ocr").payload["vehicle_number"] is None
    assert eway("ocr").status == "draft_created"


def test_a_sum_that_does_not_close_is_a_reason() -> None:
    amounts = (
        reading("/taxable_amount", "100.00"),
        reading("/cgst_amount", "9.00"),
        reading("/sgst_amount", "9.00"),
    )
    draft = make(*NEEDED[:2], *amounts, reading("/total_amount", "181.00"))
    assert draft.status == "draft_pending"
    assert "check_total_adds_up" in {code for code, _ in codes(draft)}
    assert draft.evidence["/total_amount"]["failed"] == ["total_adds_up"]


def test_a_doubtful_optional_value_of_a_proven_bill_is_left_empty_and_kept_as_candidate() -> None:
    draft = make(*NEEDED, reading("/supplier_address", "1 Main St", confidence=0.5))
    assert draft.status == "draft_created"
    assert draft.payload["supplier_address"] is None
    assert draft.evidence["/supplier_address"]["candidate"] == "1 Main St"


def test_a_value_that_does_not_fit_its_field_is_kept_as_candidate_only() -> None:
    draft = make(*NEEDED, reading("/due_date", "soon"))
    assert draft.payload["due_date"] is None
    assert draft.evidence["/due_date"]["candidate"] == "soon"


def test_a_contradiction_between_file_and_print_is_a_reason() -> None:
    draft = make(*NEEDED, conflicts=[reading("/total_amount", "119.00")])
    assert ("conflict", "total_amount") in codes(draft)


def test_an_unsure_type_is_a_reason() -> None:
    assert ("type_unsure", "") in codes(make(*NEEDED, type_confidence=0.4))


def test_a_type_that_was_taught_must_be_as_sure_as_the_project_asks() -> None:
    assert codes(make(*NEEDED, type_slug="challan", type_confidence=0.86)) == {("type_unsure", "")}
    assert make(*NEEDED, type_slug="challan", type_confidence=0.9).status == "draft_created"


def test_rows_are_made_as_values_arrive() -> None:
    draft = make(*NEEDED, reading("/line_items/1/quantity", "2"))
    assert draft.payload["line_items"] == [{}, {"quantity": "2"}]


@pytest.mark.parametrize("pointer", ["/a/b/c", "/a/1", "/line_items/99999999/quantity"])
def test_a_pointer_that_names_no_field_is_refused(pointer: str) -> None:
    with pytest.raises(ValueError, match="does not name a field"):
        drafts.put({}, pointer, "x")


def test_a_confidence_is_what_became_of_readings_like_it() -> None:
    known = [Sample(field="supplier_name", source="ocr", basis="bare", score=0.99, is_right=n < 60)
             for n in range(100)]  # fmt: skip
    draft = make(*NEEDED, curves=calibration.fit(known))
    assert draft.evidence["/supplier_name"]["confidence"] == pytest.approx(61 / 102, abs=1e-3)
    assert draft.evidence["/supplier_name"]["score"] == 0.99
    reason = next(r for r in draft.reasons if r["field"] == "supplier_name")
    assert "right in 60 of 100 cases" in reason["message"]


def test_a_field_may_ask_for_more_than_the_others() -> None:
    strict = Thresholds(usual=0.9, by_field={"total_amount": 0.995})
    assert codes(make(*NEEDED, thresholds=strict)) == {("low_confidence", "total_amount")}


def test_a_sampled_document_waits_for_a_person_with_all_its_values() -> None:
    unsure = reading("/due_date", "2024-04-30", confidence=0.3)
    draft = make(*NEEDED, unsure, is_sample=True)
    assert (draft.status, codes(draft)) == ("draft_pending", {("sampled", "")})
    assert draft.payload["due_date"] == "2024-04-30"


def matched(*, passed: bool) -> Check:
    return Check(
        code="bill_matches_eway",
        fields=("/total_amount",),
        passed=passed,
        severity="error",
        message="",
    )


def test_a_value_that_another_document_prints_too_is_proven() -> None:
    doubtful = reading("/total_amount", "118.00", confidence=0.5)
    others = Others(findings=(matched(passed=True),))
    draft = make(*NEEDED[:2], doubtful, others=others)
    assert draft.status == "draft_created"
    assert draft.evidence["/total_amount"]["checks"] == ["bill_matches_eway"]


def test_what_another_document_contradicts_goes_to_a_person() -> None:
    reason = {"code": "eway_mismatch", "field": "total_amount", "message": "Two totals."}
    draft = make(*NEEDED, others=Others(findings=(matched(passed=False),), reasons=(reason,)))
    assert draft.status == "draft_pending"
    assert draft.reasons == [reason]
    assert draft.evidence["/total_amount"]["failed"] == ["bill_matches_eway"]


@pytest.mark.parametrize(("source", "is_reason"), [("ocr", True), ("embedded", False)])
def test_a_due_date_before_the_date_is_a_reason_only_where_it_may_be_misread(
    source: str, is_reason: bool
) -> None:
    dates = [
        reading("/document_date", "2024-03-31", source=source),
        reading("/due_date", "2024-03-01", source=source),
    ]
    draft = make(NEEDED[0], *dates, NEEDED[2])
    assert (("check_due_after_issue", "document_date") in codes(draft)) is is_reason
    assert "due_after_issue" in draft.evidence["/due_date"]["failed"]


def test_what_the_engine_objects_to_is_a_reason() -> None:
    objection = {"code": "signature_invalid", "field": "", "message": "The signature is false."}
    assert make(*NEEDED, objections=[objection]).reasons == [objection]


def test_a_sum_is_believed_as_far_as_such_sums_were_right() -> None:
    sums = [reading("/taxable_amount", "100.00"), reading("/tax_amount", "18.00")]
    known = [Sample(field="total_amount", source="ocr", basis="proved-some", score=0.9,
                    is_right=n < 90) for n in range(100)]  # fmt: skip
    assert make(*NEEDED, *sums).status == "draft_created"
    draft = make(*NEEDED, *sums, curves=calibration.fit(known), thresholds=Thresholds(usual=0.97))
    reason = next(r for r in draft.reasons if r["field"] == "total_amount")
    assert "a check passed, but values read like this were right in 90 of 100" in reason["message"]


def test_an_irn_proves_no_day() -> None:
    """It is made of the financial year alone, so that a misread day or month passes it."""
    gstin, number = "24AAACJ3770E2ZV", "MP/117"
    irn = irn_of(gstin=gstin, iso_date="2024-06-14", kind="INV", number=number)
    read = [
        reading("/supplier_name", "Ada Ltd"),
        reading("/supplier_gstin", gstin, confidence=0.3),
        reading("/document_number", number, confidence=0.3),
        reading("/irn", irn, confidence=0.3),
        reading("/total_amount", "118.00"),
    ]
    misread = make(*read, reading("/document_date", "2024-08-14", confidence=0.3))
    assert codes(misread) == {("low_confidence", "document_date")}
    assert "irn_matches" in misread.evidence["/document_number"]["checks"]
    other_year = make(*read, reading("/document_date", "2023-06-14"))
    assert "irn_matches" in other_year.evidence["/document_date"]["failed"]


def test_a_conflict_says_whether_the_print_or_the_file_contradicts() -> None:
    for source, told in (("ocr", "The page says"), ("embedded", "The file's own data says two")):
        other = reading("/total_amount", "119.00", source=source)
        (reason,) = make(*NEEDED, conflicts=[other]).reasons
        assert reason["code"] == "conflict"
        assert reason["message"].startswith(told)


def by_model(pointer: str, value: str, **more: Any) -> Reading:
    return replace(reading(pointer, value, confidence=0.9, source="model"), **more)


def test_a_models_value_alone_is_a_question_for_a_person() -> None:
    draft = make(*NEEDED[:2], by_model("/total_amount", "118.00"))
    assert codes(draft) == {("low_confidence", "total_amount")}
    assert draft.evidence["/total_amount"]["confidence"] == pytest.approx(0.45)


def test_a_models_value_that_a_sum_proves_needs_nobody() -> None:
    draft = make(
        *NEEDED[:2],
        by_model("/taxable_amount", "100.00"),
        by_model("/tax_amount", "18.00"),
        by_model("/total_amount", "118.00"),
    )
    assert draft.status == "draft_created"


def test_a_right_check_character_does_not_say_whose_number_a_model_took() -> None:
    draft = make(*NEEDED, by_model("/supplier_gstin", "27AAPFU0939F1ZV"))
    assert draft.payload["supplier_gstin"] is None
    assert draft.evidence["/supplier_gstin"]["candidate"] == "27AAPFU0939F1ZV"


def test_what_a_model_says_and_no_page_prints_is_never_taken_and_proves_nothing() -> None:
    invented = [
        by_model("/taxable_amount", "100.00", page=0),
        by_model("/tax_amount", "18.00", page=0),
    ]
    doubtful = reading("/total_amount", "118.00", confidence=0.6)
    draft = make(*NEEDED[:2], doubtful, *invented)
    assert codes(draft) == {("low_confidence", "total_amount")}
    assert draft.evidence["/total_amount"]["checks"] == []
    assert (draft.payload["tax_amount"], draft.evidence["/tax_amount"]["candidate"]) == (
        None,
        "18.00",
    )
    whole = make(*NEEDED[:2], *(replace(one, page=0) for one in (*invented, by_model(*TOTAL))))
    assert codes(whole) == {("missing", "total_amount")}


TOTAL = ("/total_amount", "118.00")


def test_no_outcome_makes_what_no_page_prints_settled() -> None:
    found = {"source": "model", "page": 0, "checks": [], "confidence": 1.0, "of": 500}
    assert not trust.is_settled(found, 0.5)


def test_a_value_that_a_model_read_too_is_surer() -> None:
    alone = make(*NEEDED[:2], reading(*TOTAL, confidence=0.8, source="layer"))
    agreed = make(
        *NEEDED[:2],
        replace(reading(*TOTAL, confidence=0.8, source="layer"), agrees="gpt extract v1"),
    )
    assert codes(alone) == {("low_confidence", "total_amount")}
    assert agreed.status == "draft_created"
    assert agreed.evidence["/total_amount"]["agrees"] == "gpt extract v1"
    assert agreed.evidence["/total_amount"]["basis"].endswith("-agreed")


def test_what_became_of_agreed_values_says_what_agreement_is_worth() -> None:
    steps = [Step(score=0.5, right=98, values=198)]
    curves = Curves({"* layer read-alone-agreed": steps, "* layer *": steps})
    agreed = replace(reading(*TOTAL, confidence=0.8, source="layer"), agrees="gpt extract v1")
    draft = make(*NEEDED[:2], agreed, curves=curves)
    assert draft.evidence["/total_amount"]["confidence"] == pytest.approx(0.495)


def test_a_conflict_says_who_reads_what() -> None:
    against = make(*NEEDED, conflicts=[by_model("/total_amount", "100.00")])
    assert against.reasons[0]["message"] == "The language model reads '100.00' here."
    taken = make(*NEEDED[:2], by_model(*TOTAL), conflicts=[reading("/total_amount", "100.00")])
    assert "by rules it is '100.00'" in taken.reasons[0]["message"]


TABLE = {
    "type": "object",
    "x-required": ["total"],
    "properties": {
        "total": {"type": ["string", "null"], "x-checks": ["sum_of:goods/amount"]},
        "goods": {
            "type": "array",
            "items": {"type": "object", "properties": {"amount": {"type": ["string", "null"]}}},
        },
    },
}


def test_a_number_that_a_model_read_in_two_places_proves_nothing() -> None:
    total = reading("/total", "500.00", source="model", confidence=0.5)
    row = reading("/goods/0/amount", "500.00", source="model", confidence=0.5)
    arguments = {"type_slug": "order", "schema": TABLE, "thresholds": Thresholds(usual=0.97)}
    draft = make(total, row, **arguments)
    assert draft.evidence["/total"]["checks"] == []
    assert ("low_confidence", "total") in codes(draft)
    by_rules = replace(row, source="layer")
    assert make(total, by_rules, **arguments).evidence["/total"]["checks"] == ["lines_add_up"]
