"""The pages about jobs: the door, the list, one job, and what operators do."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.status import Stat

from config.engines import EngineError
from documents.models import AuditEvent, Project, Role
from ingestion import ledger, waiting, workers
from ingestion.models import Job, JobStatus, Kind, Limits, Priority, Step
from tests import factories

pytestmark = [
    pytest.mark.django_db,
    # Static files are collected for production only.
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
JSON = {"accept": "application/json"}
HTMX = {"hx-request": "true"}


@pytest.fixture
def project() -> Project:
    return factories.project()


def signed_in(role: Role | None = None, project: Project | None = None) -> Client:
    client = Client()
    client.force_login(factories.user(role, project))
    return client


@pytest.fixture
def reviewer(project: Project) -> Client:
    return signed_in(Role.REVIEWER, project)


@pytest.fixture
def operator(project: Project) -> Client:
    return signed_in(Role.OPERATOR, project)


def file(content: bytes = b"One cup of tea", name: str = "tea.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def send(client: Client, project: Project, *files: SimpleUploadedFile, **more: Any) -> Any:
    values = {"project": project.slug, "priority": "2", "files": list(files)} | more
    return client.post(reverse("upload"), values, headers=JSON)


def urls_of(job: Job) -> list[tuple[str, str]]:
    return [
        ("get", reverse("job", args=[job.pk])),
        ("get", reverse("job-progress", args=[job.pk])),
        ("get", reverse("job-timeline", args=[job.pk])),
        ("get", reverse("job-pages", args=[job.pk])),
        ("get", reverse("job-steps", args=[job.pk])),
        ("post", reverse("job-step-retry", args=[job.pk, 1])),
        ("post", reverse("job-cancel", args=[job.pk])),
        ("post", reverse("job-retry", args=[job.pk])),
        ("post", reverse("job-priority", args=[job.pk])),
    ]


def test_a_job_of_another_project_is_not_there_at_any_address(operator: Client) -> None:
    other = factories.job()
    for method, url in urls_of(other):
        answer = getattr(operator, method)(url, {"priority": "0"})
        assert answer.status_code == 404, url
    other.refresh_from_db()
    assert (other.status, other.priority) == (JobStatus.QUEUED, Priority.NORMAL)
    assert str(other.pk) not in operator.get(reverse("jobs")).text


def test_nobody_sees_anything_without_signing_in(client: Client, project: Project) -> None:
    job = factories.job(in_project=project)
    for method, url in [("get", "/"), ("get", "/jobs"), ("post", "/upload"), *urls_of(job)]:
        assert getattr(client, method)(url).status_code == 302


def test_a_file_becomes_a_job(reviewer: Client, project: Project) -> None:
    answer = send(reviewer, project, file(), priority="0")
    assert answer.status_code == 201
    job = Job.objects.get(pk=UUID(answer.json()["job"]))
    assert answer.json() == {
        "job": str(job.pk),
        "url": reverse("job", args=[job.pk]),
        "is_new": True,
    }
    assert (job.project, job.priority) == (project, Priority.URGENT)
    assert "tea.txt" in reviewer.get(reverse("home")).text


def test_the_same_file_again_gives_back_its_job(reviewer: Client, project: Project) -> None:
    first = send(reviewer, project, file()).json()
    again = send(reviewer, project, file(name="tea again.txt"))
    assert again.status_code == 200
    assert again.json() == first | {"is_new": False}


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "file_empty"), (b"PK\x03\x04" + bytes(range(256)), "unsupported_type")],
)
def test_a_refused_file_says_why_at_once(
    reviewer: Client, project: Project, content: bytes, code: str
) -> None:
    answer = send(reviewer, project, file(content, "x.bin"))
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert answer.json()["message"].endswith(".")
    assert not Job.objects.exists()


def test_a_file_too_large_is_refused(reviewer: Client, project: Project, settings: Any) -> None:
    settings.MAX_FILE_BYTES = 10
    answer = send(reviewer, project, file())
    assert answer.status_code == 413
    assert answer.json()["code"] == "file_too_large"


def test_a_viewer_and_a_stranger_upload_nothing(project: Project) -> None:
    for client in (signed_in(Role.VIEWER, project), signed_in()):
        answer = send(client, project, file())
        assert answer.status_code == 403
        assert answer.json()["code"] == "not_allowed"
        client.post(reverse("upload"), {"project": project.slug, "files": file()})
    assert not Job.objects.exists()


def test_one_request_of_the_script_carries_one_file(reviewer: Client, project: Project) -> None:
    assert send(reviewer, project).status_code == 400
    assert send(reviewer, project, file(), file(b"Two", "b.txt")).json()["code"] == "one_file"


def test_a_plain_form_takes_several_files_and_tells_of_each(
    reviewer: Client, project: Project
) -> None:
    files = [file(), file(b"Two cups", "two.txt"), file(b"", "empty.txt")]
    answer = reviewer.post(
        reverse("upload"), {"project": project.slug, "files": files}, follow=True
    )
    assert answer.redirect_chain == [(reverse("jobs"), 302)]
    told = [str(message) for message in answer.context["messages"]]
    assert told[:2] == ["tea.txt was taken in.", "two.txt was taken in."]
    assert told[2].startswith("empty.txt: The file is empty")
    batch = Job.objects.get(kind=Kind.BATCH)
    assert Job.objects.filter(parent=batch).count() == 2
    assert batch.status == JobStatus.RUNNING


def test_an_empty_system_explains_itself(admin_client: Client) -> None:
    assert "Make the first project" in admin_client.get("/").text
    assert "Load the samples" in admin_client.get("/").text
    assert "You are in no project yet" in signed_in().get("/").text
    viewer = signed_in(Role.VIEWER, factories.project())
    assert "You can look, not upload" in viewer.get("/").text


def test_recent_jobs_are_ones_own_and_survive_a_reload(reviewer: Client, project: Project) -> None:
    factories.job(in_project=project, filename="theirs.txt")
    send(reviewer, project, file())
    page = reviewer.get("/").text
    assert "tea.txt" in page
    assert "theirs.txt" not in page
    part = reviewer.get("/", headers=HTMX)
    assert "tea.txt" in part.text
    assert "<html" not in part.text
    assert "HX-Request" in part["Vary"]


def listed(client: Client, **asked: str) -> list[UUID]:
    return [row["job"].pk for row in client.get(reverse("jobs"), asked).context["rows"]]


def test_the_list_is_narrowed_by_state_project_kind_sender_words_and_day(
    operator: Client, project: Project
) -> None:
    sender = factories.user(Role.REVIEWER, project)
    job = factories.job(in_project=project, user=sender, filename="March scan.txt")
    other = Job.objects.create(project=project, kind=Kind.PROCESS, status=JobStatus.FAILED)
    assert listed(operator) == [other.pk, job.pk]
    narrow: list[tuple[dict[str, str], Job]] = [
        ({"status": "open"}, job),
        ({"status": "failed"}, other),
        ({"kind": "process"}, other),
        ({"who": str(sender.pk)}, job),
        ({"who": "none"}, other),
        ({"text": "scan mar"}, job),
    ]
    for asked, found in narrow:
        assert listed(operator, **asked) == [found.pk], asked
    assert len(listed(operator, project=project.slug)) == 2
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert not listed(operator, since=tomorrow.isoformat())
    assert len(listed(operator, status="?", who="x", since="y", project="z")) == 2


def test_a_batch_stands_for_its_files_until_one_asks_for_a_state(
    operator: Client, project: Project
) -> None:
    batch = Job.objects.create(project=project, kind=Kind.BATCH, status=JobStatus.RUNNING)
    child = factories.job(in_project=project)
    Job.objects.filter(pk=child.pk).update(parent=batch)
    assert listed(operator) == [batch.pk]
    assert set(listed(operator, status="open")) == {batch.pk, child.pk}


def test_what_moves_in_the_list_comes_without_the_list(operator: Client, project: Project) -> None:
    job, foreign = factories.job(in_project=project), factories.job()
    top = str(job.pk)
    assert f"job={job.pk}" in operator.get(reverse("jobs")).text
    asked = {"job": [str(job.pk), str(foreign.pk), "x"], "top": top}
    still = operator.get(reverse("jobs-live"), asked)
    assert f'id="state-{job.pk}" hx-swap-oob="true"' in still.text
    assert str(foreign.pk) not in still.text
    assert "every 3s" in still.text
    assert "<tr" not in still.text
    assert "new job" not in still.text
    ledger.cancel(job.pk, None)
    factories.job(in_project=project)
    ended = operator.get(reverse("jobs-live"), asked).text
    assert "Cancelled" in ended
    assert "1 new job" in ended
    assert "every 15s" in ended


@pytest.mark.parametrize("name", ["home", "jobs"])
def test_a_list_costs_the_same_queries_for_one_row_and_for_twenty(
    project: Project, name: str
) -> None:
    sender = factories.user(Role.OPERATOR, project)
    client = Client()
    client.force_login(sender)
    factories.job(in_project=project, user=sender)
    client.get(reverse(name))
    with CaptureQueriesContext(connection) as one:
        client.get(reverse(name))
    for _ in range(19):
        factories.job(in_project=project, user=sender)
    with CaptureQueriesContext(connection) as twenty:
        client.get(reverse(name))
    assert len(twenty) == len(one)


def test_a_job_costs_the_same_queries_for_one_page_and_for_twenty(
    operator: Client, project: Project
) -> None:
    job = factories.job(in_project=project)
    url = reverse("job", args=[job.pk])
    Job.objects.filter(pk=job.pk).update(pages_total=20)

    def add(number: int) -> None:
        document = factories.document(job.upload, first_page=number)
        factories.page(job.file, number, document=document, position=1)
        Step.objects.create(job=job, project=job.project, stage="ocr", first=number, last=number)

    add(1)
    operator.get(url)
    with CaptureQueriesContext(connection) as one:
        operator.get(url)
    for number in range(2, 21):
        add(number)
    with CaptureQueriesContext(connection) as twenty:
        operator.get(url)
    assert len(twenty) == len(one)


def test_a_job_is_followed_until_it_ends(operator: Client, project: Project) -> None:
    job = factories.job(in_project=project)
    url = reverse("job-progress", args=[job.pk])
    live = operator.get(url, headers=HTMX)
    assert live.status_code == 200
    assert "every 2s" in live.text
    assert "No worker is running" in live.text
    ledger.cancel(job.pk, None)
    ended = operator.get(url, headers=HTMX)
    assert ended.status_code == 286
    assert "every 2s" not in ended.text
    assert "It was cancelled" in ended.text


def test_a_failed_page_stands_there_with_its_reason(operator: Client, project: Project) -> None:
    job = factories.job(in_project=project)
    factories.page(job.file, 1, error_code="page_damaged", error_message="The page is torn.")
    Job.objects.filter(pk=job.pk).update(pages_total=1)
    page = operator.get(reverse("job", args=[job.pk])).text
    assert "Not read" in page
    assert "The page is torn." in page


def test_only_a_block_of_many_pages_comes_at_once(operator: Client, project: Project) -> None:
    job = factories.job(in_project=project)
    for number in range(1, 131):
        factories.page(job.file, number)
    url = reverse("job-pages", args=[job.pk])
    assert "every 3s" in operator.get(url).text
    Job.objects.filter(pk=job.pk).update(pages_total=130)
    whole = operator.get(reverse("job", args=[job.pk])).text
    assert whole.count('class="tile"') == 60
    assert "Pages 121 to 130" in whole
    last = operator.get(url, {"pages": "3"}).text
    assert last.count('class="tile"') == 10
    assert "data-filling" in last
    ledger.cancel(job.pk, None)
    assert "data-filling" not in operator.get(url, {"pages": "3"}).text


def test_operators_cancel_retry_and_hurry_a_job(operator: Client, project: Project) -> None:
    job = factories.job(in_project=project)
    operator.post(reverse("job-priority", args=[job.pk]), {"priority": "0"})
    operator.post(reverse("job-cancel", args=[job.pk]))
    job.refresh_from_db()
    assert (job.status, job.priority) == (JobStatus.CANCELLED, Priority.URGENT)
    again = operator.post(reverse("job-cancel", args=[job.pk]), follow=True)
    assert "has already ended" in again.text
    operator.post(reverse("job-retry", args=[job.pk]))
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED
    refused = operator.post(reverse("job-priority", args=[job.pk]), {"priority": "9"}, follow=True)
    assert "Choose one of the priorities" in refused.text


def test_reviewers_neither_cancel_nor_retry(reviewer: Client, project: Project) -> None:
    job = factories.job(in_project=project)
    for name in ("job-cancel", "job-retry", "job-priority"):
        answer = reviewer.post(reverse(name, args=[job.pk]), {"priority": "0"})
        assert answer.status_code == 403
        assert "not for your role" in answer.text
    job.refresh_from_db()
    assert (job.status, job.priority) == (JobStatus.QUEUED, Priority.NORMAL)
    assert "Cancel</button>" not in reviewer.get(reverse("job", args=[job.pk])).text


def test_the_place_in_the_queue_is_told(
    operator: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = factories.job(in_project=project)
    second = factories.job(in_project=project)
    Cluster.report(monkeypatch)
    assert "It is next" in operator.get(reverse("job", args=[first.pk])).text
    assert "behind 1 step of" in operator.get(reverse("job", args=[second.pk])).text
    ledger.set_priority(second.pk, Priority.URGENT, None)
    assert "behind 1 step of" in operator.get(reverse("job", args=[first.pk])).text


def test_a_full_project_is_told_and_its_steps_are_in_nobodys_way(
    operator: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    Limits.objects.create(project=project, steps_at_once=1)
    factories.job(in_project=project)
    held = factories.job(in_project=project)
    other = factories.job()
    assert ledger.claim("ada:7") is not None
    Cluster.report(monkeypatch)
    told = "The project may have 1 step at work at once, and 1 is."
    assert told in operator.get(reverse("job", args=[held.pk])).text
    assert waiting.told([other])[other.pk].sentence.startswith("It is next")


def test_a_job_of_a_worker_that_vanished_says_so(
    operator: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = factories.job(in_project=project)
    ledger.claim("gone:1")
    Step.objects.filter(job=job).update(lease_until=timezone.now() - timedelta(seconds=1))
    Cluster.report(monkeypatch)
    assert "gives no sign of life" in operator.get(reverse("job", args=[job.pk])).text


def test_a_step_of_a_worker_that_is_gone_is_told_apart_from_work(
    operator: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cluster.report(monkeypatch)
    job = factories.job(in_project=project)
    Step.objects.create(job=job, project=project, stage="ocr", first=1, last=1)
    assert ledger.claim("ada:7")
    assert ledger.claim("ada:8")
    now = timezone.now()
    Step.objects.filter(worker="ada:8").update(lease_until=now - timedelta(seconds=5))
    stands = waiting.told([Job.objects.get(pk=job.pk)])[job.pk]
    assert "1 step waits until it is taken over" in stands.sentence
    assert stands.badge.label == "Working"
    Step.objects.filter(worker="ada:7").update(status="queued", lease=None, lease_until=None)
    Step.objects.filter(worker="ada:8").update(status="queued", lease=None, lease_until=None)
    stands = waiting.told([Job.objects.get(pk=job.pk)])[job.pk]
    assert "It is next" in stands.sentence
    assert stands.badge.label == "Waiting"


def test_a_batch_with_a_failed_file_says_so(operator: Client, project: Project) -> None:
    batch = Job.objects.create(project=project, kind=Kind.BATCH, status=JobStatus.COMPLETED)
    for status in (JobStatus.COMPLETED, JobStatus.FAILED):
        child = factories.job(in_project=project)
        Job.objects.filter(pk=child.pk).update(parent=batch, status=status)
    for path in (reverse("jobs"), reverse("job", args=[batch.pk])):
        page = operator.get(path).text
        assert "Completed in part" in page
        assert "1 of 2 files failed." in page


def test_a_paused_host_is_told_when_it_is_the_only_one(
    operator: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = factories.job(in_project=project)
    Cluster.report(monkeypatch)
    workers.set_paused(True, of_host="ada")
    page = operator.get(reverse("job", args=[job.pk])).text
    assert "All hosts with workers are paused (ada)" in page


def test_the_timeline_tells_of_a_pause_from_before_the_job(
    operator: Client, project: Project
) -> None:
    workers.set_paused(True)
    workers.set_paused(True, of_host="bob")
    workers.set_paused(False, of_host="bob")
    workers.set_paused(True, of_host="ada")
    job = factories.job(in_project=project)
    long_ago = timezone.now() - timedelta(seconds=30)
    Job.objects.filter(pk=job.pk).update(created_at=long_ago)
    Step.objects.filter(job=job).update(created_at=long_ago, run_after=long_ago)
    AuditEvent.objects.filter(verb__startswith="workers.").update(
        at=long_ago - timedelta(seconds=9)
    )
    page = operator.get(reverse("job-timeline", args=[job.pk])).text
    assert "All workers were paused for 30 s of it." in page
    assert "30 s of it while all workers were paused" in page
    assert "30 s of it while ada was paused" in page
    assert "bob" not in page


def test_jobs_of_every_kind_have_a_page(operator: Client, project: Project) -> None:
    batch = Job.objects.create(project=project, kind=Kind.BATCH, status=JobStatus.RUNNING)
    child = factories.job(in_project=project, filename="one.txt")
    Job.objects.filter(pk=child.pk).update(parent=batch, pages_total=4, pages_failed=1)
    again = Job.objects.create(project=project, kind=Kind.PROCESS, documents_made=1)
    again.documents.add(factories.document(child.upload))
    page = operator.get(reverse("job", args=[batch.pk])).text
    assert "one.txt" in page
    assert "0 of 1 files done" in page
    assert "(1 not read)" in page
    assert "Original" not in page
    page = operator.get(reverse("job", args=[again.pk])).text
    assert "0 of 1 documents done" in page
    assert "Original" not in page
    for job in (batch, again):
        for name in ("job-progress", "job-timeline"):
            assert operator.get(reverse(name, args=[job.pk])).status_code == 200
    rows = {row["job"].pk: row for row in operator.get(reverse("jobs")).context["rows"]}
    assert rows[batch.pk]["count"].pages_total == 4
    assert "It waits for one.txt" in rows[batch.pk]["sentence"]
    assert str(batch.pk) in operator.get(reverse("job", args=[child.pk])).text


def test_a_batch_costs_the_same_queries_for_one_file_and_for_twenty(
    operator: Client, project: Project
) -> None:
    batch = Job.objects.create(project=project, kind=Kind.BATCH, status=JobStatus.RUNNING)
    url = reverse("job", args=[batch.pk])

    def add() -> None:
        Job.objects.filter(pk=factories.job(in_project=project).pk).update(parent=batch)

    add()
    operator.get(url)
    with CaptureQueriesContext(connection) as one:
        operator.get(url)
    for _ in range(19):
        add()
    with CaptureQueriesContext(connection) as twenty:
        operator.get(url)
    assert len(twenty) == len(one)


def test_a_step_is_retried_by_operators_only(
    operator: Client, reviewer: Client, project: Project
) -> None:
    job = factories.job(in_project=project)
    step = ledger.claim("ada:7")
    assert step is not None
    ledger.fail(step, EngineError("It is torn.", "file_damaged"), elapsed_s=1)
    url = reverse("job-step-retry", args=[job.pk, step.pk])
    assert reviewer.post(url).status_code == 403
    page = operator.get(reverse("job", args=[job.pk])).text
    assert url in page
    assert "It is torn. (file_damaged)" in page
    assert "runs again" in operator.post(url, follow=True).text
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED
    part = operator.get(reverse("job-timeline", args=[job.pk]), headers=HTMX)
    assert "ended, until a person retried it" in part.text
    assert "every 10s" in part.text


def test_figures_count_jobs_by_user_and_project_and_overall(
    operator: Client, project: Project
) -> None:
    sender = factories.user(Role.REVIEWER, project)
    now = timezone.now()
    for n, seconds in enumerate((10, 20, 90)):
        job = factories.job(in_project=project, user=sender)
        Job.objects.filter(pk=job.pk).update(
            status=JobStatus.COMPLETED,
            created_at=now - timedelta(seconds=seconds),
            completed_at=now,
            pages_total=4,
            pages_failed=n == 2,
        )
    old = factories.job(in_project=project)
    Job.objects.filter(pk=old.pk).update(created_at=now - timedelta(days=3))
    secret, stranger = factories.project(name="Secret"), factories.user()
    factories.job(in_project=secret, user=stranger)
    answer = operator.get(reverse("statistics"), {"period": "24h"})
    lines = {title: lines for title, _, lines in answer.context["tables"]}
    (line,) = lines["Overall"]
    assert (line.jobs, line.completed, line.partly, line.pages, line.pages_failed) == (
        3,
        2,
        1,
        12,
        1,
    )
    assert line.median_s == pytest.approx(20)
    assert line.p95_s == pytest.approx(83)
    assert [one.name for one in lines["By user"]] == [sender.get_username()]
    assert "Secret" not in answer.text
    assert stranger.get_username() not in answer.text
    week = operator.get(reverse("statistics")).context["tables"]
    assert week[0][2][0].jobs == 4
    assert [one.name for one in week[1][2]] == [sender.get_username(), "a command"]


def test_figures_cost_the_same_queries_for_few_and_for_many(project: Project) -> None:
    client = signed_in(Role.VIEWER, project)
    client.get(reverse("statistics"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("statistics"))
    for _ in range(5):
        factories.job(in_project=project, user=factories.user())
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("statistics"))
    assert len(many) == len(few)


class Cluster:
    """What a qcluster with one worker, ada:7, tells of itself."""

    host, workers, sentinel, status = "ada", (7,), 1, "Idle"

    @classmethod
    def report(cls, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Stat, "get_all", lambda *args: [cls()])


def test_pages_hold_no_inline_script_and_no_inline_style(
    operator: Client, admin_client: Client, project: Project
) -> None:
    job = factories.job(in_project=project)
    paths = ("/", "/jobs", "/statistics", reverse("job", args=[job.pk]))
    pages = [operator.get(url).text for url in paths]
    pages += [admin_client.get("/").text, signed_in().get("/").text]
    for html in pages:
        assert "<html" in html
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)
        assert not re.search(r"<script(?![^>]*\ssrc=)", html)
