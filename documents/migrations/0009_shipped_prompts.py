"""The prompts that Docket ships: version 1 of each purpose, active in every project."""

from typing import Any

from django.db import migrations

CLASSIFY = """\
You sort pages of scanned papers. Say of each page below what kind of paper it is.

The kinds, by their slug:
$types

For each page, in the order given and by its number:
- the slug of the one kind that the page is, or "unknown" where none clearly fits. What counts is what the page is, not what it mentions: a letter about an invoice is no invoice.
- how sure you are, from 0 to 1: 1 is beyond doubt, 0.5 is a coin toss.
- the slug that comes second, or "unknown".
- whether it is the first page of its document. A page that goes on with the paper of the page before, with the same number, the same table or "page 2 of 3", is not.

Judge each page by its own text. Scans are misread in places: letters may be wrong or missing.

$pages
"""

EXTRACT = """\
You read values from the pages of one document. It is a $type.

The fields:
$fields

- Copy each value as it is printed, letter by letter: dates, amounts and numbers in the form that the page gives them, with their separators and signs. Do not convert, translate, complete, round or correct anything.
- Give null for a field that the pages do not print. Never guess, never compute, never take a value from an example or from what you know of the world.
- Where a value is printed more than once, give the one beside its label. Where two different values could be meant, give the one that the hint of the field describes, else null.
- A list has one entry for each row of its table, in the order of the page: no headings, no subtotals, no totals.
$examples
$pages
"""

ANSWER = """\
Answer the question from the passages below and from nothing else.

The question: $question

- Use only what the passages say, not what you know of the world. Copy names, numbers, dates and amounts as they are printed.
- Cite the number of every passage that the answer rests on, and no other.
- If the passages do not answer the question, say that it was not found, and cite nothing. Half an answer is one: say what is missing.
- Be brief: a sentence or two, or a short list.

$passages
"""

SHIPPED = {"classify": CLASSIFY, "extract": EXTRACT, "answer": ANSWER}


def create(apps: Any, schema_editor: Any) -> None:
    for purpose, template in SHIPPED.items():
        apps.get_model("documents", "Prompt").objects.create(
            purpose=purpose, number=1, template=template, is_active=True
        )


def remove(apps: Any, schema_editor: Any) -> None:
    shipped = apps.get_model("documents", "Prompt").objects
    shipped.filter(project=None, number=1, purpose__in=SHIPPED).delete()


class Migration(migrations.Migration):
    dependencies = [("documents", "0008_prompts_and_calls")]
    operations = [migrations.RunPython(create, remove)]
