"""Prompts in the admin: versions, comparison, one click that asks."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from documents import files
from documents.differences import compared
from documents.language import LlmCall, Prompt
from documents.models import AuditEvent, Document, Project, Role
from documents.schemas import shipped_schema
from ingestion.llm import trying
from ingestion.llm.shape import shape_of
from tests import factories
from tests import llm_server as servers
from tests.llm_server import LlmServer

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
LIST = "/admin/documents/prompt/"
TEMPLATE = "Read the $type.\n$fields\n$pages"


def shipped(purpose: str = "extract") -> Prompt:
    return Prompt.objects.get(purpose=purpose, project=None, is_active=True)


def address(prompt: Prompt, page: str = "change") -> str:
    return f"{LIST}{prompt.pk}/{page}/"


def said(**values: Any) -> dict[str, Any]:
    """A form as it is posted."""
    return {
        "template": TEMPLATE,
        "model": "",
        "temperature": "0",
        "max_input_tokens": "12000",
        "max_output_tokens": "4000",
        "json_mode": "auto",
        "examples": "0",
    } | values


def permitted(project: Project, role: Role = Role.OPERATOR) -> Client:
    user = factories.user(role, project, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_prompt"))
    client = Client()
    client.force_login(user)
    return client


def test_saving_makes_a_new_version_and_leaves_the_old_one(admin_client: Client) -> None:
    first = shipped()
    before = first.template
    admin_client.post(address(first), said(model="tiny-1"))
    second = Prompt.objects.get(purpose="extract", number=2)
    assert (second.template, second.model, second.is_active) == (TEMPLATE, "tiny-1", False)
    first.refresh_from_db()
    assert (first.template, first.is_active) == (before, True)
    admin_client.post(address(second), said(activate="on"))
    assert shipped().number == 3


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("$type $fields", "It lacks $pages."),
        ("$type $fields $pages $secret", "There is no $secret here"),
        ("$type $fields $pages 5 $ off", "Write $$ for a dollar sign"),
    ],
)
def test_a_template_with_wrong_places_is_refused_beside_its_field(
    admin_client: Client, template: str, told: str
) -> None:
    page = admin_client.post(address(shipped()), said(template=template))
    assert told in str(page.context["form"].errors["template"])
    assert told in page.text
    assert template in page.text
    assert Prompt.objects.filter(purpose="extract").count() == 1


def test_line_breaks_of_browsers_make_no_difference(admin_client: Client) -> None:
    admin_client.post(address(shipped()), said(template=TEMPLATE.replace("\n", "\r\n")))
    assert Prompt.objects.get(purpose="extract", number=2).template == TEMPLATE


def test_an_older_version_is_activated_by_one_click_that_asks(admin_client: Client) -> None:
    first = shipped()
    admin_client.post(address(first), said(activate="on"))
    asked = admin_client.get(address(first, "activate")).text
    assert "Use version 1?" in asked
    assert shipped().number == 2
    admin_client.post(address(first, "activate"))
    assert shipped().number == 1
    again = admin_client.post(address(first, "activate"), follow=True)
    assert "active already" in again.text
    assert AuditEvent.objects.filter(verb="prompt.activated").count() == 2


def test_two_versions_are_compared_line_by_line(admin_client: Client) -> None:
    admin_client.post(address(shipped()), said(model="tiny-1"))
    second = Prompt.objects.get(purpose="extract", number=2)
    admin_client.post(address(second), said(template=TEMPLATE.replace("Read", "Copy")))
    third = Prompt.objects.get(purpose="extract", number=3)
    lines = admin_client.get(address(third, "diff")).context["lines"]
    assert [(line.sign, line.text) for line in lines if line.sign in "+-"] == [
        ("-", "model: tiny-1"),
        ("+", "model: –"),
        ("-", "Read the $type."),
        ("+", "Copy the $type."),
    ]
    with_first = admin_client.get(address(third, "diff"), {"with": shipped().pk}).text
    assert "From version 1 to version 3" in with_first
    assert '<span class="hidden"> gone: </span>' in with_first


def test_a_comparison_says_how_many_lines_it_leaves_out() -> None:
    old = "\n".join(str(number) for number in range(20))
    told = [(line.sign, line.text) for line in compared(old, old.replace("10\n", "ten\n"))]
    assert told[0] == ("…", "7 lines the same")
    assert ("-", "10") in told
    assert ("+", "ten") in told
    assert told[-1] == ("…", "6 lines the same")
    assert compared(old, old) == []


def test_a_project_gets_a_prompt_of_its_own_and_goes_back(project: Project) -> None:
    client = permitted(project)
    page = client.get(f"{LIST}add/", {"purpose": "extract", "project": str(project.pk)})
    assert shipped().template.splitlines()[0] in page.text
    add = f"{LIST}add/?purpose=extract&project={project.pk}"
    client.post(add, said(activate="on"))
    own = Prompt.objects.get(project=project)
    assert (own.number, own.is_active) == (1, True)
    client.post(address(own, "rest"))
    own.refresh_from_db()
    assert not own.is_active


def test_staff_without_the_permission_look_and_change_nothing(
    operator: Client, project: Project
) -> None:
    prompt = shipped()
    page = operator.get(address(prompt)).text
    assert "Save as a new version" not in page
    assert prompt.template.splitlines()[0] in page
    assert operator.post(address(prompt), said()).status_code == 403
    assert operator.get(address(prompt, "activate")).status_code == 403
    assert operator.get(f"{LIST}add/").status_code == 403
    assert Prompt.objects.filter(purpose="extract").count() == 1


def test_prompts_of_other_projects_are_not_seen_nor_made(project: Project) -> None:
    other = factories.project(name="Secret")
    hidden = Prompt.objects.create(purpose="extract", project=other, number=1, template=TEMPLATE)
    client = permitted(project)
    listed = client.get(LIST).text
    assert "Secret" not in listed
    assert "extract v1" in listed
    for page in ("change", "diff", "activate"):
        assert client.get(address(hidden, page)).status_code == 404
    client.post(f"{LIST}add/?purpose=extract&project={other.pk}", said())
    assert Prompt.objects.filter(project=other).count() == 1


def test_an_operator_with_the_permission_changes_nothing_for_other_projects(
    project: Project,
) -> None:
    client, prompt = permitted(project), shipped()
    assert client.post(address(prompt), said(activate="on")).status_code == 403
    assert client.post(address(prompt, "activate")).status_code == 403
    client.post(f"{LIST}add/?purpose=extract", said(activate="on"))
    page = client.get(f"{LIST}add/", {"purpose": "extract"})
    assert page.context["form"].errors["project"]
    assert "To change the one of all" not in page.text
    assert list(Prompt.objects.filter(purpose="extract")) == [prompt]
    assert "Save as a new version" not in client.get(address(prompt)).text


def test_a_viewer_with_the_permission_changes_no_prompt_of_the_project(project: Project) -> None:
    own = Prompt.objects.create(purpose="extract", project=project, number=1, template=TEMPLATE)
    client = permitted(project, Role.VIEWER)
    assert client.post(address(own), said()).status_code == 403
    assert client.get(address(own)).status_code == 200


# -- try it on this page --------------------------------------------------------------------------


def bill(project: Project) -> Document:
    document = factories.document(factories.upload(project), payload={})
    text = "TAX INVOICE\nInvoice No: INV-77\nTotal: 118.00"
    factories.page(document.upload, text=text, document=document, position=1, text_source="layer")
    return document


def tries(client: Client, prompt: Prompt, document: Document | str, **values: Any) -> Any:
    pk = document if isinstance(document, str) else str(document.pk)
    return client.post(address(prompt, "try"), said(**values) | {"try-pk": pk})


def answer(**values: Any) -> servers.Reply:
    """A whole answer for a bill: every field, most of them null."""
    shape = shape_of("bill", shipped_schema("bill"))
    nothing: dict[str, Any] = {field.name: None for field in shape.fields}
    return servers.says(nothing | {rows.name: [] for rows in shape.lists} | values)


def test_a_prompt_is_tried_on_a_document_without_saving_anything(
    admin_client: Client, llm_server: LlmServer, project: Project
) -> None:
    document = bill(project)
    llm_server.answers(answer(document_number="INV-77", supplier_name="Nowhere Trading Company"))
    page = tries(admin_client, shipped(), document, template="Only tried: $type $fields $pages")
    tried = page.context["tried"]
    assert {value.title: (value.value, value.page) for value in tried.values} == {
        "Document number": ("INV-77", 1),
        "Supplier": ("Nowhere Trading Company", 0),
    }
    assert "Only tried: Bill" in tried.asked
    assert "INV-77" in tried.answer
    assert "The answer is valid: 2 values" in page.text
    assert "no page" in page.text
    assert "Only tried: $type $fields $pages" in page.text
    document.refresh_from_db()
    assert (document.payload, document.version) == ({}, 1)
    assert Prompt.objects.filter(purpose="extract").count() == 1
    assert LlmCall.objects.get().prompt is None


def test_an_answer_that_is_no_good_is_told(
    admin_client: Client, llm_server: LlmServer, project: Project
) -> None:
    document = bill(project)
    llm_server.answers(servers.refuses())
    page = tries(admin_client, shipped(), document)
    assert page.context["tried"].code == "model_refused"
    assert "<code>model_refused</code>" in page.text


def test_a_trial_ends_after_its_time(
    admin_client: Client,
    llm_server: LlmServer,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trying, "LIMIT_S", 1)
    llm_server.answers(servers.hangs())
    page = tries(admin_client, shipped(), bill(project))
    assert page.context["tried"].code == "model_slow"
    assert page.context["tried"].seconds < 5


@pytest.mark.usefixtures("llm_server")
@pytest.mark.parametrize(
    ("limit_s", "told"), [(-1, "There was no answer within"), (20, "cannot be read")]
)
def test_pictures_that_take_too_long_or_are_broken_are_told(
    admin_client: Client,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    limit_s: int,
    told: str,
) -> None:
    monkeypatch.setattr(trying, "LIMIT_S", limit_s)
    document = bill(project)
    document.pages.update(width_px=100, height_px=100)
    files.store_page(document.upload_id, 1, b"no picture")
    page = tries(admin_client, shipped(), document, sees_images="on")
    assert told in page.text
    assert "tried" not in page.context


@pytest.mark.usefixtures("llm_server")
def test_only_documents_of_projects_that_one_operates_are_tried(project: Project) -> None:
    hidden = bill(factories.project(name="Secret"))
    client = permitted(project)
    own = Prompt.objects.create(purpose="extract", project=project, number=1, template=TEMPLATE)
    page = tries(client, own, hidden)
    assert "no such document" in page.text
    assert "tried" not in page.context
    assert str(hidden.pk) not in client.get(address(own)).text
    assert "Choose a document." in tries(client, own, "").text


def test_types_of_pages_are_tried_too(
    admin_client: Client, llm_server: LlmServer, project: Project
) -> None:
    entry = {"page": 1, "type": "bill", "confidence": 0.9, "second": "unknown", "is_first": True}
    llm_server.answers(servers.says({"pages": [entry]}))
    prompt = shipped("classify")
    page = tries(admin_client, prompt, bill(project), template="$types $pages")
    assert [value.value for value in page.context["tried"].values] == ["bill"]


def test_without_a_model_nothing_is_tried(admin_client: Client, project: Project) -> None:
    assert "nothing can be tried" in admin_client.get(address(shipped())).text
    page = tries(admin_client, shipped(), bill(project))
    assert "tried" not in page.context
