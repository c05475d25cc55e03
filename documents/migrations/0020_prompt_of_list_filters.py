"""A purpose of its own for questions that become filters, with the prompt that Docket ships."""

from typing import Any

from django.db import migrations, models

FILTER = """\
A person asks for stored documents, such as bills. Turn the question into filters.
Today is $today.

The question: $question

The filters that there are, and no others:
$filters

- Give null, or an empty list, for every filter that the question does not ask for. Never guess.
- Copy names and numbers as the question writes them.
- Write amounts as plain decimal numbers, without separators or signs: a lakh is 100000, a crore 10000000.
- Write days as YYYY-MM-DD. A month, a quarter or a year is a period from its first to its last day; the year of accounts in India begins on 1 April.
- Copy the words of the question that no filter can express into left_out.
"""
BEFORE = [
    ("classify", "say what a page is"),
    ("extract", "read the fields of a document"),
    ("answer", "answer a question"),
]
PURPOSES = [*BEFORE, ("filter", "turn a question into filters")]
CONSTRAINTS = {"llmcall": "llm_call_purpose_known", "prompt": "prompt_purpose_known"}


def create(apps: Any, schema_editor: Any) -> None:
    apps.get_model("documents", "Prompt").objects.create(
        purpose="filter", number=1, template=FILTER, is_active=True
    )


def remove(apps: Any, schema_editor: Any) -> None:
    """With its versions and calls, which the constraints of before do not know."""
    for name in ("LlmCall", "ModelTotal", "Prompt"):
        apps.get_model("documents", name).objects.filter(purpose="filter").delete()


def _purpose(model: str) -> migrations.AlterField:
    return migrations.AlterField(
        model, "purpose", models.CharField(choices=PURPOSES, max_length=10)
    )


def _constraint(model: str, name: str) -> migrations.AddConstraint:
    known = [purpose for purpose, _ in PURPOSES]
    condition = models.Q(purpose__in=known)
    return migrations.AddConstraint(model, models.CheckConstraint(condition=condition, name=name))


class Migration(migrations.Migration):
    dependencies = [("documents", "0019_calls_with_one_request")]
    operations = [
        *[migrations.RemoveConstraint(model, name) for model, name in CONSTRAINTS.items()],
        *[_purpose(model) for model in ("llmcall", "modeltotal", "prompt")],
        *[_constraint(model, name) for model, name in CONSTRAINTS.items()],
        migrations.RunPython(create, remove),
    ]
