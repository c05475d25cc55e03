"""Documents decided in the admin: it asks first, does what was shown, and says what was left."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.models import Document, Project, Role
from tests import factories
from tests.documents.test_bulk import paper, reason

pytestmark = [
    pytest.mark.django_db,
    # Static files are collected for production only.
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
LIST = "admin:documents_document_changelist"


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def operator(project: Project) -> Client:
    client = Client()
    client.force_login(factories.user(Role.OPERATOR, project, is_staff=True))
    return client


def act(client: Client, action: str, *chosen: Document, **more: Any) -> str:
    asked = {"action": action, "_selected_action": [str(one.pk) for one in chosen]}
    return client.post(reverse(LIST), asked | more, follow=True).text


def answer(client: Client, action: str, *chosen: Document, **more: Any) -> str:
    named = [f"{one.pk}:{one.version}" for one in chosen]
    return act(client, action, *chosen, sure="1", document=named, **more)


def statuses(*documents: Document) -> list[str]:
    return [Document.objects.get(pk=one.pk).status for one in documents]


def test_confirming_asks_and_leaves_what_is_doubtful(project: Project, operator: Client) -> None:
    sure, unsure = paper(project), paper(project, reasons=reason("conflict", "total_amount"))
    page = act(operator, "confirm_many", sure, unsure)
    assert "Confirm 1 document?" in page
    assert "It is conflict." in page
    assert statuses(sure, unsure) == ["draft_pending"] * 2
    done = answer(operator, "confirm_many", sure, unsure)
    assert "1 document was confirmed." in done
    assert "One was left: It is conflict." in done
    assert statuses(sure, unsure) == ["draft_created", "draft_pending"]


def test_rejecting_and_sending_back_ask_too(project: Project, operator: Client) -> None:
    one, two = paper(project), paper(project)
    assert "Reject 2 documents?" in act(operator, "reject_many", one, two)
    answer(operator, "reject_many", one, two, reason="copies")
    assert statuses(one, two) == ["rejected"] * 2
    one.refresh_from_db()
    assert one.reasons[0]["message"] == "copies"
    assert "Send back 1 document?" in act(operator, "send_back_many", one)
    assert statuses(one) == ["rejected"]
    answer(operator, "send_back_many", one)
    assert statuses(one, two) == ["draft_pending", "rejected"]


def test_documents_of_other_projects_are_neither_shown_nor_decided(operator: Client) -> None:
    other = paper(factories.project())
    assert other.upload.filename not in operator.get(reverse(LIST)).text
    answer(operator, "reject_many", other, reason="mine")
    assert statuses(other) == ["draft_pending"]


def test_one_who_only_sees_decides_nothing(project: Project) -> None:
    viewer = Client()
    viewer.force_login(factories.user(Role.VIEWER, project, is_staff=True))
    document = paper(project)
    assert "not yours to review" in answer(viewer, "reject_many", document, reason="no")
    assert statuses(document) == ["draft_pending"]


def test_the_list_is_narrowed_and_asks_a_constant_number_of_questions(
    project: Project, operator: Client
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            operator.get(reverse(LIST))
        return len(asked)

    paper(project)
    operator.get(reverse(LIST))
    few = count()
    copies = [paper(project, reasons=reason("duplicate"), confidence=0.3) for _ in range(3)]
    assert count() == few
    shown = operator.get(reverse(LIST), {"reason": "duplicate", "sure": "low"}).text
    assert all(str(one.pk) in shown for one in copies)
    assert shown.count("Open in review") == 3
