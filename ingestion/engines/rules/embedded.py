"""Electronic invoices that a PDF carries: CII of ZUGFeRD 1 and 2, Factur-X, XRechnung; UBL.

Elements are found by their local names, since ZUGFeRD 1.0 and 2.x differ only in namespaces
and in the names of a few containers. defusedxml refuses entities and document types.
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from documents.fields import parse_date
from ingestion.engines.base import FieldReading, ValueSource

MAX_XML = 8_000_000
MAX_LINES = 2_000


def einvoice_readings(xml: str) -> tuple[FieldReading, ...]:
    """What an e-invoice says of itself; () where it is no invoice that we know."""
    root = _parse(xml)
    if root is None:
        return ()
    name = _local(root)
    if name in ("CrossIndustryInvoice", "CrossIndustryDocument"):
        values = _cii(root)
    elif name in ("Invoice", "CreditNote"):
        values = _ubl(root)
    else:
        return ()
    return tuple(_reading(pointer, value) for pointer, value in values if value)


def _parse(xml: str) -> Element | None:
    if len(xml) > MAX_XML:
        return None
    try:
        root: Element = fromstring(xml.lstrip("\ufeff \r\n\t").encode(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return root


def _reading(pointer: str, value: str) -> FieldReading:
    return FieldReading(
        pointer=f"/{pointer}",
        value=value,
        raw=value,
        page=0,
        box=None,
        source=ValueSource.EMBEDDED,
        confidence=0.99,
    )


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _children(element: Element | None, *names: str) -> Iterator[Element]:
    """Children by local name, `A|B` meaning either; several names are a path."""
    if element is None:
        return
    head, rest = names[0].split("|"), names[1:]
    for child in element:
        if _local(child) in head:
            if rest:
                yield from _children(child, *rest)
            else:
                yield child


def _child(element: Element | None, *names: str) -> Element | None:
    return next(_children(element, *names), None)


def _text(element: Element | None, *names: str) -> str:
    found = _child(element, *names) if names else element
    return " ".join((found.text or "").split()) if found is not None else ""


def _amount(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return ""
    return format(number, "f") if number.is_finite() and abs(number) < 10**15 else ""


def _date(text: str) -> str:
    found = parse_date(text)
    return found.value if found else ""


def _address(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _cii(root: Element) -> Iterator[tuple[str, str]]:
    """UN/CEFACT Cross Industry Invoice; the totals are those of the header's summation."""
    head = _child(root, "ExchangedDocument|HeaderExchangedDocument")
    trade = _child(root, "SupplyChainTradeTransaction|SpecifiedSupplyChainTradeTransaction")
    agreement = _child(trade, "ApplicableHeaderTradeAgreement|ApplicableSupplyChainTradeAgreement")
    settled = _child(trade, "ApplicableHeaderTradeSettlement|ApplicableSupplyChainTradeSettlement")
    yield "document_number", _text(head, "ID")
    yield "document_date", _date(_text(head, "IssueDateTime", "DateTimeString"))
    due = _text(settled, "SpecifiedTradePaymentTerms", "DueDateDateTime", "DateTimeString")
    yield "due_date", _date(due)
    yield from _cii_party("supplier", _child(agreement, "SellerTradeParty"))
    yield from _cii_party("recipient", _child(agreement, "BuyerTradeParty"))
    currency = _text(settled, "InvoiceCurrencyCode")
    yield "currency", currency
    sums = _child(
        settled,
        "SpecifiedTradeSettlementHeaderMonetarySummation|SpecifiedTradeSettlementMonetarySummation",
    )
    yield "taxable_amount", _in_currency(sums, "TaxBasisTotalAmount", currency)
    yield "tax_amount", _in_currency(sums, "TaxTotalAmount", currency)
    yield "round_off", _in_currency(sums, "RoundingAmount", currency)
    yield "total_amount", _in_currency(sums, "GrandTotalAmount", currency)
    lines = list(_children(trade, "IncludedSupplyChainTradeLineItem"))[:MAX_LINES]
    for index, line in enumerate(lines):
        for name, value in _cii_line(line):
            yield f"line_items/{index}/{name}", value


def _in_currency(sums: Element | None, name: str, currency: str) -> str:
    found = list(_children(sums, name))
    own = [one for one in found if one.get("currencyID") in (currency, None)]
    return _amount(_text((own or found)[0])) if found else ""


def _cii_party(role: str, party: Element | None) -> Iterator[tuple[str, str]]:
    place = _child(party, "PostalTradeAddress")
    yield f"{role}_name", _text(party, "Name")
    town = f"{_text(place, 'PostcodeCode')} {_text(place, 'CityName')}".strip()
    lines = (_text(place, name) for name in ("LineOne", "LineTwo", "LineThree"))
    yield f"{role}_address", _address(*lines, town)
    if role == "supplier":
        ids = {
            one.get("schemeID", ""): _text(one)
            for one in _children(party, "SpecifiedTaxRegistration", "ID")
        }
        yield "supplier_tax_id", ids.get("VA") or ids.get("FC") or ""


def _cii_line(line: Element) -> Iterator[tuple[str, str]]:
    product = _child(line, "SpecifiedTradeProduct")
    agreed = _child(line, "SpecifiedLineTradeAgreement|SpecifiedSupplyChainTradeAgreement")
    delivered = _child(line, "SpecifiedLineTradeDelivery|SpecifiedSupplyChainTradeDelivery")
    settled = _child(line, "SpecifiedLineTradeSettlement|SpecifiedSupplyChainTradeSettlement")
    quantity = _child(delivered, "BilledQuantity")
    yield "description", _text(product, "Name")
    yield "quantity", _amount(_text(quantity))
    yield "unit", (quantity.get("unitCode") or "") if quantity is not None else ""
    price = _text(agreed, "NetPriceProductTradePrice", "ChargeAmount")
    yield "unit_price", _amount(price)
    tax = _child(settled, "ApplicableTradeTax")
    yield "tax_rate", _amount(_text(tax, "RateApplicablePercent|ApplicablePercent"))
    total = _text(
        _child(
            settled,
            "SpecifiedTradeSettlementLineMonetarySummation|SpecifiedTradeSettlementMonetarySummation",
        ),
        "LineTotalAmount",
    )
    yield "taxable_amount", _amount(total)


def _ubl(root: Element) -> Iterator[tuple[str, str]]:
    """OASIS UBL 2 Invoice and CreditNote (Peppol BIS, XRechnung)."""
    yield "document_number", _text(root, "ID")
    yield "document_date", _date(_text(root, "IssueDate"))
    yield "due_date", _date(_text(root, "DueDate"))
    for role, name in (
        ("supplier", "AccountingSupplierParty"),
        ("recipient", "AccountingCustomerParty"),
    ):
        yield from _ubl_party(role, _child(root, name, "Party"))
    currency = _text(root, "DocumentCurrencyCode")
    yield "currency", currency
    sums = _child(root, "LegalMonetaryTotal")
    yield "taxable_amount", _amount(_text(sums, "TaxExclusiveAmount"))
    taxes = list(_children(root, "TaxTotal", "TaxAmount"))
    own = [one for one in taxes if one.get("currencyID") in (currency, None)]
    yield "tax_amount", _amount(_text((own or taxes)[0])) if taxes else ""
    yield "round_off", _amount(_text(sums, "PayableRoundingAmount"))
    yield "total_amount", _amount(_text(sums, "TaxInclusiveAmount"))
    lines = list(_children(root, "InvoiceLine|CreditNoteLine"))[:MAX_LINES]
    for index, line in enumerate(lines):
        for name, value in _ubl_line(line):
            yield f"line_items/{index}/{name}", value


def _ubl_party(role: str, party: Element | None) -> Iterator[tuple[str, str]]:
    place = _child(party, "PostalAddress")
    legal = _text(party, "PartyLegalEntity", "RegistrationName")
    yield f"{role}_name", legal or _text(party, "PartyName", "Name")
    town = f"{_text(place, 'PostalZone')} {_text(place, 'CityName')}".strip()
    streets = (_text(place, name) for name in ("StreetName", "AdditionalStreetName"))
    yield f"{role}_address", _address(*streets, town)
    if role == "supplier":
        yield "supplier_tax_id", _text(party, "PartyTaxScheme", "CompanyID")


def _ubl_line(line: Element) -> Iterator[tuple[str, str]]:
    quantity = _child(line, "InvoicedQuantity|CreditedQuantity")
    item = _child(line, "Item")
    yield "description", _text(item, "Name") or _text(item, "Description")
    yield "quantity", _amount(_text(quantity))
    yield "unit", (quantity.get("unitCode") or "") if quantity is not None else ""
    yield "unit_price", _amount(_text(line, "Price", "PriceAmount"))
    yield "tax_rate", _amount(_text(item, "ClassifiedTaxCategory", "Percent"))
    yield "taxable_amount", _amount(_text(line, "LineExtensionAmount"))
