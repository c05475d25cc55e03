"""Electronic invoices as XML: CII of ZUGFeRD 1 and 2, Factur-X, XRechnung; UBL.

Elements are found by their local names, since ZUGFeRD 1.0 and 2.x differ only in namespaces
and in the names of a few containers. defusedxml refuses entities and document types.

What the fields are in EN 16931: document_number BT-1, document_date BT-2, due_date BT-9,
currency BT-5, supplier_name BT-27, supplier_tax_id BT-31 (else BT-32), recipient_name BT-44,
taxable_amount BT-109, tax_amount BT-110, total_amount BT-112. The rounding (BT-114) belongs to
the amount due (BT-115), not to the total, and is left out.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from documents.fields import parse_date
from ingestion.engines.base import FieldReading, ValueSource

MAX_XML = 8_000_000
MAX_LINES = 2_000
_DECLARATION = re.compile(r"\A<\?xml\s[^<>]{0,200}\?>")
CII_ROOTS = ("CrossIndustryInvoice", "CrossIndustryDocument")
UBL_ROOTS = ("Invoice", "CreditNote")
# UNTDID 1001: credit notes as EN 16931 allows them (BT-3).
_CREDIT_CODES = frozenset(
    {"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"}
)
_AMOUNTS = ("_amount", "_price")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})")


def einvoice_readings(xml: str) -> tuple[FieldReading, ...]:
    """What an e-invoice says of itself; () where it is no invoice that we know."""
    root = parse(xml)
    if root is None:
        return ()
    name = _local(root)
    if name in CII_ROOTS:
        values = _cii(root)
    elif name in UBL_ROOTS:
        values = _ubl(root)
    else:
        return ()
    credits = is_credit(root)
    return tuple(_reading(pointer, value, credits) for pointer, value in values if value)


def parse(xml: str) -> Element | None:
    """The root element; None where the text is no XML, too long or a trap."""
    if len(xml) > MAX_XML:
        return None
    try:
        # The text is decoded; what it says of its encoding is no longer true.
        text = _DECLARATION.sub("", xml.lstrip("\ufeff \r\n\t"), count=1)
        root: Element = fromstring(text.encode(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return root


def _reading(pointer: str, value: str, credits: bool) -> FieldReading:
    """A credit note states what is given back without a sign; on paper it often has one."""
    signed = value.removeprefix("-") if value.startswith("-") else f"-{value}"
    return FieldReading(
        pointer=f"/{pointer}",
        value=value,
        raw=value,
        page=0,
        box=None,
        source=ValueSource.EMBEDDED,
        confidence=0.99,
        alternatives=(signed,) if credits and pointer.endswith(_AMOUNTS) else (),
    )


def is_credit(root: Element) -> bool:
    """Whether an invoice's root is that of a credit note, by its name or its type code."""
    head = _child(root, "ExchangedDocument|HeaderExchangedDocument")
    code = _text(head, "TypeCode") or _text(root, "InvoiceTypeCode|CreditNoteTypeCode")
    return _local(root) == "CreditNote" or code in _CREDIT_CODES


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
    """An xs:decimal as EN 16931 has amounts: without exponent, which a few signs make endless."""
    number = Decimal(text) if _DECIMAL.fullmatch(text) else None
    return format(number, "f") if number is not None and abs(number) < 10**15 else ""


def _price(amount: str, base: str) -> str:
    """The price of one: BT-146 is that of BT-149 units, which is 1 where it is not said."""
    price, units = _amount(amount), _amount(base)
    if not price or not units or Decimal(units) <= 0 or Decimal(units) == 1:
        return price
    return format((Decimal(price) / Decimal(units)).quantize(Decimal("0.000001")).normalize(), "f")


def _discount(changes: Iterable[Element], name: str) -> str:
    """The allowances of a line (BT-136) less its charges (BT-141), "" where that is none."""
    total = Decimal(0)
    for change in changes:
        indicator = _child(change, "ChargeIndicator")
        flag = _text(indicator, "Indicator") or _text(indicator)
        amount = Decimal(_amount(_text(change, name)) or 0)
        total += -amount if flag.lower() in ("true", "1") else amount
    return format(total, "f") if total > 0 else ""


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
    yield "total_amount", _in_currency(sums, "GrandTotalAmount", currency)
    lines = [line for line in _children(trade, "IncludedSupplyChainTradeLineItem") if _is_own(line)]
    for index, line in enumerate(lines[:MAX_LINES]):
        for name, value in _cii_line(line):
            yield f"line_items/{index}/{name}", value


def _is_own(line: Element) -> bool:
    """Whether a line counts: EXTENDED has group and information lines that only repeat."""
    kind = _text(line, "AssociatedDocumentLineDocument", "LineStatusReasonCode")
    return kind not in ("GROUP", "INFORMATION")


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
    note = _text(line, "AssociatedDocumentLineDocument", "IncludedNote", "Content")
    yield "description", _text(product, "Name") or note
    yield "quantity", _amount(_text(quantity))
    yield "unit", (quantity.get("unitCode") or "") if quantity is not None else ""
    price = _child(agreed, "NetPriceProductTradePrice")
    yield "unit_price", _price(_text(price, "ChargeAmount"), _text(price, "BasisQuantity"))
    yield "discount", _discount(_children(settled, "SpecifiedTradeAllowanceCharge"), "ActualAmount")
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
    due = _text(root, "DueDate") or _text(root, "PaymentMeans", "PaymentDueDate")
    yield "due_date", _date(due)
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
    yield f"{role}_address", _address(*streets, _text(place, "AddressLine", "Line"), town)
    if role == "supplier":
        schemes = list(_children(party, "PartyTaxScheme"))
        vat = [one for one in schemes if _text(one, "TaxScheme", "ID").upper() in ("VAT", "VA")]
        yield "supplier_tax_id", _text(next(iter(vat or schemes), None), "CompanyID")


def _ubl_line(line: Element) -> Iterator[tuple[str, str]]:
    quantity = _child(line, "InvoicedQuantity|CreditedQuantity")
    item = _child(line, "Item")
    yield "description", _text(item, "Name") or _text(item, "Description")
    yield "quantity", _amount(_text(quantity))
    yield "unit", (quantity.get("unitCode") or "") if quantity is not None else ""
    price = _child(line, "Price")
    yield "unit_price", _price(_text(price, "PriceAmount"), _text(price, "BaseQuantity"))
    yield "discount", _discount(_children(line, "AllowanceCharge"), "Amount")
    yield "tax_rate", _amount(_text(item, "ClassifiedTaxCategory", "Percent"))
    yield "taxable_amount", _amount(_text(line, "LineExtensionAmount"))
