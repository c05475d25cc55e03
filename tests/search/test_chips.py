"""The filters of a list as chips that can be taken away."""

from decimal import Decimal
from urllib.parse import parse_qs

from search.listing import chips
from search.listing.filters import Amount, Filters, Op, Order, Period
from search.listing.form import FilterForm
from search.listing.names import Known

FILTERS = Filters(
    type="bill",
    suppliers=("Acme", "Beta"),
    number="A-1",
    amounts=(Amount(op=Op.OVER, value=Decimal(5)), Amount(op=Op.TO, value=Decimal(9))),
    periods=(Period(first="2026-05-01", last="2026-05-31"),),
    status="rejected",
    order=Order.LARGEST,
    limit=3,
)
TYPES = {"bill": "Bill"}
KNOWN = Known(suppliers=frozenset(("Acme", "Beta")), recipients=frozenset())


def opened(address: str, before: Filters) -> Filters:
    """What the page of the list makes of an address."""
    asked = {name: values[0] for name, values in parse_qs(address).items()}
    form = FilterForm(asked, types=TYPES, before=before)
    assert form.is_valid()
    return form.filters(KNOWN)


def test_each_chip_leads_to_the_list_without_its_filter_alone() -> None:
    found = chips.removable(FILTERS, TYPES)
    left = [chips.removable(opened(chip.without, FILTERS), TYPES) for chip in found]
    assert [chip.name for chip in found] == [
        *("Type", "Supplier", "Number", "Total", "Total", "Dated", "Status", "Order")
    ]
    for at, rest in enumerate(left):
        kept = [(chip.name, chip.value) for chip in (*found[:at], *found[at + 1 :])]
        assert [(chip.name, chip.value) for chip in rest] == kept


def test_the_field_of_a_chip_is_in_the_form() -> None:
    form = FilterForm(types=TYPES, before=FILTERS)
    assert {chip.field for chip in chips.removable(FILTERS, TYPES)} <= set(form.fields)


def test_a_filter_that_the_form_has_no_room_for_stays() -> None:
    many = Filters(amounts=tuple(Amount(op=Op.OVER, value=Decimal(n)) for n in range(3)))
    assert [chip.without for chip in chips.removable(many, {})] == ["", "", ""]
