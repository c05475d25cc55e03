"""The IRN of an Indian e-invoice: 64 hexadecimal digits, often broken over lines."""

import re

from documents.fields import normalise_irn
from ingestion.engines.rules.layout import Cell
from ingestion.engines.rules.near import Candidate, Neighbourhood, Parsed, candidate_of

_HEX = re.compile(r"[0-9A-Fa-foOlI]{1,64}-?")
_HEX_TWINS = str.maketrans("oOlI", "0011")  # no hexadecimal digits, so OCR's look-alikes


def _behind_colon(text: str) -> str:
    """The value of a word that OCR glued to its label: "IRN:6170..."."""
    return text.rpartition(":")[2]


def irn_of(near: Neighbourhood) -> list[Candidate]:
    """The 64 digits behind the label, on its line and the two below it."""
    for label in near.labels:
        if label.field != "irn":
            continue
        tokens = list(label.cell.tokens_in(label.end, len(label.cell.text)))
        for line in near.lines[label.cell.line : label.cell.line + 3]:
            for cell in line.cells:
                if cell.line > label.cell.line or cell.left > label.cell.left:
                    tokens.extend(cell.tokens)
        digits = [token for token in tokens if _HEX.fullmatch(_behind_colon(token.text))]
        for count in range(1, len(digits) + 1):
            printed = "".join(_behind_colon(token.text) for token in digits[:count])
            value = normalise_irn(printed.translate(_HEX_TWINS))
            if value:
                cell = Cell(
                    page=label.cell.page,
                    line=label.cell.line,
                    tokens=tuple(digits[:count]),
                    source=label.cell.source,
                )
                whole = Parsed(value=value, start=0, end=len(cell.text))
                score = 1.0 if normalise_irn(printed) else 0.6
                return [candidate_of(cell, whole, score=score)]
    return []
