"""A crude model for the scripted server: it answers from the text of the pages that it is shown.

A page that says "invoice" is a bill. A field is what stands behind its name and a colon at the
beginning of a line. It knows what is asked of it by the schema of the answer alone."""

import re
from collections.abc import Mapping
from typing import Any

from tests.llm_server import spoken

_FENCED = re.compile(r"<<<page (\d+) (\w+)\n(.*?)\npage \1 \2>>>", re.DOTALL)
_OF_SEVERAL = re.compile(
    r"<<<document (\w+) page (\d+) (\w+)\n(.*?)\ndocument \1 page \2 \3>>>", re.DOTALL
)


def shown(body: Any) -> list[tuple[int, str]]:
    """The pages of a request: number and text."""
    return [(int(number), text) for number, _, text in _FENCED.findall(spoken(body))]


def schema_of(body: Any) -> Mapping[str, Any]:
    """The JSON Schema that the answer must hold to."""
    form = body["response_format"]["json_schema"]["schema"]
    return dict(form)


def is_sorting(body: Any) -> bool:
    return "You sort pages" in spoken(body)


def answer(body: Any) -> dict[str, Any]:
    return sorted_pages(body) if is_sorting(body) else read_fields(body)


def sorted_pages(body: Any) -> dict[str, Any]:
    return {
        "pages": [
            {
                "page": number,
                "type": "bill" if "invoice" in text.lower() else "unknown",
                "confidence": 0.9,
                "second": "unknown",
                "is_first": True,
            }
            for number, text in shown(body)
        ]
    }


def read_fields(body: Any) -> dict[str, Any]:
    asked = schema_of(body)["properties"]
    if (several := asked.get("documents")) is not None:
        fields = several["items"]["properties"]["values"]["properties"]
        return {
            "documents": [
                {"document": mark, "values": _values(fields, text)}
                for mark, text in documents(body).items()
            ]
        }
    return _values(asked, "\n".join(text for _, text in shown(body)))


def documents(body: Any) -> dict[str, str]:
    """The documents of a request for several: their text by their mark, in order."""
    texts: dict[str, str] = {}
    for mark, _, _, text in _OF_SEVERAL.findall(spoken(body)):
        texts[mark] = f"{texts.get(mark, '')}{text}\n"
    return texts


def _values(fields: Mapping[str, Any], text: str) -> dict[str, Any]:
    return {
        name: [] if spec["type"] == "array" else _behind(name, text)
        for name, spec in fields.items()
    }


def _behind(name: str, text: str) -> str | None:
    found = re.search(rf"^{name}: (.+)$", text, re.MULTILINE)
    return found[1] if found else None
