"""Factur-X: a foreign bill as Cross Industry Invoice XML (EN 16931), to lie inside its PDF."""

from decimal import Decimal
from xml.sax.saxutils import escape

from samples.money import ZERO
from samples.papers import ForeignBill, Line, Party

_NAMESPACES = (
    'xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100" '
    'xmlns:ram="urn:un:unece:uncefact:data:standard:'
    'ReusableAggregateBusinessInformationEntity:100" '
    'xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"'
)
# UN/ECE Recommendation 20 codes of the units that the bills print.
_UNIT_CODES = {"Std": "HUR", "h": "HUR", "Stk": "H87", "u": "H87", "m2": "MTK", "Pkg": "PK"}


def factur_x(bill: ForeignBill, currency: str) -> bytes:
    """UTF-8 XML whose sums are those of the page."""
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<rsm:CrossIndustryInvoice {_NAMESPACES}>"
        "<rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter>"
        "<ram:ID>urn:cen.eu:en16931:2017</ram:ID>"
        "</ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>"
        "<rsm:ExchangedDocument>"
        f"<ram:ID>{escape(bill.number)}</ram:ID><ram:TypeCode>380</ram:TypeCode>"
        f"<ram:IssueDateTime>{_day(bill.day.strftime('%Y%m%d'))}</ram:IssueDateTime>"
        "</rsm:ExchangedDocument><rsm:SupplyChainTradeTransaction>"
        + "".join(_line(number, line) for number, line in enumerate(bill.lines, 1))
        + "<ram:ApplicableHeaderTradeAgreement>"
        + _party("SellerTradeParty", bill.supplier, bill.country)
        + _party("BuyerTradeParty", bill.recipient, bill.country)
        + "</ram:ApplicableHeaderTradeAgreement><ram:ApplicableHeaderTradeDelivery/>"
        + _settlement(bill, currency)
        + "</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>\n"
    )
    return xml.encode()


def _day(text: str) -> str:
    return f'<udt:DateTimeString format="102">{text}</udt:DateTimeString>'


def _party(role: str, party: Party, country: str) -> str:
    tax = (
        "<ram:SpecifiedTaxRegistration>"
        f'<ram:ID schemeID="VA">{escape(party.tax_id)}</ram:ID>'
        "</ram:SpecifiedTaxRegistration>"
    )
    return (
        f"<ram:{role}><ram:Name>{escape(party.name)}</ram:Name><ram:PostalTradeAddress>"
        f"<ram:PostcodeCode>{party.postcode}</ram:PostcodeCode>"
        f"<ram:LineOne>{escape(party.address[0])}</ram:LineOne>"
        f"<ram:CityName>{escape(party.city)}</ram:CityName><ram:CountryID>{country}</ram:CountryID>"
        f"</ram:PostalTradeAddress>{tax if party.tax_id else ''}</ram:{role}>"
    )


def _category(rate: Decimal) -> str:
    return (
        "<ram:TypeCode>VAT</ram:TypeCode>{}<ram:CategoryCode>S</ram:CategoryCode>"
        f"<ram:RateApplicablePercent>{rate:.2f}</ram:RateApplicablePercent>"
    )


def _line(number: int, line: Line) -> str:
    unit = _UNIT_CODES.get(line.unit, "C62")
    return (
        "<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument>"
        f"<ram:LineID>{number}</ram:LineID></ram:AssociatedDocumentLineDocument>"
        f"<ram:SpecifiedTradeProduct><ram:Name>{escape(line.description)}</ram:Name>"
        "</ram:SpecifiedTradeProduct><ram:SpecifiedLineTradeAgreement>"
        f"<ram:NetPriceProductTradePrice><ram:ChargeAmount>{line.unit_price:.2f}</ram:ChargeAmount>"
        "</ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>"
        "<ram:SpecifiedLineTradeDelivery>"
        f'<ram:BilledQuantity unitCode="{unit}">{line.quantity}</ram:BilledQuantity>'
        "</ram:SpecifiedLineTradeDelivery><ram:SpecifiedLineTradeSettlement>"
        f"<ram:ApplicableTradeTax>{_category(line.rate).format('')}</ram:ApplicableTradeTax>"
        "<ram:SpecifiedTradeSettlementLineMonetarySummation>"
        f"<ram:LineTotalAmount>{line.taxable:.2f}</ram:LineTotalAmount>"
        "</ram:SpecifiedTradeSettlementLineMonetarySummation>"
        "</ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>"
    )


def _settlement(bill: ForeignBill, currency: str) -> str:
    taxes = ""
    for rate, amount in bill.taxes:
        base = sum((line.taxable for line in bill.lines if line.rate == rate), ZERO)
        basis = f"<ram:BasisAmount>{base:.2f}</ram:BasisAmount>"
        taxes += (
            f"<ram:ApplicableTradeTax><ram:CalculatedAmount>{amount:.2f}</ram:CalculatedAmount>"
            f"{_category(rate).format(basis)}</ram:ApplicableTradeTax>"
        )
    return (
        "<ram:ApplicableHeaderTradeSettlement>"
        f"<ram:InvoiceCurrencyCode>{currency}</ram:InvoiceCurrencyCode>{taxes}"
        "<ram:SpecifiedTradePaymentTerms>"
        f"<ram:DueDateDateTime>{_day(bill.due.strftime('%Y%m%d'))}</ram:DueDateDateTime>"
        "</ram:SpecifiedTradePaymentTerms>"
        "<ram:SpecifiedTradeSettlementHeaderMonetarySummation>"
        f"<ram:LineTotalAmount>{bill.taxable:.2f}</ram:LineTotalAmount>"
        f"<ram:TaxBasisTotalAmount>{bill.taxable:.2f}</ram:TaxBasisTotalAmount>"
        f'<ram:TaxTotalAmount currencyID="{currency}">{bill.tax:.2f}</ram:TaxTotalAmount>'
        f"<ram:GrandTotalAmount>{bill.total:.2f}</ram:GrandTotalAmount>"
        f"<ram:DuePayableAmount>{bill.total:.2f}</ram:DuePayableAmount>"
        "</ram:SpecifiedTradeSettlementHeaderMonetarySummation>"
        "</ram:ApplicableHeaderTradeSettlement>"
    )
