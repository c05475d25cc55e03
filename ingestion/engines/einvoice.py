"""Which XML is an electronic invoice, told by its first element alone.

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
