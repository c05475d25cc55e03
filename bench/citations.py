"""Whether what an answer cites stands on the page that it cites.

    python -m bench.citations --project SLUG [--questions FILE] [--most N] [--seed N] [--json]

The project's documents have been read (`manage.py ingest`). FILE holds a question a line as
{"text"}; without one, questions are made from the values that the documents have. Each is put to
the project twice: without a model, where the best passages are the answer, and with a server on
loopback that answers half of the time as it should, and else with a quote whose numbers it
changed, with words of another passage, or with words of its own.

A quote counts as right where its letters and digits stand on the page in their order, and each
of its numbers whole; this is looked up here, by other means than the product's. Of the values
that lists show, amounts and days are read anew from the text of the page that they point to.
The exit code is 1 where a quote or a value is cited that does not stand on its page."""

import argparse
import json
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.conf import settings as chosen  # noqa: E402

from config import database, settings  # noqa: E402
from documents import fields  # noqa: E402
from documents.models import Document, Page, Project  # noqa: E402
from ingestion.llm import answering  # noqa: E402
from ingestion.llm.base import About  # noqa: E402
from search import answers  # noqa: E402
from search.answers import Answered, Passage  # noqa: E402
from search.listing import table  # noqa: E402
from search.listing.filters import Filters  # noqa: E402
from search.queries import EVERYONE  # noqa: E402
from tests import llm_server  # noqa: E402

_NUMBER = re.compile(r"\d(?:[\d.,]*\d)?")
_FENCED = re.compile(r"<<<passage (\d+) \w+\n(.*?)\npassage", re.S)
_QUOTE_WORDS = 9
_WAYS = ("true", "true", "true", "number", "passage", "words")


class _Worker:
    """The `call` of a step: no engine is asked here."""

    def __call__(self, engine: str, method: str, **arguments: Any) -> Any:
        raise AssertionError(engine)

    def tick(self) -> None:
        return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--project", required=True)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--most", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if settings.EMBEDDED_DATABASE:
        database.start(settings.VAR)
    project, rng = Project.objects.get(slug=asked.project), random.Random(asked.seed)
    if asked.questions:
        lines = asked.questions.read_text(encoding="utf-8").splitlines()
        questions = [json.loads(line)["text"] for line in lines]
    else:
        questions = _made(project, rng)
    counts = _measured(project, questions[: asked.most], rng)
    counts |= _values(project)
    _tell(counts, is_json=asked.json)


def _made(project: Project, rng: random.Random) -> list[str]:
    """Questions whose answer is a value of some document."""
    made = []
    for one in Document.objects.filter(project=project).order_by("pk"):
        number, supplier = one.payload.get("document_number"), one.payload.get("supplier_name")
        if number and supplier:
            asked = ("total amount", "date", "supplier", "tax amount", "due date")
            made.append(f"What is the {rng.choice(asked)} of bill {number} of {supplier}?")
    return made


def _measured(project: Project, questions: Sequence[str], rng: random.Random) -> Counter[str]:
    """Citations without a model, and with one; how many of them are right."""
    counts: Counter[str] = Counter(questions=len(questions))
    with llm_server.running() as server:
        chosen.OPENAI_BASE_URL, chosen.OPENAI_API_KEY, chosen.HAS_MODEL = server.url, "x", True
        chosen.MODEL = llm_server.MODEL
        server.script(lambda body: _said(llm_server.spoken(body), rng, counts))
        for question in questions:
            found = answers.passages(project, question, vector=None)
            _count(counts, "without", answers.best(found))
            if found:
                about = About(project_id=project.pk)
                _count(counts, "with", answering.answer(question, found, about, _Worker()))
    return counts


def _count(counts: Counter[str], kind: str, told: Answered) -> None:
    counts[f"{kind}_answered"] += told.is_found
    for one in told.citations:
        counts[f"{kind}_cited"] += 1
        counts[f"{kind}_right"] += _stands(one)


def _stands(one: Passage) -> bool:
    """Whether the page prints what is cited."""
    text = Page.objects.values_list("text", flat=True).get(
        upload__documents=one.document, number=one.page
    )
    quoted, there = (Counter(_NUMBER.findall(t)) for t in (one.text, text))
    return _letters(one.text) in _letters(text) and not quoted - there


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


# -- the server ------------------------------------------------------------------------------


def _said(prompt: str, rng: random.Random, counts: Counter[str]) -> llm_server.Reply:
    """An answer that quotes a passage of the prompt, in one of _WAYS."""
    passages = [(int(n), text.split()) for n, text in _FENCED.findall(prompt)]
    n, words = rng.choice(passages)
    start = rng.randrange(max(1, len(words) - _QUOTE_WORDS))
    quote = " ".join(words[start : start + _QUOTE_WORDS])
    way = rng.choice(_WAYS)
    if way == "number":
        quote = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), quote)
        way = way if any(map(str.isdigit, quote)) else "true"
    elif way == "passage":
        n = max(number for number, _ in passages) + 1
    elif way == "words":
        quote = "the parties agreed on other terms by word of mouth"
    counts[f"said_{'truly' if way == 'true' else 'falsely'}"] += 1
    citation = {"passage": n, "quote": quote}
    return llm_server.says({"found": True, "answer": "See there.", "citations": [citation]})


# -- the values that lists show --------------------------------------------------------------


def _values(project: Project) -> Counter[str]:
    """Values of the columns of lists that point to a page, and how many that page prints."""
    counts: Counter[str] = Counter()
    found = table.found_by(EVERYONE, project, Filters()).select_related("type", "upload")
    for document in found:
        values: dict[str, tuple[Any, Callable[[Any, str], bool]]] = {
            "supplier": (document.supplier, _has_letters),
            "number": (document.number, _has_letters),
            "day": (document.day, _has_day),
            "total": (document.total, _has_amount),
        }
        places = table.row_of(document).places
        for name, (value, is_on) in values.items():
            if name in places and value is not None:
                page = Page.objects.get(upload=document.upload_id, number=places[name].page)
                counts["values_cited"] += 1
                counts["values_right"] += is_on(value, page.text)
    return counts


def _has_letters(value: str, text: str) -> bool:
    return _letters(value) in _letters(text)


def _has_day(value: str, text: str) -> bool:
    return any(value in (one.value, one.other) for one in fields.find_dates(text))


def _has_amount(value: Any, text: str) -> bool:
    """Whether some number on the page is that amount, by the comma or by the point."""
    return any(
        fields.normalise_amount(one.value) == value
        for comma in (None, True, False)
        for one in fields.find_amounts(text, decimal_comma=comma)
    )


def _tell(counts: Counter[str], *, is_json: bool) -> None:
    shares = {
        kind: counts[f"{kind}_right"] / cited
        for kind in ("without", "with", "values")
        if (cited := counts[f"{kind}_cited"])
    }
    if is_json:
        print(json.dumps({"counts": counts, "shares": shares}))
    else:
        for kind, share in shares.items():
            print(
                f"{kind:8} {counts[f'{kind}_right']:5} of {counts[f'{kind}_cited']:5}  {share:.3f}"
            )
        print(json.dumps(counts))
    if any(share < 1 for share in shares.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
