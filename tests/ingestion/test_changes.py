"""What a second reading changes, and which of the two is right."""

from typing import Any

from documents import schemas
from ingestion import changes
from ingestion.changes import Change, Tally, Truth

BILL = schemas.shipped_schema("bill")


def kinds(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Change]:
    return {one.pointer: one.kind for one in changes.compare(old, new, BILL)}


def test_every_value_is_the_same_changed_added_or_lost() -> None:
    old = {"document_number": "A/1", "currency": "INR", "due_date": "2026-01-02"}
    new = {"document_number": "A/1", "currency": "EUR", "due_date": None, "irn": "x"}
    assert kinds(old, new) == {
        "/currency": Change.CHANGED,
        "/document_number": Change.SAME,
        "/due_date": Change.LOST,
        "/irn": Change.ADDED,
    }


def test_an_amount_is_told_by_its_worth_and_a_number_by_its_digits() -> None:
    old = {"total_amount": "100", "document_number": "100"}
    new = {"total_amount": "100.00", "document_number": "100.00"}
    assert kinds(old, new) == {"/document_number": Change.CHANGED, "/total_amount": Change.SAME}


def test_rows_are_compared_in_the_order_of_their_numbers() -> None:
    old = {"line_items": [{"quantity": str(number)} for number in range(11)]}
    pointers = [one.pointer for one in changes.compare(old, {}, BILL)]
    assert pointers[2] == "/line_items/2/quantity"
    assert pointers[-1] == "/line_items/10/quantity"


def test_a_person_says_which_reading_is_right_also_of_what_neither_has() -> None:
    truth = Truth(payload={"document_number": "A/1", "due_date": "2026-01-02"}, schema=BILL)
    old = {"document_number": "A/7", "currency": "INR"}
    new = {"document_number": "A/1", "currency": "INR"}
    found = {one.pointer: one for one in changes.compare(old, new, BILL, truth)}
    told = {p: (one.kind, one.was_right, one.is_right) for p, one in found.items()}
    assert told == {
        "/currency": (Change.SAME, False, False),
        "/document_number": (Change.CHANGED, False, True),
        "/due_date": (Change.MISSED, False, False),
    }


def test_of_a_field_that_the_confirmed_schema_did_not_have_nothing_is_known() -> None:
    before = {**BILL, "properties": {"currency": BILL["properties"]["currency"]}}
    truth = Truth(payload={"currency": "INR"}, schema=before)
    new = {"currency": "INR", "document_number": "A/1"}
    by = changes.counts(changes.compare({"currency": "INR"}, new, BILL, truth))
    assert by["currency"] == Tally(same=1, known=1, right_before=1, right_after=1)
    assert by["document_number"] == Tally(added=1)


def test_counts_are_by_field_whatever_the_row() -> None:
    old = {"line_items": [{"quantity": "1"}, {"quantity": "2"}]}
    new = {"line_items": [{"quantity": "1"}, {"quantity": "3"}, {"quantity": "4"}]}
    (tally,) = changes.counts(changes.compare(old, new, BILL)).values()
    assert tally == Tally(same=1, changed=1, added=1)
    assert (tally.n, tally.differ, tally.net) == (3, 2, 0)


def items(*names: str) -> dict[str, Any]:
    return {"line_items": [{"description": name, "quantity": name[-1]} for name in names]}


def test_a_row_that_comes_in_between_makes_no_other_differ() -> None:
    old, new = items("Pens 1", "Paper 2", "Ink 3"), items("Pens 1", "Glue 9", "Paper 2", "Ink 3")
    found = changes.compare(old, new, BILL)
    assert {one.pointer: (one.old, one.new) for one in found if one.is_difference} == {
        "/line_items/1/description": (None, "Glue 9"),
        "/line_items/1/quantity": (None, "9"),
    }
    gone = [one for one in changes.compare(new, old, BILL) if one.is_difference]
    assert {one.pointer: one.kind for one in gone} == {
        "/line_items/1/description": Change.LOST,
        "/line_items/1/quantity": Change.LOST,
    }


def test_rows_are_found_again_in_another_order_and_with_a_cell_misread() -> None:
    old, new = items("Pens 1", "Paper 2", "Ink 3"), items("Ink 3", "Pens 1", "Paper 7")
    found = [one for one in changes.compare(old, new, BILL) if one.is_difference]
    assert [(one.pointer, one.old, one.new) for one in found] == [
        ("/line_items/2/description", "Paper 2", "Paper 7"),
        ("/line_items/2/quantity", "2", "7"),
    ]


def test_a_row_that_shares_nothing_is_the_one_that_stands_in_its_place() -> None:
    old = {"line_items": [{"quantity": "1"}, {"quantity": "2"}, {"quantity": "3"}]}
    new = {"line_items": [{"quantity": "1"}, {"quantity": "9"}, {"quantity": "3"}]}
    assert kinds(old, new)["/line_items/1/quantity"] == Change.CHANGED


def test_both_readings_of_a_row_are_held_against_the_row_that_a_person_confirmed() -> None:
    truth = Truth(payload=items("Pens 1", "Paper 2", "Ink 3"), schema=BILL)
    old, new = items("Paper 2", "Ink 3"), items("Pens 1", "Glue 9", "Paper 2", "Ink 3")
    tally = changes.counts(changes.compare(old, new, BILL, truth))["line_items.description"]
    # The old reading was right not to have "Glue 9", and lacked "Pens 1".
    assert tally == Tally(same=2, added=2, known=4, right_before=3, right_after=3)


def test_values_as_read_are_those_from_before_a_person_gave_others() -> None:
    payload = {"document_number": "A/1", "currency": "INR", "irn": "x"}
    person = {"source": "person", "confidence": 1.0}
    evidence = {
        "/document_number": person | {"read": {"value": "A/7"}},
        "/irn": person | {"read": None},
        "/currency": {"source": "layer"},
    }
    assert changes.as_read(payload, evidence) == {
        "document_number": "A/7",
        "currency": "INR",
        "irn": None,
    }
