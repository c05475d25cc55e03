"""Data that a file carries apart from its print: e-invoice XML and codes on the page.

Only finds and classifies; what the payloads say is read elsewhere. The fields of forms are
found in `formfields`.
"""

import base64
import binascii
import ctypes
import json
import os
import re
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
import zxingcpp

from ingestion.engines import closelook
from ingestion.engines.base import Mark, MarkKind
from ingestion.engines.closelook import Redraw, box_of
from ingestion.engines.einvoice import decoded, is_einvoice
from ingestion.engines.raster import Grey

# Names by the standards: Factur-X 1.0 ch. 6.2.2, ZUGFeRD 1.0/2.0 and XRechnung in PDF.
EINVOICE_NAMES = frozenset({"factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml"})
MOST_ATTACHMENTS = 50
MOST_OTHER_INVOICES = 1  # several invoices without a proper name are enclosures
MOST_XML_BYTES = 5_000_000
MOST_CODES = 20
MOST_PAYLOAD = 8_000

FORMATS = zxingcpp.BarcodeFormats(
    (
        zxingcpp.BarcodeFormat.QRCode,
        zxingcpp.BarcodeFormat.DataMatrix,
        zxingcpp.BarcodeFormat.Aztec,
        zxingcpp.BarcodeFormat.PDF417,
        zxingcpp.BarcodeFormat.Code128,
        zxingcpp.BarcodeFormat.Code39,
        zxingcpp.BarcodeFormat.EAN13,
    )
)

_EWB = re.compile(r"\d{12}\s*/\s*[0-9A-Z]{15}\s*/\s*\d{1,2}[-/.]\d{1,2}[-/.]\d{4}.*", re.DOTALL)
_JWT = re.compile(r"[\w-]+\.([\w-]+)\.[\w-]+")


def attached(document: pdfium.PdfDocument) -> tuple[Mark, ...]:
    """E-invoice XML attached to a PDF, in the order of the file.

    Where none has a name of the standards, any XML whose root is an invoice's counts. Together
    they are as large as one may be: a file of a few kilobytes can unpack to fifty of them."""
    named: list[Mark] = []
    others: list[Mark] = []
    room = MOST_XML_BYTES
    for number in range(min(document.count_attachments(), MOST_ATTACHMENTS)):
        try:
            attachment = document.get_attachment(number)
            name = attachment.get_name().strip().lower()
            if not name.endswith(".xml"):
                continue
            content = _content(attachment, most=room)
            xml = decoded(content)
        except (pdfium.PdfiumError, UnicodeDecodeError, MemoryError):
            continue
        mark = Mark(kind=MarkKind.EINVOICE_XML, payload=xml)
        if name in EINVOICE_NAMES and xml:
            room -= len(content)
            named.append(mark)
        elif is_einvoice(xml) and len(others) < MOST_OTHER_INVOICES:
            others.append(mark)
    return tuple(named or others)


def of_xml(path: str) -> tuple[Mark, ...]:
    """The invoice that an XML file is; () where it is larger than any invoice."""
    content = Path(path).read_bytes() if os.path.getsize(path) <= MOST_XML_BYTES else b""
    xml = decoded(content)
    return (Mark(kind=MarkKind.EINVOICE_XML, payload=xml),) if is_einvoice(xml) else ()


def on_page(grey: Grey, redraw: Redraw | None = None) -> tuple[Mark, ...]:
    """QR codes and barcodes in a picture of the page, with boxes in its pixels.

    `redraw` draws a part of the page finer, for codes that are too small to read in `grey`."""
    try:
        codes = zxingcpp.read_barcodes(grey, formats=FORMATS, return_errors=True)
    except (RuntimeError, ValueError):
        return ()
    read = [(code.text, box_of(code.position)) for code in codes if code.valid]
    failed = [
        box_of(code.position)
        for code in codes
        if not code.valid and code.format == zxingcpp.BarcodeFormat.QRCode
    ]
    read += closelook.read_again(grey, failed, [box for _, box in read], redraw)
    return tuple(
        Mark(kind=kind_of(text), payload=text, box=box)
        for text, box in read[:MOST_CODES]
        if text.strip() and len(text) <= MOST_PAYLOAD
    )


def kind_of(payload: str) -> MarkKind:
    """What a code on a page is, by the form of its payload."""
    text = payload.strip()
    if _EWB.fullmatch(text):
        return MarkKind.EWB_QR
    if (token := _JWT.fullmatch(text)) and _is_einvoice_claim(token[1]):
        return MarkKind.GST_QR
    return MarkKind.QR


def _is_einvoice_claim(segment: str) -> bool:
    """Whether a JWT's payload has `data` and `iss`, as the GST portal signs them."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return False
    return isinstance(claims, dict) and "data" in claims and "iss" in claims


def _content(attachment: pdfium.PdfAttachment, *, most: int) -> bytes:
    """The attached file, empty where it claims to be larger than `most` bytes."""
    size = ctypes.c_ulong()
    pdfium_c.FPDFAttachment_GetFile(attachment, None, 0, size)
    return bytes(attachment.get_data()) if 0 < size.value <= most else b""
