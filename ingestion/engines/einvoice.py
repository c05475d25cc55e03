"""Which XML is an electronic invoice, told by its first element alone, and its characters.

A leaf, so that the door can ask without loading a parser: nothing is parsed here.
"""

import re

# UN/CEFACT CII D16B and ZUGFeRD 1; OASIS UBL 2. "Invoice" alone is the root of many others.
_ROOT = re.compile(
    r"<(?:[\w.-]{1,40}:)?(?P<name>CrossIndustryInvoice|CrossIndustryDocument|Invoice|CreditNote)"
    r"(?P<attributes>\s[^<>]{0,8000})?/?>"
)
_FORE = re.compile(r"\s*(?:<\?[^<>]{0,2000}\?>\s*|<!--.{0,8000}?-->\s*)*", re.DOTALL)
_UBL = "urn:oasis:names:specification:ubl:"


def is_einvoice(text: str) -> bool:
    """Whether `text`, or the beginning of a longer one, is CII or UBL: by its root element,
    behind the declaration, instructions and comments. A document type makes it none."""
    fore = _FORE.match(text.lstrip("\ufeff"))
    root = _ROOT.match(text.lstrip("\ufeff"), fore.end() if fore else 0)
    if root is None:
        return False
    return root["name"].startswith("Cross") or _UBL in (root["attributes"] or "")


_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}encoding=["']([\w-]{1,40})["']""")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# What else Python calls an encoding takes quadratic time, refuses to replace, or makes halves of
# characters that no database keeps (punycode, idna, utf-7).
_KNOWN = re.compile(
    r"utf[-_]?(?:8|16|32)(?:[-_]?[bl]e)?|iso[-_]?8859[-_]\d{1,2}|latin[-_]?\d|windows[-_]125\d"
    r"|cp125\d|(?:us[-_])?ascii",
    re.IGNORECASE,
)


def decoded(content: bytes) -> str:
    """`content` as text if it looks like XML, else ""; encodings by mark, by declaration, else
    UTF-8 (XML 1.0, appendix F). Without NUL, which XML forbids and the database refuses."""
    declared = _DECLARED.match(content)
    named = declared[1].decode() if declared else ""
    named = named if _KNOWN.fullmatch(named) else "utf-8"
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), named)
    try:
        text = content.decode(encoding, errors="replace")
    except LookupError:
        text = content.decode("utf-8", errors="replace")
    is_xml = text.lstrip("\ufeff \t\r\n").startswith("<")
    return text.replace("\x00", "") if is_xml else ""
