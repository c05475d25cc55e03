"""Who sells and who buys: names and addresses from labelled blocks and from the page's head."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from documents.fields import find_dates, find_gstins, squeeze
from ingestion.engines.rules.labels import Label
from ingestion.engines.rules.layout import Cell, Line, box_of
from ingestion.engines.rules.near import Candidate, Neighbourhood

COMPANY = re.compile(
    r"(?<![a-z])(?:sdn\.?\s?bhd|[s5]/b|bhd|ltd|limited|llp|llc|l\.l\.c|(?<=[a-z]\s)kg(?=\s*$)|inc|corp|corporation|plc|pvt"
    r"|pte|gmbh|ag|co\.?\s?kg|ohg|ug|e\.?\s?k|e\.?v|a\.g|sarl|s\.a\.r\.l|sas|s\.a\.s|s\.?\s?a|eurl|s\.?r\.?l"
    r"|s\.?p\.?a|s\.?l|b\.?v|n\.?v|lda|unipessoal|co|company|enterprises?|trading|industries"
    r"|traders|agencies|stores?|hardware|restaurant|restoran|perniagaan|syarikat|kedai|pasar"
    r"|mart|supermarket|bakery|bakeries|cafe|hotel|stationery|pharmacy|bookstore|bookcentre"
    r"|confectionery|marketing|associates|& sons|brothers|pizza|coffee|kopitiam)(?:[\s.,)(]|$)"
)
LEGAL = re.compile(
    r"(?<![a-z])(?:sdn\.?\s?bhd|[s5]/b|bhd|ltd|limited|llp|llc|inc|corp|plc|pvt|pte|gmbh|ag|co\.?\s?kg|ohg|ug|sarl"
    r"|a\.g|e\.v|e\.k|(?<=[a-z]\s)kg(?=\s*$)|sas|eurl|s\.?r\.?l|s\.?p\.?a|b\.?v|n\.?v|lda|s\.a|s\.l)(?:[\s.,)(]|$)"
)
ADDRESS = re.compile(
    r"(?<![a-z])(?:no\.?\s?[:.]?\s?\d|lot\b|jalan|jln|lorong|taman|tmn|street"
    r"|\bst\.|road|\brd\b|avenue|\bave\b"
    r"|lane|floor|level|block|blk|unit(?! price| cost)|suite|plot|sector|nagar|marg|phase"
    r"|industrial|estate|building"
    r"|strasse|str\.|weg\b|platz|allee|gasse|rue|boulevard|bd\b|chemin|place|calle|via\b|viale|piazza"
    r"|impasse|quai|route|hameau|faubourg|lieu-?dit|residence"
    r"|z\.?[aie]\.?c?\.? (?:de|du|des|la|les)\b"
    r"|avenida|plaza|rua|straat|laan|bandar|kampung|kawasan|mukim|persiaran|wisma|menara|bangunan"
    r"|box \d|p\.?o\.? box|\d{5,6}(?!\d)|\d{5} [a-z]|district|dist\.|near\b|opp\b|g\.?f\b)"
)
STREET = re.compile(r"[a-z]{4,}(?:strasse|str\.|weg|platz|allee|gasse|straat|laan)\s?\d")
STOP = re.compile(
    r"(?<![a-z])(?:tel|telephone|phone|ph|h/p|fax|mobile|mob|email|e-mail|www|http|gstin|gst|vat|pan|cin"
    r"|state code|state|global (?:id|no|nr|number|location)|globale nummer|number|id"
    r"|contact|website|iban|bic|ust|siret|siren|tva|reg|regn|registration|registered|roc|licen[sc]e|dealer"
    r"|co[. -]{0,2}reg|co\.? ?no"
    r"|company (?:no|reg)|(?:site|store|outlet|branch) ?(?:no|code|id)?\.? ?[:#] ?\d"
    r"|invoice|date|gln|sst|uid|mwst|uen"
    r"|code|nif|cif|p\.? ?iva|btw|kvk|abn|tax|place of supply|fssai|attn|kunden-?nr|nummer"
    r"|customer|account|terms|order|handelsreg|steuernr|rechnung|telefon|fon|ein|uin)(?![a-z])"
)
_HEADINGS = (
    "bill to", "billed to", "ship to", "shipped to", "sold to", "invoice to", "buyer (bill to)",
    "consignee (ship to)", "details of receiver", "invoice to:",
)  # fmt: skip
COURTESY = re.compile(
    r"(?:herrn?|frau|familie|eheleute|firma|fa\.|mr\.?|mrs\.?|ms\.?|m\.|mme\.?|monsieur|madame)"
)
PHONE = re.compile(r"(?:\W|\d){8,24}")
TITLE = re.compile(
    r"(?:tax|retail|sales|commercial|proforma|simplified|original|duplicate|triplicate|copy|customer"
    r"|cash|credit|debit|bill|invoice|receipt|e-?\s?invoice|memo|note|of|supply|for|recipient|buyer|gst"
    r"|rechnung|facture|factura|fattura|fatura|factuur|quittung|kassenbon|beleg|ticket|recibo|resit"
    r"|invois|page|seite|welcome|thank|you|terima|kasih|lieferschein|gutschrift|avoir|reprint"
    r"|statement|order|guest|check|sale|\W|\d)+"
)
GREETING = re.compile(
    r"welcome to|thank you|terima kasih|selamat datang|see you|good(?:s)? sold|www\.|@"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A party as printed: name, address lines joined by ", ", and the lines of its block."""

    name: Candidate | None
    address: Candidate | None
    lines: frozenset[int]
    column: tuple[float, float]

    def holds(self, candidate: Candidate) -> bool:
        """Whether a value stands in this party's block."""
        left, right = self.column
        return candidate.line in self.lines and left - 1 <= candidate.left <= right

    def owns(self, cell: Cell) -> bool:
        """Whether a cell is of this party's block, or repeats its name."""
        left, right = self.column
        inside = cell.line in self.lines and left - 1 <= cell.left <= right
        name = squeeze(self.name.value) if self.name else ""
        return inside or (bool(name) and name in squeeze(cell.text))


def block_below(near: Neighbourhood, label: Label, *, limit: int = 8) -> list[Cell]:
    """The cells that stand under a label in its column, up to the next label or gap.

    What stands right of the label on its own line comes first.
    """
    cells: list[Cell] = []
    rest = _rest_of(label)
    if rest is not None:
        cells.append(rest)
    elif (right := _right_of(near, label)) is not None:
        cells.append(right)
    anchor = cells[0] if cells and rest is None else label.cell
    lefts = (anchor.left, cells[0].left) if cells else (anchor.left,)
    bottom, height = label.cell.bottom, label.cell.height
    misses = 0
    for line in near.lines[label.cell.line + 1 : label.cell.line + 30]:
        if line.page != label.cell.page or len(cells) >= limit or misses > 3:
            break
        if line.number in near.body:
            break
        cell = in_column(line, lefts=lefts, height=height)
        if cell is None:
            misses += 1
            continue
        if cell.top - bottom > 2.4 * max(height, cell.height):
            break
        if _is_heading(near, cell):
            break
        cells.append(_with_value(line, cell))
        bottom = cell.bottom
    return cells


def _with_value(line: Line, cell: Cell) -> Cell:
    """ "Name:" with the value that stands right of it."""
    right = [other for other in line.cells if other.left > cell.left]
    is_key = cell.text.rstrip().endswith(":") or (right and right[0].text.startswith(":"))
    if not (is_key and right):
        return cell
    tokens = (*cell.tokens, *right[0].tokens)
    return Cell(page=cell.page, line=cell.line, tokens=tokens, source=cell.source)


def _rest_of(label: Label) -> Cell | None:
    """What stands behind a label in its cell, without the sign that parts them."""
    text = label.cell.text
    behind = text[label.end :]
    start = label.end + len(behind) - len(behind.lstrip(" :.,-/()&"))
    return label.cell.part(start, len(text)) if start < len(text) else None


def _right_of(near: Neighbourhood, label: Label) -> Cell | None:
    for cell in near.lines[label.cell.line].cells:
        gap = cell.left - label.cell.right
        if 0 < gap < 12 * label.cell.height and cell.text.strip(" :-"):
            if near.starts_with_label(cell) or find_dates(cell.text):
                return None
            below = near.cells_below(label, limit=1)
            return cell if ":" in label.cell.text or next(below, None) is None else None
    return None


def in_column(line: Line, *, lefts: Sequence[float], height: float) -> Cell | None:
    for cell in line.cells:
        if any(abs(cell.left - left) <= 2.5 * height for left in lefts):
            return cell
    return None


def _is_heading(near: Neighbourhood, cell: Cell) -> bool:
    return any(
        label.start <= 1
        and label.weight >= 0.9
        and (
            label.field in ("consignee", "recipient", "supplier")
            or label.field not in ("supplier_tax_id", "other_number", "place_of_supply")
        )
        and not _is_name_part(label)
        for label in near.labels_in(cell)
    )


def _is_name_part(label: Label) -> bool:
    """A label word inside a name or street: "Customer Care Ltd", "To Road 5"."""
    rest = label.cell.text[label.end :].strip()
    return (
        bool(rest) and rest[0].isalpha() and label.field in ("recipient", "supplier", "consignee")
    )


def labelled_party(near: Neighbourhood, fields: Sequence[str]) -> Party | None:
    """The first block under a label of `fields` (best weight first) that starts with a name."""
    labels = [label for label in near.labels if label.field in fields and _heads(near, label)]
    labels.sort(key=lambda label: (-label.weight, fields.index(label.field), label.cell.line))
    for label in labels[:6]:
        party = party_of(near, block_below(near, label), score=label.weight)
        if party is not None:
            return party
    return None


def _heads(near: Neighbourhood, label: Label) -> bool:
    """Whether a label stands alone or before a colon: not in the middle of a sentence."""
    text = label.cell.text
    if label.start > 2 or (label.phrase == "m s" and "/" not in text[: label.end]):
        return False
    after = text[label.end :]
    if LEGAL.match(after.lower().lstrip()):
        return False  # "Lieferant GmbH" is a name
    if STOP.match(after.lower().lstrip(" '’s.-")):
        return False  # "Supplier GSTIN", "Customer Code"
    if label.weight < 0.9:
        return not after.strip(" :.,") or after.lstrip().startswith((":", ","))
    return not after.strip() or not after.lstrip()[0].isalpha() or after.lstrip()[0].isupper()


def party_of(near: Neighbourhood, cells: list[Cell], *, score: float) -> Party | None:
    """Name and address out of the cells of a block, top to bottom."""
    lines = [cell for cell in (_cleaned(cell) for cell in cells) if cell is not None]
    explicit = [i for i, cell in enumerate(cells) if _NAME_KEY.match(cell.folded)]
    if explicit:
        lines = [cell for cell in map(_cleaned, cells[explicit[0] :]) if cell is not None]
        lines = [*_above_value(near, lines[0]), *lines] if lines else []
    while lines and not is_name(lines[0]):
        lines.pop(0)
    if not lines or is_fact(near, lines[0]):
        return None
    name = lines[0]
    names = [name]
    is_courtesy = bool(COURTESY.fullmatch(name.folded.strip()))
    is_upper = bool(explicit) and name.line < cells[explicit[0]].line
    if len(lines) > 1 and (is_courtesy or is_upper or _continues_name(names[0], lines[1])):
        names.append(lines[1])
    address: list[Cell] = []
    for cell in lines[len(names) :]:
        if is_contact(near, cell) or find_gstins(cell.text) or PHONE.fullmatch(cell.text):
            break
        if len(address) == 5:
            break
        address.append(cell)
    return Party(
        name=joined(names, " ", score=score),
        address=joined(address, ", ", score=score * 0.85) if address else None,
        lines=frozenset(cell.line for cell in cells),
        column=(min(cell.left for cell in lines), max(cell.right for cell in lines)),
    )


def _above_value(near: Neighbourhood, value: Cell) -> list[Cell]:
    """The first of two lines of a name whose "Name:" stands beside the second one."""
    if not value.line:
        return []
    line = near.lines[value.line - 1]
    return [
        cell
        for cell in line.cells[:1]
        if line.page == value.page
        and abs(cell.left - value.left) < 0.6 * value.height
        and value.top - cell.bottom < value.height
        and is_name(cell)
    ]


_NAME_KEY = re.compile(r"\W{0,3}(?:name|nom|nombre|nome|naam|company|firma)\s?:")


def _cleaned(cell: Cell) -> Cell | None:
    """A cell without "M/s" or "Name:" before the name, None where nothing is left."""
    start = len(cell.text) - len(cell.text.lstrip(" :.,-/()"))
    prefix = re.match(
        r"(?:m\s?/\s?s[\s.,:]|messrs[\s.,:]|(?:name|nom|nombre|nome|naam|company|firma|address|anschrift|adresse)\s?:)\s?",
        cell.folded[start:],
    )
    if prefix:
        start += prefix.end()
    return cell.part(start, len(cell.text)) if cell.text[start:].strip(" :") else None


def is_fact(near: Neighbourhood, cell: Cell) -> bool:
    """Whether a cell is a fact of the paper, not of a party: "Your order AB321"."""
    return any(
        label.start <= 1
        and label.weight >= 0.7
        and label.field.endswith(("_number", "_date"))
        and (re.search(r"\d", cell.text[label.end :]) or not cell.text[label.end :].strip(" :."))
        for label in near.labels_in(cell)
    )


def is_name(cell: Cell) -> bool:
    """Whether a cell can be the name of a firm or person."""
    letters = sum(char.isalpha() for char in cell.text)
    if letters < 3 or find_dates(cell.text) or cell.text.startswith("("):
        return False
    if letters < 16 and any(fuzz.ratio(cell.folded, head) >= 80 for head in _HEADINGS):
        return False  # a heading that OCR misread
    is_firm = LEGAL.search(cell.folded) and not re.search(r"[\d:]", cell.text)
    if STOP.match(cell.folded) and not is_firm:
        return False  # "Tax No 123" is none, "Tax Partners Ltd" is one
    return letters * 2 >= len(cell.text.replace(" ", "")) and not TITLE.fullmatch(cell.folded)


def _continues_name(first: Cell, second: Cell) -> bool:
    if LEGAL.search(first.folded) or ADDRESS.search(second.folded):
        return False
    return bool(LEGAL.search(second.folded)) and len(second.text) < 45


# OCR takes the numeral II for Il; behind these words nothing but a numeral stands.
_ROMAN = re.compile(
    r"((?:phase|stage|part|block|sector|area|zone|tower|ward) )([Il]{2,3})(?![^\W_])", re.I
)


def joined(cells: Sequence[Cell], glue: str, *, score: float) -> Candidate:
    text = glue.join(cell.text.strip(" ,;:|") for cell in cells)
    tokens = [token for cell in cells for token in cell.tokens]
    read = [token.confidence for token in tokens] or [0.5]
    return Candidate(
        value=_ROMAN.sub(lambda found: found[1] + "I" * len(found[2]), text)[:500],
        raw=text,
        page=cells[0].page,
        line=cells[0].line,
        left=cells[0].left,
        box=box_of(tokens),
        source=cells[0].source,
        ocr=0.5 * min(read) + 0.5 * sum(read) / len(read),
        score=score,
    )


def is_contact(near: Neighbourhood, cell: Cell) -> bool:
    """Telephone, tax number and the like: what ends an address."""
    if "@" in cell.text:
        return True
    return bool(STOP.match(cell.folded.lstrip(" :.,-("))) or any(
        label.start <= 4
        and label.field in ("supplier_tax_id", "other_number")
        and label.weight == 1
        for label in near.labels_in(cell)
        if label.phrase not in ("pos no", "bank", "no of", "pan", "table")
    )
