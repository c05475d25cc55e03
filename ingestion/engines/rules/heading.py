"""The supplier without a label, in the head of a page."""

import re
from collections.abc import Iterator, Sequence

from documents.fields import find_amounts, find_dates, squeeze
from ingestion.engines.rules.layout import Cell, Line
from ingestion.engines.rules.near import Neighbourhood
from ingestion.engines.rules.parties import (
    ADDRESS,
    COMPANY,
    COURTESY,
    GREETING,
    LEGAL,
    PHONE,
    STOP,
    STREET,
    TITLE,
    Party,
    is_contact,
    joined,
)
from ingestion.engines.rules.window import SENDER, above_prices, has_price


def heading_party(
    near: Neighbourhood,
    *,
    taken: frozenset[int],
    taken_column: tuple[float, float] | None = None,
    depth: int = 14,
) -> Party | None:
    """The supplier from the top of the first page: the company line and the address under it."""
    page = near.lines[0].page if near.lines else 0
    head = above_prices([line for line in near.lines if line.page == page][:depth])
    cells = [
        cell
        for line in head
        for cell in line.cells
        if not (cell.line in taken and _within(cell, taken_column))
        and _may_head(cell)
        and cell.line not in near.body
    ]
    named = [cell for cell in cells if not _is_labelled(near, cell)]
    if not named:
        return None
    ranked = sorted(named, key=lambda cell: -_head_score(cell, named, head))
    best, lead = ranked[0], _lead(ranked, named, head)
    names = [*_start_of_name(best, near, named), best, *_rest_of_name(best, near)]
    address = list(_address_under(names[-1], near, taken=taken, column=taken_column))
    names = [_without_registration(_before_dash(cell)) for cell in names]
    return Party(
        name=joined(names, " ", score=_name_worth(names, near, lead=lead)),
        address=joined(address, ", ", score=_address_worth(address, near)) if address else None,
        lines=frozenset(cell.line for cell in (*names, *address)),
        column=(best.left, best.right),
    )


def _lead(ranked: Sequence[Cell], cells: Sequence[Cell], head: Sequence[Line]) -> float:
    """By how many points the first is ahead of the second; 1 where there is no second."""
    if len(ranked) < 2:
        return 1.0
    first, second = (_head_score(cell, cells, head) for cell in ranked[:2])
    return min(1.0, first - second)


def _name_worth(names: Sequence[Cell], near: Neighbourhood, *, lead: float) -> float:
    """How surely an unlabelled name is the supplier's, 0..1: by its legal form, its lead over
    the next line, and whether the paper prints it again (in its foot, or where it is signed)."""
    whole = " ".join(cell.folded for cell in names)
    printed = squeeze(names[-1].text)
    own = {cell.line for cell in names}
    again = len(printed) > 5 and any(
        printed in squeeze(line.text) for line in near.lines if line.number not in own
    )
    legal = LEGAL.search(whole) is not None
    return 0.45 + 0.2 * legal + 0.15 * lead + 0.12 * again + 0.08 * (names[0].line < 3)


def _address_worth(address: Sequence[Cell], near: Neighbourhood) -> float:
    """The same for the address under it: by its postcode, its street, and a clean end."""
    whole = " ".join(cell.folded for cell in address)
    after = near.lines[address[-1].line + 1 : address[-1].line + 2]
    ends = any(
        is_contact(near, cell) or TITLE.fullmatch(cell.folded) or _is_labelled(near, cell)
        for line in after
        for cell in line.cells
    )
    postcode = re.search(r"(?<!\d)\d{5,6}(?!\d)|[a-z]\d[a-z\d]? \d[a-z]{2}(?![a-z])", whole)
    street = ADDRESS.search(whole) or STREET.search(whole)
    worth = 0.3 + 0.25 * bool(postcode) + 0.1 * bool(street) + 0.15 * ends
    return worth + 0.1 * (len(address) > 1)


def _before_dash(cell: Cell) -> Cell:
    """The name in "Au bon moulin SARL - 1242 chemin de l'olive - 84340 Malaucene"."""
    cut = re.search(r"\s[-–—|]\s|\s?[·•●]|,\s(?=.*\d)", cell.text)
    if cut is None or cut.start() < 4:
        return cell
    return cell.part(0, cut.start()) or cell


def _within(cell: Cell, column: tuple[float, float] | None) -> bool:
    return column is None or (cell.left <= column[1] and cell.right >= column[0])


def _may_head(cell: Cell) -> bool:
    text = cell.folded
    letters = sum(char.isalpha() for char in text)
    plain = _REGISTRATION.sub("", text)
    if letters < 4 or _STATUS.search(text):
        return False
    if sum(char.isalpha() for char in plain) * 2 < len(plain.replace(" ", "")):
        return False
    if GREETING.search(text):
        return False
    if TITLE.fullmatch(text) or STOP.match(text) or find_dates(text):
        return False
    return not any(amount.decimals == 2 for amount in find_amounts(text))


def _is_labelled(near: Neighbourhood, cell: Cell) -> bool:
    """Whether a cell begins with a label; "le" and "to" are ones only before a value."""
    return any(
        label.start <= 1
        and label.weight >= 0.8
        and label.field != "supplier"
        and (len(label.phrase) > 2 or re.match(r"\W*(?:\d|$)|\s?:", cell.text[label.end :]))
        for label in near.labels_in(cell)
    )


def _head_score(cell: Cell, cells: Sequence[Cell], head: Sequence[Line]) -> float:
    """Higher for company words, for larger print and for standing on top."""
    heights = sorted(other.height for other in cells)
    typical = heights[len(heights) // 2] or 1.0
    words = _STATE.sub("", cell.folded)
    score = 1.6 * bool(LEGAL.search(words)) + 0.7 * bool(COMPANY.search(words))
    score += min(1.2, 1.4 * max(0.0, cell.height / typical - _LARGER))
    score -= 0.16 * (cell.line - head[0].number)
    plain = _REGISTRATION.sub("", cell.folded)
    # "Pine Street Hardware" is a shop; only with a number or without a trade is it a street.
    is_shop = bool(COMPANY.search(plain)) and not re.search(r"\d", plain)
    if (ADDRESS.search(plain) or STREET.search(plain)) and not is_shop:
        score -= 1.5 if re.search(r"[\d,]", plain) else 0.9
    score -= 1.0 * _is_below_letterhead(cell, head)
    score -= 0.8 * bool(re.match(r"\d{1,5}[a-z]?,? [a-z]", plain) and not COMPANY.search(plain))
    score -= 1.3 * _follows_address(cell, head)
    score -= 0.6 * (len(cell.text) > 60) + 0.6 * (":" in cell.text)
    return score


_LARGER = 1.15  # of the typical height; less is chance, since capitals alone are lower
_STATUS = re.compile(
    r"supply meant|under lut|without payment|auto-?entrepreneur|micro-?entreprise"
    r"|entreprise individuelle|sole (?:trader|proprietor)"
    r"|einzelunternehmen|(?<![a-z])(?:inh|prop)\."
)
# "Reno, NV 89509": a state of America, and no legal form.
_STATE = re.compile(r"(?<![a-z])[a-z]{2},? \d{5}(?:-\d{4})?(?!\d)")
_COUNTRY = re.compile(
    r".*(?<![a-z])(?:malaysia|india|singapore|france|germany|deutschland|united kingdom|uk|usa"
    r"|united states|schweiz|suisse|switzerland|osterreich|austria|australia)\W*"
)
_REGISTRATION = re.compile(
    r"\s*[(\[]{1,2}\s?[a-z]{0,3}\d[\d\s(),\-–a-z]{4,40}[)\]]{1,2}\s*$|\s*(?:[(\[]\s*)?(?:(?:co|company|reg|roc|regn?)[.,]?\s{0,2}(?:no|reg)?[.:]?\s{0,2})?"
    r"\d[\d ]{4,13}\s?[-–]?\s?[a-z]{0,2}[)\]]?(?:\s?\([a-z]{1,4}\))?\s*$|\s*\((?:co|reg|roc)\b.*$"
)


def _follows_address(cell: Cell, head: Sequence[Line]) -> bool:
    """Whether an address or a telephone stands above the cell: then it is somebody else's name."""
    for line in head:
        if line.number >= cell.line:
            return False
        for above in line.cells:
            plain = _REGISTRATION.sub("", above.folded)
            if _overlap(above, cell) and (
                re.match(r"tel|phone|fax|gst|vat", plain) or STREET.search(plain)
            ):
                return True
    return False


def _is_below_letterhead(cell: Cell, head: Sequence[Line]) -> bool:
    """Whether a whole address on one line stands above the cell, under another name."""
    name = squeeze(cell.text)
    return any(
        SENDER.fullmatch(above.folded) is not None and name not in squeeze(above.text)
        for line in head
        if line.number < cell.line
        for above in line.cells
    )


def _without_registration(cell: Cell) -> Cell:
    """A name without the company's registration number behind it."""
    found = _REGISTRATION.search(cell.folded)
    if found is None or found.start() < 4:
        return cell
    return cell.part(0, found.start()) or cell


def _rest_of_name(best: Cell, near: Neighbourhood) -> Iterator[Cell]:
    if LEGAL.search(best.folded):
        return
    below = near.lines[best.line + 1 : best.line + 2]
    for line in below:
        for cell in line.cells:
            legal = LEGAL.search(cell.folded)
            if line.page == best.page and legal and _overlap(cell, best) and _may_head(cell):
                yield cell


def _start_of_name(best: Cell, near: Neighbourhood, named: Sequence[Cell]) -> list[Cell]:
    """The line above, where the company line holds little more than the legal form, or where
    both stand flush left in the same print, as the two lines of one name do."""
    if best.line == 0:
        return []
    core = re.sub(r"[^a-z]", "", COMPANY.sub(" ", best.folded))
    is_tail = (
        bool(_TAIL.match(best.folded))
        or best.text.startswith("(")
        or best.text.count(")") > best.text.count("(")
    )
    above = [
        cell
        for line in reversed(near.lines[max(0, best.line - 2) : best.line])
        for cell in line.cells
        if cell in named and _overlap(cell, best) and best.top - cell.bottom < best.height
    ][:1]
    if len(core) > 3 and not is_tail:
        return [cell for cell in above if _is_upper_half(cell, best)]
    return above


_TAIL = re.compile(r"(?:enterprises?|trading|industries|traders|marketing|associates|sdn|& sons)\b")


def _is_upper_half(above: Cell, best: Cell) -> bool:
    size = best.height
    flush = abs(above.left - best.left) < 0.5 * size < 3 * size < abs(above.right - best.right)
    close = best.top - above.bottom < 0.9 * size
    alike = abs(above.height - size) < 0.25 * size
    plain = not (LEGAL.search(above.folded) or ADDRESS.search(above.folded))
    return flush and close and alike and plain and LEGAL.search(best.folded) is not None


def _overlap(one: Cell, other: Cell) -> bool:
    return min(one.right, other.right) > max(one.left, other.left)


def _address_under(
    name: Cell, near: Neighbourhood, *, taken: frozenset[int], column: tuple[float, float] | None
) -> Iterator[Cell]:
    """The lines of the address under a name: registrations between them are passed over, and
    telephones, titles, dates, prices, a country or another addressee end it."""
    bottom, count = name.bottom, 0
    for line in near.lines[name.line + 1 : name.line + 9]:
        if line.page != name.page or count == 5 or has_price(line) or line.number in near.body:
            return
        cells = [cell for cell in line.cells if _overlap(cell, name) or _close(cell, name)]
        if not cells:
            continue
        cell = cells[0]
        text = cell.folded
        if cell.line in taken and _within(cell, column):
            return
        if cell.top - bottom > 2.5 * max(cell.height, min(name.height, 1.6 * cell.height)):
            return
        if count and find_dates(cell.text):
            return
        if COURTESY.fullmatch(text.strip()) or (count and is_contact(near, cell)):
            return
        is_address = bool(ADDRESS.search(text) or STREET.search(text))
        if not count and _is_passed_over(cell, is_address=is_address):
            bottom = cell.bottom
            continue
        stops = STOP.match(text.lstrip(" :.,-(["))
        is_other = stops or TITLE.fullmatch(text) or _is_labelled(near, cell)
        if (is_other and not is_address) or PHONE.fullmatch(text):
            return
        yield cell
        count, bottom = count + 1, cell.bottom
        if _COUNTRY.fullmatch(text):
            return


def _is_passed_over(cell: Cell, *, is_address: bool) -> bool:
    """Registrations, branches in brackets and slogans between a name and its address."""
    text = cell.folded
    registration = re.fullmatch(r"[\W\d]*[a-z]{0,3}[\W\d]+[a-z]?\W*", text)
    if registration and not re.match(r"\W*(?:no|lot)\b", text):
        return True
    if STOP.match(text.lstrip(" :.,-([")) or TITLE.fullmatch(text) or find_dates(cell.text):
        return True
    branch = text.startswith("(") and text.endswith(")")
    return branch or not (is_address or re.search(r"\d", text))


def _close(cell: Cell, name: Cell) -> bool:
    return abs(cell.left - name.left) < 2 * name.height
