"""What a bill and its e-way bill say of one another, and by what a paper is known again."""

import pytest

from documents import fingerprint, identity, packets
from documents.identity import Identity
from tests.documents.papers import BILL, EWAY


def bill(**changes: str) -> Identity:
    return Identity.of("bill", BILL | changes)


def eway(**changes: str) -> Identity:
    return Identity.of("eway_bill", EWAY | changes)


def differing(one: Identity, other: Identity) -> list[str]:
    return [found.name for found in packets.compare(one, other) if not found.agrees]


def test_papers_of_one_consignment_agree_on_all_that_both_print() -> None:
    agreed = [found.name for found in packets.compare(bill(), eway()) if found.agrees]
    assert agreed == ["number", "date", "supplier_gstin", "recipient_gstin", "total"]


def test_a_number_is_compared_by_its_letters_and_digits() -> None:
    assert differing(bill(document_number="inv 25-26 0042"), eway()) == []
    assert differing(bill(document_number="INV/25-26/0043"), eway()) == ["number"]


def test_a_value_rounded_to_the_rupee_is_neither_proof_nor_contradiction() -> None:
    compared = packets.compare(bill(total_amount="117999.60"), eway())
    assert "total" not in [found.name for found in compared]
    assert differing(bill(total_amount="117998.00"), eway()) == ["total"]


def test_an_unregistered_recipient_contradicts_a_registered_one() -> None:
    assert differing(bill(), eway(recipient_gstin="URP")) == ["recipient_gstin"]


def test_a_bill_that_names_another_of_its_eway_bills_is_not_contradicted() -> None:
    assert differing(bill(ewb_number="999999999999"), eway()) == []


def test_the_name_of_who_generated_an_eway_bill_proves_the_suppliers_and_never_contradicts() -> (
    None
):
    named = eway(generated_by="27AAPFU0939F1ZV - ADA STEEL LTD.")
    [found] = [f for f in packets.compare(bill(), named) if f.name == "supplier_name"]
    assert found.agrees
    assert [c.fields for c in packets.findings("eway_bill", bill(), named)][-1] == (
        "/generated_by",
    )
    for other in ("27AAPFU0939F1ZV - Ada S. L.", "24AAACJ3770E2ZV - Ada Steel Ltd"):
        compared = packets.compare(bill(), eway(generated_by=other))
        assert "supplier_name" not in [found.name for found in compared]


def test_two_papers_with_one_number_belong_together_unless_supplier_and_the_rest_differ() -> None:
    other = {"supplier_gstin": "05AAACG2115R1ZN"}
    assert packets.belong_together(bill(), eway())
    assert packets.belong_together(bill(), eway(**other))
    assert not packets.belong_together(bill(), eway(**other, total_invoice_value="1.00"))
    assert not packets.belong_together(bill(), eway(document_number="7"))


def test_the_sentence_names_both_values() -> None:
    [(field, sentence)] = packets.mismatches(
        "eway_bill", bill(), eway(total_invoice_value="181000.00")
    )
    assert field == "total_invoice_value"
    assert "118000.00" in sentence
    assert "181000.00" in sentence


def test_keys_of_two_projects_and_of_two_kinds_of_paper_never_meet() -> None:
    assert not set(identity.keys(1, bill())) & set(identity.keys(2, bill()))
    papers = [
        {key for key in identity.keys(1, known) if key & 3 == identity.PAPER}
        for known in (bill(), eway())
    ]
    assert not papers[0] & papers[1]


@pytest.mark.parametrize("missing", ["document_number", "document_date"])
def test_a_paper_without_number_or_date_has_no_key_to_be_known_by(missing: str) -> None:
    keys = identity.keys(1, bill(**{missing: ""}))
    assert not [key for key in keys if key & 3 == identity.PAPER]


def test_what_ocr_takes_for_one_another_is_no_contradiction() -> None:
    assert identity.contradictions(bill(), bill(document_number="lNV/25-26/OO42")) == ()
    assert identity.contradictions(bill(), bill(document_number="INV/25-26/0043")) == ("number",)


PAGE = " ".join(f"word{chr(97 + n % 26)}{n // 26} {n * 37 + 11}" for n in range(60))


def shared(one: str, other: str) -> int:
    return len(set(fingerprint.bands(one)) & set(fingerprint.bands(other)))


def test_a_page_is_known_again_whatever_order_its_words_come_in() -> None:
    turned = " ".join(reversed(PAGE.split()))
    assert shared(PAGE, turned) == fingerprint.BANDS
    assert fingerprint.is_near(PAGE, turned)


def test_a_few_misread_words_leave_a_page_near_and_other_numbers_do_not() -> None:
    noisy = PAGE.replace("worda1", "w0rda1").replace("wordb1", "wcrdb1").replace(" 11 ", " 1l ")
    assert shared(PAGE, noisy)
    assert fingerprint.is_near(PAGE, noisy)
    next_month = " ".join(
        str(int(word) + 1) if word.isdigit() and n % 4 == 1 else word
        for n, word in enumerate(PAGE.split())
    )
    assert not fingerprint.is_near(PAGE, next_month)


def test_a_page_with_hardly_a_word_is_told_from_no_other() -> None:
    assert fingerprint.bands("Page 1 of 2") == ()
