"""What a language model says of a list question, and what of it becomes a filter."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from search.listing import proposed, question
from search.listing.filters import Amount, Filters, Op, Order, Period, Understood
from search.listing.names import Known
from search.listing.proposed import Proposal

KNOWN = Known(suppliers=frozenset({"Zarnik Paper Pvt Ltd", "Acme"}), recipients=frozenset({"Beta"}))
TYPES = {"bill": "Bill", "eway_bill": "E-way bill"}
TODAY = date(2026, 6, 15)
EMPTY: dict[str, Any] = {
    name: [] if spec.get("type") == "array" else None
    for name, spec in proposed.schema(list(TYPES))["properties"].items()
}


def read(asked: str) -> Understood:
    return question.read(asked, known=KNOWN, types=TYPES, today=TODAY)


def proposal(asked: str, understood: Understood | None = None, **said: Any) -> Proposal | None:
    answer = EMPTY | said
    Draft202012Validator(proposed.schema(list(TYPES))).validate(answer)
    return proposed.proposal(
        answer,
        asked,
        understood or Understood(filters=Filters()),
        known=KNOWN,
        types=TYPES,
        today=TODAY,
    )


def filters(asked: str, **said: Any) -> Filters:
    found = proposal(asked, **said)
    assert found is not None
    return found.filters


def test_an_answer_becomes_filters_of_ours() -> None:
    found = filters(
        "what zarnik wanted for it before easter, a quarter million or more",
        supplier="zarnik",
        type="bill",
        amounts=[{"field": "total_amount", "op": "from", "value": "250000", "upper": None}],
        periods=[{"field": "document_date", "first": None, "last": "2026-04-04"}],
        order="largest",
        limit=5,
    )
    assert found == Filters(
        type="bill",
        suppliers=("Zarnik Paper Pvt Ltd",),
        amounts=(Amount(op=Op.FROM, value=Decimal(250000)),),
        periods=(Period(last="2026-04-04"),),
        order=Order.LARGEST,
        limit=5,
    )


def test_a_name_that_no_document_has_is_looked_for_as_it_stands_in_the_question() -> None:
    assert filters("stuff of Nobody Ltd", supplier="Nobody").supplier_text == "Nobody"


@pytest.mark.parametrize(
    "said",
    [
        {"supplier": "Acme"},
        {"recipient": "Beta"},
        {"number": "INV-7"},
        {"gstin": "27AAACZ1234A1Z5"},
        {"vehicle": "KA01AB1234"},
        {"ewb_number": "123456789012"},
        {"amounts": [{"field": "total_amount", "op": "over", "value": "1e99", "upper": None}]},
        {"amounts": [{"field": "total_amount", "op": "between", "value": "5", "upper": "2"}]},
        {"amounts": [{"field": "tax_amount", "op": "between", "value": "5", "upper": None}]},
        {"amounts": [{"field": "tax_amount", "op": "over", "value": "0 OR 1=1", "upper": None}]},
        {"periods": [{"field": "due_date", "first": "2026-02-30", "last": None}]},
        {"periods": [{"field": "due_date", "first": "2026-05-02", "last": "2026-05-01"}]},
    ],
)
def test_what_the_question_does_not_say_or_no_filter_takes_is_dropped_and_told(
    said: dict[str, Any],
) -> None:
    found = proposal("the big ones please", order="largest", **said)
    assert found is not None
    assert found.filters == Filters(order=Order.LARGEST)
    assert len(found.notes) == 1
    assert "dropped" in found.notes[0]


@pytest.mark.parametrize(
    "said",
    [
        {"type": "payroll"},
        {"status": "paid"},
        {"amounts": [{"field": "salary", "op": "over", "value": "1", "upper": None}]},
        {"periods": [{"field": "day); DROP TABLE", "first": None, "last": None}]},
        {"where": "1=1"},
    ],
)
def test_a_field_that_does_not_exist_is_no_valid_answer(said: dict[str, Any]) -> None:
    assert not Draft202012Validator(proposed.schema(list(TYPES))).is_valid(EMPTY | said)


def test_what_the_rules_read_stands() -> None:
    asked = "bills of Acme over 500, the hefty ones"
    understood = read(asked)
    found = proposal(
        asked,
        understood,
        type="eway_bill",
        supplier="hefty",
        amounts=[{"field": "total_amount", "op": "over", "value": "9", "upper": None}],
        order="largest",
    )
    assert found is not None
    assert found.filters.type == "bill"
    assert found.filters.suppliers == ("Acme",)
    assert found.filters.amounts == understood.filters.amounts
    assert found.filters.order == Order.LARGEST


def test_an_answer_that_adds_nothing_proposes_nothing() -> None:
    assert proposal("the hefty ones") is None
    assert proposal("the hefty ones", supplier="Acme", limit=-3) is None
