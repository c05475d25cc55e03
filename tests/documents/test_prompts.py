"""Prompts: versions that never change, one active at a time, read through a short cache."""

import time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from documents import prompts
from documents.errors import Conflict
from documents.language import Prompt, Purpose
from documents.models import AuditEvent, Project
from tests import factories

pytestmark = pytest.mark.django_db
TEMPLATE = "Read $type: $fields from $pages. $examples"


def version(project: Project | None = None, *, activate: bool = True, **fields: Any) -> Prompt:
    told = {"template": TEMPLATE} | fields
    return prompts.create_version(Purpose.EXTRACT, project, told, None, activate=activate)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_shipped_prompt_is_active_for_each_purpose(purpose: Purpose) -> None:
    prompt = prompts.active(purpose, factories.project().pk)
    assert (prompt.number, prompt.project_id) == (1, None)
    prompts.check_template(purpose, prompt.template)


def test_the_prompt_of_a_project_goes_before_that_of_all_projects() -> None:
    own, other = factories.project(), factories.project()
    made = version(own)
    assert prompts.active(Purpose.EXTRACT, own.pk) == made
    assert prompts.active(Purpose.EXTRACT, other.pk).project_id is None
    prompts.rest(made, None)
    assert prompts.active(Purpose.EXTRACT, own.pk).project_id is None


def test_a_new_version_of_all_projects_takes_the_place_of_the_shipped_one() -> None:
    user = factories.user()
    made = prompts.create_version(
        Purpose.EXTRACT, None, {"template": TEMPLATE}, user, activate=True
    )
    assert made.number == 2
    assert Prompt.objects.get(purpose=Purpose.EXTRACT, is_active=True) == made
    first = Prompt.objects.get(purpose=Purpose.EXTRACT, number=1)
    prompts.activate(first, user)
    assert prompts.active(Purpose.EXTRACT, factories.project().pk) == first
    told = AuditEvent.objects.filter(actor=user).order_by("pk").values_list("verb", flat=True)
    assert list(told) == ["prompt.created", "prompt.activated", "prompt.activated"]


def test_versions_of_each_project_count_from_one() -> None:
    project = factories.project()
    assert [version(project, activate=False).number for _ in range(2)] == [1, 2]
    assert version(factories.project()).number == 1


def test_what_is_active_cannot_be_activated_nor_what_rests_be_rested() -> None:
    made = version(factories.project())
    with pytest.raises(Conflict, match="active already"):
        prompts.activate(made, None)
    prompts.rest(made, None)
    with pytest.raises(Conflict, match="not active"):
        prompts.rest(made, None)


def test_no_purpose_is_left_without_a_prompt() -> None:
    with pytest.raises(Conflict) as refused:
        prompts.rest(Prompt.objects.get(purpose=Purpose.ANSWER), None)
    assert refused.value.code == "prompt_needed"


def test_known_prompts_cost_no_query_and_another_process_is_noticed_in_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = factories.project()
    shipped = prompts.active(Purpose.EXTRACT, project.pk)
    with CaptureQueriesContext(connection) as asked:
        assert prompts.active(Purpose.EXTRACT, project.pk) is shipped
    assert len(asked) == 0
    # As another process would: this one is not told.
    made = Prompt.objects.create(
        purpose=Purpose.EXTRACT, project=project, number=1, template=TEMPLATE, is_active=True
    )
    assert prompts.active(Purpose.EXTRACT, project.pk) == shipped
    later = time.monotonic() + prompts.FRESH_S + 0.1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    with CaptureQueriesContext(connection) as asked:
        assert prompts.active(Purpose.EXTRACT, project.pk) == made
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("$type $fields", "prompt_place_missing"),
        (TEMPLATE + " $question", "prompt_place_unknown"),
        (TEMPLATE + " 5 $ each", "prompt_dollar"),
    ],
)
def test_a_template_with_wrong_places_is_refused(template: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        version(template=template)
    assert refused.value.code == code
    assert Prompt.objects.filter(purpose=Purpose.EXTRACT).count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 3},
        {"json_mode": "yaml"},
        {"max_output_tokens": 1},
        {"max_output_tokens": 200_001},
        {"max_input_tokens": 200_001},
        {"is_active": 1},
    ],
)
def test_values_out_of_range_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        version(**fields)


def test_what_is_filled_in_is_not_searched_for_places() -> None:
    prompt = Prompt(template="$$5 $type $fields $pages$examples")
    said = prompts.render(prompt, type="bill", fields="$pages", pages="$type costs $9")
    assert said == "$5 bill $pages $type costs $9"


def test_the_database_refuses_two_active_versions() -> None:
    with pytest.raises(IntegrityError, match="prompt_one_active"):
        Prompt.objects.create(purpose="extract", number=9, template="", is_active=True)
