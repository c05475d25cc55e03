"""Words by which whole pages are known, with the points that they count for or against."""

import re
from dataclasses import dataclass

from ingestion.engines.rules.labels import pattern_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A pattern over folded text and its points; negative speaks against a bill."""

    pattern: re.Pattern[str]
    points: float


def _any_of(phrases: str) -> re.Pattern[str]:
    body = "|".join(pattern_of(phrase) for phrase in phrases.split("|"))
    return re.compile(rf"(?<![^\W_])(?:{body})(?![^\W\d_])")


def _terms(weighed: dict[str, float]) -> tuple[Term, ...]:
    return tuple(Term(pattern=_any_of(phrases), points=p) for phrases, p in weighed.items())


BILL_TITLE = _any_of(
    "tax invoice|invoice|bill of supply|cash bill|cash memo|retail invoice|gst invoice|receipt"
    "|simplified tax invoice|sales receipt|official receipt|credit note|debit note|e invoice"
    "|cash receipt|sales invoice|commercial invoice|rechnung|schlussrechnung|teilrechnung"
    "|gutschrift|quittung|kassenbon|handelsrechnung|mietrechnung|beitragsrechnung|warenrechnung"
    "|facture|avoir|recu|ticket|factura|factura simplificada|recibo|fattura|ricevuta|scontrino"
    "|documento commerciale|fatura|nota fiscal|factuur|kassabon|bon|invois|resit|bil"
    "|guest check|bill|cash sale|cash sales"
)
BILL_TERMS = _terms(
    {
        "invoice no|invoice number|invoice #|bill no|bill number|receipt no|receipt #"
        "|rechnungsnummer|rechnungs nr|rechnung nr|numero de facture|n facture|facture n"
        "|factura n|numero fattura|fattura n|fatura n|factuurnummer|inv no|cash bill no"
        "|document no|doc no|n de factura|numero de factura|rechnungsnr|facture no|rcpt no": 1.2,
        "invoice date|bill date|rechnungsdatum|date de facture|fecha de factura|data fattura"
        "|factuurdatum|date facture|date of issue": 0.8,
        "due date|amount due|balance due|payment terms|zahlbar|echeance|vencimiento|fallig"
        "|scadenza|vervaldatum|payable to|bank details|iban": 0.6,
        "bill to|billed to|sold to|invoice to|rechnungsempfanger|facture a|facturar a|buyer": 0.7,
        "sub total|subtotal|zwischensumme|total ht|base imponible|imponibile|summe netto"
        "|taxable value|taxable amount|netto|subtotaal|total excl": 0.8,
        "grand total|total ttc|net a payer|rechnungsbetrag|gesamtbetrag|total due|total payable"
        "|importe total|total factura|totale|net payable|totaal|nett total|total amount": 0.6,
        "gst|vat|mwst|ust|umsatzsteuer|tva|iva|btw|sst|sales tax|tax": 0.5,
        "cgst|sgst|igst": 0.7,
        "hsn|hsn sac|sac code": 0.6,
        "irn|ack no": 0.6,
        "amount in words|amount chargeable|authorised signatory|authorized signatory": 0.6,
        "change|tendered|cash tendered|ruckgeld|rendu|cambio|tunai|baki": 0.8,
        "cashier|salesperson|till|counter|server|table no|table|kassierer|caissier|cajero"
        "|guest|guests": 0.5,
        "rounding|round off|rounding adjustment|rounding adj": 0.6,
        "visa|mastercard|credit card|debit card|carte bancaire|ec karte": 0.3,
        "thank you|terima kasih|please come again|vielen dank|merci|remercie|gracias|grazie": 0.4,
        "goods sold|not returnable|exchangeable|refund": 0.5,
        "qty|quantity|unit price|menge|quantite|cantidad|quantita|aantal|einzelpreis": 0.6,
        "carried over|carried forward|brought forward|ubertrag|a reporter|continued": 0.5,
    }
)
OTHER_TITLE = _any_of(
    "delivery challan|delivery note|delivery order|purchase order|work order|sales order"
    "|lorry receipt|consignment note|goods receipt note|packing list|packing slip|quotation"
    "|quote|estimate|resume|curriculum vitae|memorandum|memo|questionnaire|certificate"
    "|agreement|contract|passport|form|lieferschein|auftragsbestatigung|bestellung|angebot"
    "|bon de livraison|bon de commande|devis|albaran|pedido|presupuesto|documento di trasporto"
    "|ddt|ordine|preventivo|pakbon|offerte|bestelling|bilty|statement of account"
    "|account statement|bank statement|payslip|pay slip|salary slip|bill of lading|airway bill"
    "|air waybill|bill of entry|shipping bill|insurance policy|application form|consent form"
    "|material requisition|inspection report|test report|gate pass|stock transfer"
    "|job work challan|request for quotation|order confirmation|minutes of meeting|lease deed"
    "|offer letter|transport receipt|goods consignment note|payment advice|remittance advice"
    "|order form|weighment slip|inward slip"
)
OTHER_TERMS = _terms(
    {
        "internal revenue service|department of the treasury|omb no|form w 9|form 1099"
        "|form 1098|form 1040|wage and tax statement|schedule a|schedule e"
        "|social security number|irs gov|taxable year|employer identification number"
        "|payer s name|lender": -3.0,
        "driver license|driving licence|passport|identity card|date of birth|carta d identita"
        "|unique identification authority|national id|place of birth|nationality|birth": -2.5,
        "social security": -1.5,
        "dear|sincerely|yours faithfully|best regards|kind regards|yours truly": -1.5,
        "subject|original message|sent|cc": -0.8,
        "hereby|whereas|hereinafter|witness whereof|the parties|terms of this agreement": -1.5,
        "borrower|mortgage|loan amount|loan terms|closing disclosure|underwriting|applicant": -3.0,
        "consent|vaccine|patient|physician|diagnosis": -1.5,
        "marriage|certificate of|bride|groom|registrar": -2.5,
        "curriculum vitae|education|experience|employment history|references available": -1.2,
        "questionnaire|respondent|survey|memorandum": -1.5,
        "chapter|isbn|copyright|all rights reserved": -0.8,
        "not a tax invoice|this is not an invoice|not an invoice": -4.0,
        "valid thru|good thru|member since|cardholder": -1.5,
        "received the goods|consignor|consignee copy|freight to pay|lorry no|said to contain": -1.0,
        "please supply|order confirmation|we are pleased to quote|expected delivery|ship via": -1.2,
        "account summary|opening balance|closing balance|statement period": -2.5,
    }
)
EWAY_TITLE = _any_of(
    "e way bill|eway bill|e waybill|form gst ewb 01|e way bill system|e way bill slip"
)
EWAY_TERMS = _terms(
    {
        "generated by": 0.8,
        "valid until|valid upto|valid up to|valid from|validity": 0.9,
        "approx distance|approximate distance|distance": 0.8,
        "cewb|multi veh info|multi veh": 1.0,
        "gstin of supplier|gstin of recipient|dispatch from|place of dispatch"
        "|place of delivery": 0.9,
        "reason for transportation|transaction type|outward supply|inward supply": 0.9,
        "part a|part b": 0.7,
        "vehicle trans doc no|trans doc no|transporter id|transporter doc no": 0.8,
        "entered date|entered by|generated date": 0.7,
        "value of goods|total inv amt|tot taxable amt": 0.7,
        "goods details|address details|transportation details|vehicle details"
        "|e way bill details": 1.0,
    }
)
PAGE_LABEL = re.compile(
    r"(?:page|pg|seite|blatt|pagina|pag|pagine|sheet|halaman|muka surat)\W{0,3}(?:no\W{0,2})?"
    r"(\d{1,3})(?:\s{0,2}(?:of|/|von|de|sur|di|van|dari|out of)\s{0,2}(\d{1,3}))?(?!\d)"
)
