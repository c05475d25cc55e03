"""Text files as pages: decoding, HTML to plain text, cutting at paragraphs.

Pages hold at most 3,000 characters. Markdown is kept as it is written.
"""

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from config.engines import EngineError

PAGE_CHARACTERS = 3000

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_INVISIBLE = "script,style,noscript,template,head,svg,iframe,object,textarea[hidden]"
_BLOCKS = (
    "address,article,aside,blockquote,dd,details,div,dl,dt,fieldset,figcaption,figure,footer,"
    "form,h1,h2,h3,h4,h5,h6,header,hr,li,main,nav,ol,p,pre,section,table,ul"
)


def title(path: str, media_type: str) -> str:
    """The title of HTML, "" of other texts."""
    return _title(_decoded(path)) if media_type == "text/html" else ""


def pages(path: str, media_type: str) -> list[str]:
    """The text of every page, none of them empty. The last file's pages are kept, since a
    file is asked for page after page."""
    found = os.stat(path)
    return _pages(path, media_type, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1)
def _pages(path: str, media_type: str, changed_ns: int, size_bytes: int) -> list[str]:
    text = _decoded(path)
    if media_type == "text/html":
        text = plain_text(text)
    return cut(text)


def plain_text(html: str) -> str:
    """What a reader of the HTML sees: no scripts or styles, a line a block, cells tabbed."""
    tree = LexborHTMLParser(html)
    tree.strip_tags(_INVISIBLE.split(","))
    for node in tree.css("br"):
        node.replace_with("\n")
    for node in tree.css("td,th"):
        node.insert_after("\t")
    for node in tree.css("tr"):
        node.insert_after("\n")
    for node in tree.css(_BLOCKS):
        node.insert_before("\n\n")
        node.insert_after("\n\n")
    text = tree.body.text(separator="") if tree.body else ""
    text = re.sub(r"[^\S\n\t]+", " ", text)
    lines = (line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def cut(text: str, most: int = PAGE_CHARACTERS) -> list[str]:
    """`text` in pages of at most `most` characters, cut at paragraphs where that is possible,
    else at lines, else at spaces, else anywhere."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    result: list[str] = []
    page = ""
    for part in _parts(text, most):
        if page and len(page) + len(part) > most:
            result.append(page)
            page = ""
        page += part
    result.append(page)
    return [page.strip("\n") for page in result if page.strip()]


def _parts(text: str, most: int) -> Iterator[str]:
    """Paragraphs with the blank lines after them, each short enough for a page."""
    for paragraph in re.findall(r".+?(?:\n\s*\n|\Z)", text, re.DOTALL):
        start = 0
        while len(paragraph) - start > most:
            head = paragraph[start : start + most]
            end = max(head.rfind("\n"), 0) or max(head.rfind(" "), 0) or most - 1
            yield head[: end + 1]
            start += end + 1
        yield paragraph[start:]


def _decoded(path: str) -> str:
    """The file as text: byte order marks, else UTF-8, else Windows-1252 (what the WHATWG
    encoding standard takes for unlabelled Western text)."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise EngineError("The file cannot be read. Send it again.", "file_damaged") from error
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace").lstrip("\ufeff")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _title(html: str) -> str:
    node = LexborHTMLParser(html).css_first("title")
    return " ".join(node.text().split())[:500] if node else ""
