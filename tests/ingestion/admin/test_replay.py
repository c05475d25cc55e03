"""Replays in the admin: from the list of documents to values that are adopted."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from documents.models import Document, DocumentType, Project, Role
from ingestion import replay
from ingestion.models import Job, JobStatus
from ingestion.replay_models import Replay
from tests import factories
from tests.ingestion.admin.ground import staff

pytestmark = [
    pytest.mark.django_db,
    # Static files are collected for production only.
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
Drain = Callable[[Job], Job]
HOME = "/admin/ingestion/replay/"


def read(drain: Drain, project: Project, count: int = 2) -> list[Document]:
    """Bills of which the replay will read another currency than they hold."""
    for number in range(count):
        text = f"bill document_number=N{number} currency=INR supplier_name=S{number}"
        drain(factories.job(text, in_project=project))
    found = list(Document.objects.filter(project=project).order_by("created_at"))
    for document in found:
        document.payload["currency"] = "<b>EUR</b>"
        document.save()
    return found


def replayed(drain: Drain, project: Project) -> Replay:
    made = replay.start(DocumentType.objects.get(slug="bill"), project, user=None)
    drain(made.job)
    return made


def page(client: Client, made: Replay, **asked: str) -> str:
    return client.get(f"{HOME}{made.pk}/change/", asked).content.decode()


def do(client: Client, made: Replay, verb: str, **data: Any) -> str:
    return client.post(f"{HOME}{made.pk}/do/{verb}/", data, follow=True).content.decode()


def currencies(*documents: Document) -> list[str]:
    return [Document.objects.get(pk=one.pk).payload["currency"] for one in documents]


def test_documents_are_chosen_in_their_list_and_run_again(drain: Drain) -> None:
    project = factories.project()
    first, second = read(drain, project)
    client = staff(Role.OPERATOR, project)
    chosen = {"action": "run_again", "_selected_action": [str(first.pk)]}
    form = client.post("/admin/documents/document/", chosen).content.decode()
    assert "1 document is read again beside its values" in form
    kind = DocumentType.objects.get(slug="bill")
    asked = {"project": project.pk, "type": kind.pk, "documents": str(first.pk)}
    told = client.post(f"{HOME}start/", asked, follow=True).content.decode()
    assert "Chosen documents of" in told
    made = Replay.objects.get()
    assert list(made.job.documents.all()) == [first]
    drain(made.job)
    assert currencies(first, second) == ["<b>EUR</b>"] * 2


def test_the_page_shows_old_and_new_values_side_by_side_and_escaped(drain: Drain) -> None:
    project = factories.project()
    read(drain, project)
    made = replayed(drain, project)
    client = staff(Role.OPERATOR, project)
    told = page(client, made)
    assert "<strong>2</strong> of 2 documents differ: 2 values changed, 0 added, 0 lost." in told
    assert "&lt;b&gt;EUR&lt;/b&gt;" in told
    assert "<b>EUR" not in told
    assert "Documents that differ in Currency" in page(client, made, field="currency")


def test_adopting_asks_first_and_takes_what_was_ticked(drain: Drain) -> None:
    project = factories.project()
    first, second = read(drain, project)
    made = replayed(drain, project)
    client = staff(Role.OPERATOR, project)
    asked = {"how": "documents", "document": str(first.pk)}
    assert "All values of 1 document become" in do(client, made, "adopt", **asked)
    assert currencies(first, second) == ["<b>EUR</b>"] * 2
    assert "1 document adopted." in do(client, made, "adopt", sure="yes", **asked)
    assert currencies(first, second) == ["INR", "<b>EUR</b>"]
    assert "Choose fields first" in do(client, made, "adopt", how="fields", sure="yes")
    told = do(client, made, "adopt", how="fields", field="currency", sure="yes")
    assert "1 document adopted." in told
    assert "It was adopted before." in told
    assert currencies(first, second) == ["INR", "INR"]


@pytest.mark.parametrize("how", [{}, {"how": "everything"}])
def test_adopting_without_saying_how_much_is_refused(drain: Drain, how: dict[str, str]) -> None:
    project = factories.project()
    (first,) = read(drain, project, 1)
    made = replayed(drain, project)
    client = staff(Role.OPERATOR, project)
    answer = client.post(f"{HOME}{made.pk}/do/adopt/", {"sure": "yes", **how})
    assert answer.status_code == 403
    assert currencies(first) == ["<b>EUR</b>"]


def test_a_replay_is_stopped_and_continued_by_buttons(drain: Drain) -> None:
    project = factories.project()
    read(drain, project)
    made = replay.start(DocumentType.objects.get(slug="bill"), project, user=None)
    client = staff(Role.OPERATOR, project)
    assert "Continue" in do(client, made, "stop")
    assert Job.objects.get(pk=made.job_id).status == JobStatus.CANCELLED
    assert "Stop" in do(client, made, "continue")
    assert drain(made.job).status == JobStatus.COMPLETED


def test_only_operators_act_and_strangers_see_nothing(drain: Drain) -> None:
    project = factories.project()
    (first,) = read(drain, project, 1)
    made = replayed(drain, project)
    reviewer = staff(Role.REVIEWER, project)
    assert "Adopt all" not in page(reviewer, made)
    address = f"{HOME}{made.pk}/do/adopt/"
    assert reviewer.post(address, {"how": "all", "sure": "yes"}).status_code == 403
    stranger = staff(Role.OPERATOR, factories.project())
    assert stranger.post(address, {"how": "all", "sure": "yes"}).status_code == 404
    assert str(made.pk) not in stranger.get(HOME).content.decode()
    kind = DocumentType.objects.get(slug="bill")
    asked = {"project": project.pk, "type": kind.pk, "documents": str(first.pk)}
    assert "Select a valid choice" in stranger.post(f"{HOME}start/", asked).content.decode()
    assert Replay.objects.count() == 1
