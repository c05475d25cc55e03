"""A prompt with examples is measured on confirmed documents before it is switched on."""

from collections.abc import Callable

import pytest
from pytest_django.fixtures import Settings

from documents import prompts, review
from documents.language import Purpose
from documents.models import Document, DocumentType, ModelUse, Project
from ingestion import replay
from ingestion.changes import Tally
from ingestion.models import Job, JobStatus
from ingestion.replay_models import Replay, ReplayResult
from tests import factories
from tests.ingestion.llm import crude
from tests.llm_server import LlmServer, spoken
from tests.search.corpus import use_embedder

pytestmark = pytest.mark.django_db
Drain = Callable[[Job], Job]
PAPER = "bill total_amount={0}.00 document_date=2024-03-31\nsupplier_name: Acme {0}\n"


def confirmed(drain: Drain, project: Project, number: int) -> Document:
    job = drain(factories.job(PAPER.format(number), in_project=project))
    document = Document.objects.get(upload=job.upload)
    values = {"/supplier_name": f"Acme {number}", "/document_date": "2024-03-31"}
    return review.confirm(document.pk, factories.user(), version=document.version, values=values)


def replayed(drain: Drain, project: Project, **asked: object) -> Replay:
    kind = DocumentType.objects.get(slug="bill")
    made = replay.start(kind, project, user=None, **asked)  # type: ignore[arg-type]
    assert drain(made.job).status == JobStatus.COMPLETED
    return made


def test_a_prompt_with_examples_is_measured_beside_the_rules_and_not_switched_on(
    drain: Drain, llm_server: LlmServer, fake_engines: Settings
) -> None:
    use_embedder(fake_engines, "Hashed")
    DocumentType.objects.update(model_use=ModelUse.NEVER)
    project = factories.project()
    documents = [confirmed(drain, project, number) for number in (1, 2)]
    now = prompts.active(Purpose.EXTRACT, project.pk)
    told = {"template": now.template, "examples": 1}
    with_examples = prompts.create_version(Purpose.EXTRACT, project, told, None, activate=False)
    llm_server.script(crude.answer)
    made = replayed(drain, project, prompt=with_examples, model_use=ModelUse.ALWAYS)
    names = {line.name: line.tally for line in replay.report(made).fields}
    assert names["supplier_name"] == Tally(added=2, known=2, right_after=2)
    assert names["total_amount"] == Tally(same=2, known=2, right_before=2, right_after=2)
    assert len(llm_server.chats) == 2
    for chat in llm_server.chats:
        ((_, own),) = crude.shown(chat)
        other = 2 if "Acme 1" in own else 1
        assert f'"supplier_name": "Acme {other}"' in spoken(chat)
        assert f'"supplier_name": "Acme {3 - other}"' not in spoken(chat)
    engines = ReplayResult.objects.values_list("engine", flat=True)
    assert all(f"extract v{with_examples.number}" in engine for engine in engines)
    assert prompts.active(Purpose.EXTRACT, project.pk) == now
    held = Document.objects.filter(pk__in=[one.pk for one in documents]).order_by("created_at")
    assert [one.payload["supplier_name"] for one in held] == ["Acme 1", "Acme 2"]
    again = replayed(drain, project, model_use=ModelUse.NEVER)
    assert replay.report(again).differing == 0
    assert len(llm_server.chats) == 2
