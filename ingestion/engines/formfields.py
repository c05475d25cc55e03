"""Filled fields of a PDF form: their values as marks, and as words where no layer has them.

pdfium draws a form's fields but leaves them out of the text of a page. No script of the form is
run: pdfium is built without a JavaScript engine, and nothing here asks for calculated values.
"""

import ctypes
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from documents.fields import squeeze
from ingestion.engines.base import Box, Mark, MarkKind, Word

MOST_ANNOTATIONS = 3_000
MOST_FIELDS = 500
MOST_BYTES = 8_000
MOST_WORDS = 3_000
KINDS = {
    pdfium_c.FPDF_FORMFIELD_TEXTFIELD: "text",
    pdfium_c.FPDF_FORMFIELD_COMBOBOX: "choice",
    pdfium_c.FPDF_FORMFIELD_LISTBOX: "choice",
    pdfium_c.FPDF_FORMFIELD_CHECKBOX: "checkbox",
    pdfium_c.FPDF_FORMFIELD_RADIOBUTTON: "checkbox",
}
_HIDDEN = pdfium_c.FPDF_ANNOT_FLAG_HIDDEN | pdfium_c.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD = 1 << 13  # ISO 32000-1, table 228: text field flags, bit 14


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """A filled field. name: as the form's maker gave it, with its parents' ("a.b"); label: the
    tooltip; kind: text, choice or checkbox (value "yes" or "no")."""

    name: str
    label: str
    kind: str
    value: str
    box: Box


InPixels = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From rows of left, bottom, right, top in points to left, top, right, bottom in pixels."""


def fields(page: pdfium.PdfPage, in_pixels: InPixels) -> tuple[FormField, ...]:
    """The filled fields of a page in the order of the file; () where there is no form."""
    form = page.formenv
    if form is None:
        return ()
    found: list[FormField] = []
    count = min(pdfium_c.FPDFPage_GetAnnotCount(page), MOST_ANNOTATIONS)
    for index in range(count):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            field = _field(form, annotation, in_pixels)
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)
        if field is not None:
            found.append(field)
        if len(found) == MOST_FIELDS:
            break
    return tuple(found)


def marks(found: Iterable[FormField]) -> tuple[Mark, ...]:
    """A mark a field: JSON of its name, label, kind and value."""
    return tuple(
        Mark(
            kind=MarkKind.FORM_FIELD,
            payload=json.dumps(
                {"name": one.name, "label": one.label, "kind": one.kind, "value": one.value},
                ensure_ascii=False,
            ),
            box=one.box,
        )
        for one in found
    )


def words(found: Iterable[FormField], printed: Iterable[Word]) -> Iterator[Word]:
    """The values of texts and choices as words within their boxes, save those that the layer
    prints there already: forms that were flattened by halves have both."""
    printed = tuple(printed)
    return islice(chain.from_iterable(_unprinted(field, printed) for field in found), MOST_WORDS)


def _unprinted(field: FormField, printed: Sequence[Word]) -> Iterator[Word]:
    if field.kind == "checkbox":
        return
    inside = (word.text for word in printed if _is_inside(word.box, field.box))
    if squeeze(field.value) not in squeeze("".join(inside)):
        yield from _spread(field.value, field.box)


def _field(
    form: pdfium.PdfFormEnv, annotation: pdfium_c.FPDF_ANNOTATION, in_pixels: InPixels
) -> FormField | None:
    if pdfium_c.FPDFAnnot_GetSubtype(annotation) != pdfium_c.FPDF_ANNOT_WIDGET:
        return None
    if pdfium_c.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
        return None
    kind = KINDS.get(pdfium_c.FPDFAnnot_GetFormFieldType(form, annotation))
    if kind is None:
        return None
    if kind == "text" and pdfium_c.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        return None
    if kind == "checkbox":
        value = "yes" if pdfium_c.FPDFAnnot_IsChecked(form, annotation) else "no"
    else:
        value = _text(pdfium_c.FPDFAnnot_GetFormFieldValue, form, annotation)
    rect = pdfium_c.FS_RECTF()
    if not value or not pdfium_c.FPDFAnnot_GetRect(annotation, rect):
        return None
    sides = in_pixels(np.array([[rect.left, rect.bottom, rect.right, rect.top]]))[0]
    if not np.isfinite(sides).all():
        return None
    left, top, right, bottom = (float(side) for side in sides)
    return FormField(
        name=_text(pdfium_c.FPDFAnnot_GetFormFieldName, form, annotation),
        label=_text(pdfium_c.FPDFAnnot_GetFormFieldAlternateName, form, annotation),
        kind=kind,
        value=value,
        box=Box(left=left, top=top, right=right, bottom=bottom),
    )


def _text(
    ask: Callable[..., int], form: pdfium.PdfFormEnv, annotation: pdfium_c.FPDF_ANNOTATION
) -> str:
    """One of the field's strings, "" where it is longer than any that a person would fill in."""
    length = ask(form, annotation, None, 0)
    if not 2 < length <= MOST_BYTES:
        return ""
    buffer = ctypes.create_string_buffer(length)
    ask(form, annotation, ctypes.cast(buffer, ctypes.POINTER(pdfium_c.FPDF_WCHAR)), length)
    text = buffer.raw[: length - 2].decode("utf-16-le", errors="replace")
    kept = (c for c in text if c in "\n\r\t" or unicodedata.category(c) not in ("Cc", "Cs", "Cn"))
    return unicodedata.normalize("NFC", "".join(kept)).replace("\r\n", "\n").replace("\r", "\n")


def _is_inside(box: Box | None, frame: Box) -> bool:
    """Whether the middle of `box` lies within `frame`."""
    if box is None:
        return False
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return frame.left <= x <= frame.right and frame.top <= y <= frame.bottom


def _spread(value: str, frame: Box) -> Iterator[Word]:
    """Words in the lines of a value: as high as the frame allows, as wide as print of that
    height is, since nothing says where pdfium set them."""
    lines = [line for line in value.split("\n") if line.strip()][:40]
    height = (frame.bottom - frame.top) / max(1, len(lines))
    longest = max((len(line) for line in lines), default=1)
    step = min(0.5 * height, (frame.right - frame.left) / max(1, longest))
    for row, line in enumerate(lines):
        top, at = frame.top + row * height, 0
        for text in line.split():
            at = line.index(text, at)
            left = frame.left + at * step
            at += len(text)
            right = frame.left + at * step
            box = Box(left=left, top=top + 0.1 * height, right=right, bottom=top + 0.9 * height)
            yield Word(text=text, box=box, confidence=1.0)
