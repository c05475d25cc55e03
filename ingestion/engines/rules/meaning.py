"""What the words before a label make of it: whose number or date it really is.

"Invoice No" is the number of the paper at hand, "against Invoice No" that of the one it corrects;
"No" alone is that of whatever stands before it.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from ingestion.engines.rules.labels import Label

# "Original" and "for" before a label mostly name another paper, but a copy's mark may say so, too.
_DOUBT = 0.5
_OF_UNKNOWN = 0.45
_OF_ANOTHER = re.compile(
    r"(?<![a-z])(?:original|against|orig|previous|prior|related|linked|corrects?|correcting"
    r"|corrected|cancel+ed|cancels?|adjusts?|adjusted|replaces?|replaced|amends?|reversed"
    r"|zur|zu|ursprungliche[nr]?|stornierte[nr]?|korrigierte[nr]?|bezug|betrifft|urspr"
    r"|annule|corrige|relative a la|originale?|origine|d origine|rectifica a|rectificada"
    r"|sostituisce|storno|rif|for|sur)\W{0,3}(?:(?:the|la|der|die|das|our|your|tax|su)\W{1,2})?$"
)
_THING = (
    r"vertrag|versicherung|police|policy|polizza|poliza|polis\b|insurance|contract|contrat|contrato"
    r"|contratto|mitglied|member|konto\b|account|compte|cuenta|meter|zahler|compteur|contador"
    r"|claim|schaden|sinistre|akte\b|aktenzeichen|kassenzeichen|projekt|project|proyecto|objekt"
    r"|marche\b|loan|permit|licen[cs]e|room|zimmer|table|tisch|seat|flight|vehicle|chassis|engine"
    r"|serien|serial|batch|lot\b|route|abonnement|subscription|reservation|booking|buchung"
    r"|anschluss|connection|consumer|patient|student|roll|ward|flat|plot|unit|apartment|wohnung"
    r"|kunden|customer|client|auftrag|bestell|order|commande|pedido|ordine|lieferschein|delivery"
    r"|angebot|quot|devis|offert|steuer|tax id|mandat"
)
_OF_A_THING = re.compile(rf"(?<![a-z])[a-z]{{0,30}}(?:{_THING})[a-z]{{0,8}}\W{{0,3}}$")
_OF_A_PAPER = re.compile(
    r"(?:rechnung|invoice|bill|receipt|rcpt|beleg|quittung|note|memo|facture|factura|fattura"
    r"|fatura|factuur|bon|ticket|check|chk|document|doc|slip|voucher|avoir|gutschrift|invois|resit"
    r"|original|copy|duplicate|serial|cash|trans\w*|txn|trx|ref\w*|tax)\W{0,3}(?:\([^)]{0,20}\)\W{0,2})?$"
)
_NUMBERS = ("document_number", "vague_number")


def is_of_a_thing(before: str) -> bool:
    """Whether folded words before a "No" say what else is counted: "policy", "Mitglied"."""
    return _OF_A_THING.search(before) is not None


def as_meant(label: Label, beside: Sequence[Label]) -> Label:
    """A label as the words before it mean it; `beside` are the labels of its line, from left."""
    if label.field == "document_date":
        return _date_as_meant(label, beside)
    if label.field in _NUMBERS:
        return _number_as_meant(label)
    return label


def _date_as_meant(label: Label, beside: Sequence[Label]) -> Label:
    """A date behind the number of another paper is that one's: "Your PO: 4711 dated ...",
    "Against Invoice No: 7   Invoice Date: ...", "Buyer's Order No." beside "Dated"."""
    earlier = [other for other in beside if other.cell.left < label.cell.left]
    if _is_of_another(label) or any(_is_of_another(other) for other in earlier):
        return replace(label, weight=_DOUBT * label.weight)
    if label.phrase == "dated" and label.start <= 2 and _is_beside_an_order(earlier):
        return replace(label, field="other_date")
    if label.phrase not in ("dated", "dt", "date") or label.start <= 2:
        return label
    found = [one for one in beside if one.cell is label.cell and one.start < label.start]
    fields = [other.field for other in found]
    if "document_number" in fields or "document_date" in fields:
        return label
    if "other_number" in fields or re.search(r"\d", label.cell.text[: label.start]):
        return replace(label, field="other_date")
    return label


def _is_beside_an_order(earlier: Sequence[Label]) -> bool:
    fields = {other.field for other in earlier}
    return "other_number" in fields and not fields & {"document_number", "vague_number"}


def _is_of_another(label: Label) -> bool:
    is_named = label.field in (*_NUMBERS, "document_date")
    return is_named and _OF_ANOTHER.search(label.cell.folded[: label.start]) is not None


def _number_as_meant(label: Label) -> Label:
    before = label.cell.folded[: label.start]
    if not before.strip(" .:-"):
        return label
    if _is_of_another(label):
        return replace(label, weight=_DOUBT * label.weight)
    if label.field != "vague_number":
        return label
    if is_of_a_thing(before):
        return replace(label, field="other_number")
    if re.search(r"[a-z]\W{0,3}$", before) and not _OF_A_PAPER.search(before):
        return replace(label, weight=_OF_UNKNOWN * label.weight)
    return label
