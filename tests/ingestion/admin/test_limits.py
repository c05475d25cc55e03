"""What an operator sets for a project: its limits and its members."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from documents.language import Prompt
from documents.models import AuditEvent, Membership, Project, Role
from ingestion.models import (
    Limits,
)
from tests import factories
from tests.ingestion.admin.ground import staff
from tests.ingestion.admin.test_language import call

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]


def test_operators_limit_their_own_projects_only(operator: Client, project: Project) -> None:
    other = factories.project(name="Hidden")
    Limits.objects.create(project=other, steps_at_once=1)
    assert "Hidden" not in operator.get("/admin/ingestion/limits/").text
    assert "Hidden" not in operator.get("/admin/ingestion/limits/add/").text
    form = {"project": project.pk, "steps_at_once": "2", "ocr": "90"}
    operator.post("/admin/ingestion/limits/add/", form)
    assert "Read: 90 s" in operator.get("/admin/ingestion/limits/").text
    made = Limits.objects.get(project=project)
    assert (made.steps_at_once, made.step_limit_s) == (2, {"ocr": 90})
    operator.post("/admin/ingestion/limits/add/", form | {"project": other.pk})
    assert Limits.objects.get(project=other).steps_at_once == 1
    path = f"/admin/ingestion/limits/{other.pk}/change/"
    assert operator.post(path, {"steps_at_once": "9"}).status_code == 302
    assert Limits.objects.get(project=other).steps_at_once == 1
    assert AuditEvent.objects.filter(verb="limits.changed", project=project).count() == 1


def test_a_viewer_sets_no_limits(project: Project) -> None:
    viewer = staff(Role.VIEWER, project)
    assert viewer.get("/admin/ingestion/limits/add/").status_code == 403


@pytest.mark.parametrize("seconds", ["0", "241", "-5", "fast"])
def test_a_limit_of_a_step_must_end_before_its_task(
    operator: Client, project: Project, seconds: str
) -> None:
    form = {"project": project.pk, "ocr": seconds}
    answer = operator.post("/admin/ingestion/limits/add/", form)
    assert answer.status_code == 200
    assert not Limits.objects.exists()


def test_raising_a_cap_wakes_workers(operator: Client, project: Project) -> None:
    from django_q.models import OrmQ

    factories.job(in_project=project)
    Limits.objects.create(project=project, steps_at_once=0, step_limit_s={"ocr": 30})
    OrmQ.objects.all().delete()
    path = f"/admin/ingestion/limits/{project.pk}/change/"
    assert 'value="30"' in operator.get(path).text
    operator.post(path, {"steps_at_once": "3", "ocr": ""})
    row = Limits.objects.get(project=project)
    assert (row.steps_at_once, row.step_limit_s) == (3, {})
    assert OrmQ.objects.exists()


def test_operators_are_offered_the_people_of_their_own_projects_only(
    admin_client: Client, operator: Client, project: Project
) -> None:
    colleague = factories.user(Role.VIEWER, project)
    stranger = factories.user(Role.VIEWER, factories.project())
    path = f"/admin/documents/project/{project.pk}/change/"
    page = operator.get(path).text
    assert f">{colleague}</option>" in page
    assert f">{stranger}</option>" not in page
    search = "/admin/autocomplete/?app_label=documents&model_name=membership&field_name=user"
    assert operator.get(f"{search}&term={stranger}").status_code == 403
    [offered] = admin_client.get(f"{search}&term={stranger}").json()["results"]
    assert offered["text"] == str(stranger)
    form = {
        "name": "x",
        "slug": project.slug,
        "grouping": "grouped",
        "review_threshold": "0.5",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-user": stranger.pk,
        "memberships-0-role": "viewer",
    }
    operator.post(path, form)
    assert not Membership.objects.filter(project=project, user=stranger).exists()


def test_a_budget_of_language_models_is_set_beside_what_is_spent_today(
    operator: Client, project: Project
) -> None:
    form = {"project": project.pk, "model_tokens_a_day": "5000", "model_cents_a_day": "120"}
    operator.post("/admin/ingestion/limits/add/", form)
    made = Limits.objects.get(project=project)
    assert (made.model_tokens_a_day, made.model_cents_a_day) == (5000, 120)
    assert "5,000 tokens, $1.20" in operator.get("/admin/ingestion/limits/").text
    call(project)
    page = operator.get(f"/admin/ingestion/limits/{project.pk}/change/").text
    assert "Today: 120 tokens." in page
    assert "Today: 2 ¢." in page


def test_a_budget_in_cents_names_the_models_that_it_keeps_from_being_asked(
    operator: Client, project: Project, settings: Settings
) -> None:
    settings.HAS_MODEL, settings.MODEL = True, "tiny-1"
    Limits.objects.create(project=project, model_cents_a_day=50)
    missing = "tiny-1 has no price"
    address = f"/admin/ingestion/limits/{project.pk}/change/"
    assert missing in operator.get(address).text
    assert missing in operator.get("/admin/language").text
    assert missing in operator.get(prompt_page()).text
    settings.MODEL_PRICES = ["tiny-1=0/0"]
    assert missing not in operator.get(address).text
    assert missing not in operator.get(prompt_page()).text
    settings.MODEL_PRICES = []
    Limits.objects.update(model_cents_a_day=0, model_tokens_a_day=5)
    assert missing not in operator.get(address).text


def prompt_page() -> str:
    shipped = Prompt.objects.get(purpose="extract", project=None)
    return f"/admin/documents/prompt/{shipped.pk}/change/"
