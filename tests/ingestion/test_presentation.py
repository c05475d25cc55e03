"""What a job is said to wait for, its timeline, and the charts: pure, from values."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ingestion import presentation, timeline, timeline_rows
from ingestion.charts import Series, by_hour, lengths, round_up
from ingestion.models import Job, JobStatus, Kind, Step, StepStatus
from ingestion.sentences import AtWork, Situation, Waiting, sentence
from ingestion.spans import pauses_of, spans_of

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
ALIVE = frozenset({("ada", 7), ("bob", 9)})


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def said(waiting: Waiting, *, job: Job | None = None, **at_large: Any) -> str:
    values: dict[str, Any] = {"now": NOW, "workers": ALIVE}
    situation = Situation(**values | at_large)
    return sentence(job or a_job(), waiting, situation)


def a_job(**values: Any) -> Job:
    return Job(**{"project_id": 1, "status": JobStatus.QUEUED} | values)


def at_work(worker: str = "ada:7", left_s: float = 28, stage: str = "ocr") -> AtWork:
    return AtWork(stage=stage, first=3, last=3, worker=worker, lease_until=later(left_s))


READY = Waiting(open_steps=4, ready=4, ahead=12)


def test_a_job_at_work_says_what_is_done_now() -> None:
    assert said(Waiting(open_steps=1, running=1, at_work=at_work())) == "Reading page 3."
    more = Waiting(open_steps=5, running=2, at_work=at_work())
    assert said(more) == "Reading page 3, and 1 step besides."


def test_a_job_at_work_in_a_pause_says_that_it_will_wait() -> None:
    waiting = Waiting(open_steps=5, ready=4, running=1, at_work=at_work())
    assert said(waiting, paused=frozenset({""})).endswith("Then it waits: the workers are paused.")


def test_steps_of_workers_that_are_gone_are_not_told_as_work() -> None:
    waiting = Waiting(open_steps=5, running=2, lapsed=2, at_work=at_work())
    assert said(waiting) == (
        "Reading page 3, and 1 step besides; 2 steps wait until they are taken over from a "
        "worker that is gone."
    )
    waiting = Waiting(open_steps=2, running=1, lapsed=1, at_work=at_work())
    assert "page 3; 1 step waits until it is taken over" in said(waiting)


def test_a_job_in_the_queue_says_how_much_goes_first() -> None:
    assert "behind 12 steps of more urgent or earlier work" in said(READY)
    assert "behind more than 500 steps" in said(
        Waiting(open_steps=1, ready=1, ahead=500, is_more_ahead=True)
    )
    assert said(Waiting(open_steps=1, ready=1)).startswith("It is next")


def test_no_worker_and_a_pause_are_told_apart() -> None:
    paused = frozenset({""})
    assert said(READY, workers=frozenset()).startswith("No worker is running")
    assert said(READY, paused=paused).startswith("The workers are paused; it goes on when")
    both = said(READY, paused=paused, workers=frozenset())
    assert "paused, and none is running" in both


def test_a_pause_of_every_host_with_workers_holds_a_job_and_of_one_does_not() -> None:
    assert "All hosts with workers are paused (ada and bob)" in said(
        READY, paused=frozenset({"ada", "bob", "gone"})
    )
    assert "behind 12 steps" in said(READY, paused=frozenset({"ada"}))


def test_the_cap_of_a_project_is_named_with_what_is_at_work() -> None:
    told = said(READY, caps={1: 2}, busy={1: 2})
    assert told == "The project may have 2 steps at work at once, and 2 are."
    assert "behind 12 steps" in said(READY, caps={1: 3, 2: 1}, busy={1: 2, 2: 1})


def test_the_cap_of_screenshots_holds_screenshots_alone() -> None:
    full: dict[str, Any] = {"captures_cap": 5, "captures_busy": 5}
    told = said(READY, job=a_job(kind=Kind.CAPTURE), **full)
    assert told == "At most 5 screenshots may be at work at once, and 5 are."
    assert "behind 12 steps" in said(READY, **full)


def test_a_job_that_backs_off_says_for_how_long_and_why() -> None:
    waiting = Waiting(open_steps=1, next_try=later(17), cause="The engine did not answer.")
    assert said(waiting) == "It tries again in 17 s. The engine did not answer."


def test_a_vanished_worker_is_told_with_the_longest_wait() -> None:
    gone = at_work(worker="old:1", left_s=12)
    told = said(Waiting(open_steps=1, running=1, at_work=gone))
    assert told == ("The worker that had it gives no sign of life; another takes over within 72 s.")
    late = at_work(worker="old:1", left_s=-90)
    assert "no other has taken over in time" in said(Waiting(open_steps=1, running=1, at_work=late))
    fresh = at_work(worker="old:1", left_s=28)
    assert said(Waiting(open_steps=1, running=1, at_work=fresh)) == "Reading page 3."


def test_a_job_whose_wake_up_was_not_taken_says_so() -> None:
    told = said(READY, job=a_job(status=JobStatus.PENDING))
    assert "the broker that wakes the workers did not answer" in told


def test_a_batch_counts_its_files_and_names_those_it_waits_for() -> None:
    batch = a_job(kind=Kind.BATCH, status=JobStatus.RUNNING)
    waiting = Waiting(files=9, files_open=4, names=("a.pdf", "b.pdf"))
    assert said(waiting, job=batch) == "5 of 9 files done. It waits for a.pdf, b.pdf and 2 more."
    assert "are paused" in said(waiting, job=batch, paused=frozenset({""}))
    coming = a_job(kind=Kind.BATCH, status=JobStatus.PENDING)
    assert said(waiting, job=coming).startswith("Its files are still arriving: 9 came, 5")


def test_documents_gone_through_again_are_counted() -> None:
    job = a_job(kind=Kind.PROCESS, documents_made=10, processed=3)
    told = said(Waiting(open_steps=1, running=1, at_work=at_work(stage="extract")), job=job)
    assert told.startswith("3 of 10 documents done. Finding the values")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"status": JobStatus.FAILED, "error_message": "Torn."}, "Torn."),
        ({"status": JobStatus.COMPLETED, "kind": Kind.BATCH}, "All of its files have ended."),
        (
            {"status": JobStatus.COMPLETED, "kind": Kind.PROCESS, "documents_made": 3, "errors": 1},
            "3 documents gone through again, 1 of them failed.",
        ),
        (
            {"status": JobStatus.COMPLETED, "pages_total": 3, "pages_failed": 1},
            "2 of 3 pages could be read and made 0 documents.",
        ),
    ],
)
def test_an_ended_job_says_how_it_ended(values: dict[str, Any], told: str) -> None:
    job = a_job(**values)
    assert presentation.ended(job, presentation.counts(job)) == told


def test_a_batch_with_failed_files_is_completed_in_part() -> None:
    batch = a_job(kind=Kind.BATCH, status=JobStatus.COMPLETED)
    assert presentation.badge(batch, presentation.counts(batch, {"files": 2})).tone == "good"
    partly = presentation.counts(batch, {"files": 2, "files_failed": 1})
    assert presentation.badge(batch, partly).label == "Completed in part"
    assert presentation.ended(batch, partly) == "1 of 2 files failed."
    wholly = presentation.counts(batch, {"files": 2, "files_failed": 2})
    assert presentation.badge(batch, wholly).label == "All failed"
    torn = presentation.counts(batch, {"files": 2, "failed": 3})
    assert presentation.badge(batch, torn).label == "Completed in part"
    assert "3 pages could not be read" in presentation.ended(batch, torn)


# -- the timeline -------------------------------------------------------------


def a_step(number: int = 1, **values: Any) -> Step:
    made = {
        "pk": number,
        "stage": "ocr",
        "first": number,
        "last": number,
        "status": StepStatus.DONE,
        "created_at": later(0),
        "run_after": later(0),
        "started_at": later(10),
        "finished_at": later(14),
        "worker": "ada:7",
    }
    return Step(**made | values)


def run(begin: float, end: float, code: str, worker: str = "bob:9") -> dict[str, str]:
    return {
        "worker": worker,
        "started": later(begin).isoformat(),
        "ended": later(end).isoformat(),
        "code": code,
        "message": "It broke.",
    }


def spans(step: Step, retries: Sequence[datetime] = ()) -> list[tuple[str, float, str]]:
    found = spans_of(step, retries, later(100))
    return [(span.what, span.seconds, span.told) for span in found]


def test_a_step_waits_then_works() -> None:
    assert spans(a_step()) == [
        ("wait", 10, "waited for its turn"),
        ("work", 4, "worked"),
    ]


def test_a_fault_is_followed_by_its_backoff_and_then_by_the_wait_for_a_worker() -> None:
    step = a_step(history=[run(2, 3, "engine_unavailable")], run_after=later(8))
    assert spans(step) == [
        ("wait", 2, "waited for its turn"),
        ("fault", 1, "It broke. (engine_unavailable)"),
        ("backoff", 5, "waited out engine_unavailable"),
        ("wait", 2, "waited for its turn"),
        ("work", 4, "worked"),
    ]


def test_a_vanished_worker_is_told_as_the_reason_of_the_wait() -> None:
    step = a_step(history=[run(2, 6, "worker_lost")], run_after=later(6))
    assert ("wait", 4, "its worker vanished; waited for another") in spans(step)


def test_a_retry_by_a_person_is_told_as_such() -> None:
    step = a_step(history=[run(1, 2, "time_limit")], run_after=later(7))
    assert ("ended", 5, "ended, until a person retried it") in spans(step, [later(7)])


def test_a_step_that_failed_for_good_shows_its_run_once() -> None:
    step = a_step(
        status=StepStatus.FAILED,
        history=[run(10, 14, "page_damaged", "ada:7")],
        error_code="page_damaged",
    )
    assert [what for what, _, _ in spans(step)] == ["wait", "fault"]


def test_a_step_that_waits_waits_until_now() -> None:
    step = a_step(status=StepStatus.QUEUED, started_at=None, finished_at=None, worker="")
    assert spans(step) == [("wait", 100, "waited for its turn")]


def test_a_pause_that_a_step_waited_through_is_told() -> None:
    pauses = pauses_of([("workers.paused", later(2)), ("workers.resumed", later(6))], NOW, later(9))
    row = timeline_rows.row_of(a_step(), spans_of(a_step(), [], later(100)), {"": pauses})
    assert row.waits == ["10 s waited for its turn, 4 s of it while all workers were paused"]


def test_a_paused_host_and_the_cap_of_a_project_are_told_beside_a_wait() -> None:
    lived = spans_of(a_step(), [], later(100))
    (told,) = timeline_rows.row_of(a_step(), lived, {"bob": [(later(2), later(6))]}, cap=2).waits
    assert told == (
        "10 s waited for its turn (the project may have 2 steps at once), "
        "4 s of it while bob was paused"
    )


def test_the_end_of_a_job_until_its_retry_has_a_key_of_its_own() -> None:
    step = a_step(history=[run(1, 2, "time_limit")], run_after=later(7))
    lives = {step.pk: spans_of(step, [later(7)], later(100))}
    made = timeline.draw(NOW, later(100), [step], lives)
    assert "tone-ended" in [bar.tone for bar in made.lanes[0].bars]
    assert "ended, until a person retried it" in [key.name for key in made.legend]
    assert "tone-ended" not in [key.tone for key in drawn([a_step()]).legend]


def test_a_pause_may_begin_before_a_job_and_last_beyond_it() -> None:
    assert pauses_of([("workers.resumed", later(3))], NOW, later(9)) == [(NOW, later(3))]
    assert pauses_of([("workers.paused", later(3))], NOW, later(9)) == [(later(3), later(9))]
    assert pauses_of([], NOW, later(9)) == []


def drawn(steps: list[Step]) -> timeline.Timeline:
    lives = {step.pk: spans_of(step, [], later(100)) for step in steps}
    return timeline.draw(NOW, later(100), steps, lives)


def test_a_short_job_has_a_row_for_each_step_with_the_faults_drawn() -> None:
    made = drawn([a_step(1), a_step(2, history=[run(2, 3, "x")], run_after=later(8))])
    assert [lane.name for lane in made.lanes] == ["Read 1", "Read 2"]
    assert [bar.tone for bar in made.lanes[1].bars] == [
        "tone-wait",
        "tone-fault",
        "tone-backoff",
        "tone-wait",
        "tone-2",
    ]
    assert made.told == "2 steps in 1 min 40 s: 9 s of work on 2 workers."
    assert made.rows[1].runs == 2


def test_a_long_job_has_a_lane_for_each_worker_and_a_line_for_each_stage() -> None:
    steps = [
        a_step(n, worker=f"ada:{n % 2}", started_at=later(n), finished_at=later(n + 1))
        for n in range(1, 81)
    ]
    made = drawn(steps)
    assert [lane.name for lane in made.lanes] == ["ada:0", "ada:1"]
    assert [(row.name, row.steps) for row in made.stages] == [("Read", 80)]
    assert made.rows == []


def test_runs_of_one_worker_that_touch_are_drawn_as_one() -> None:
    steps = [a_step(n, started_at=later(n), finished_at=later(n + 1)) for n in range(1, 81)]
    made = drawn(steps)
    assert len(made.lanes[0].bars) == 1
    assert made.lanes[0].bars[0].title == "Read: 80 steps"


def test_nothing_is_drawn_beyond_the_edge() -> None:
    for bar in (
        bar for lane in drawn([a_step(1, finished_at=later(500))]).lanes for bar in lane.bars
    ):
        assert 0 <= bar.x <= 100
        assert bar.x + bar.width <= 100.1


# -- charts -------------------------------------------------------------


def test_bars_of_an_hour_stand_on_each_other_and_reach_no_higher_than_the_top() -> None:
    hours = [later(3600 * n) for n in range(3)]
    chart = by_hour(
        "k",
        "Done",
        hours,
        [
            Series(name="Read", tone="tone-1", values=[1, 0, 3]),
            Series(name="Open", tone="tone-2", values=[1, 0, 1]),
            Series(name="None", tone="tone-3", values=[0, 0, 0]),
        ],
        told="Told.",
    )
    assert [key.name for key in chart.legend] == ["Read", "Open"]
    assert len(chart.bars) == 4
    assert min(bar.y for bar in chart.bars) == 0
    assert chart.rows[0] == ["05 Mar 14:00", "3", "1"]
    assert chart.lines[0].text == "4"


def test_an_empty_chart_has_its_sentence_and_no_bars() -> None:
    assert by_hour("k", "Done", [NOW], [], told="None.").bars == []
    assert lengths("k", "Seconds", {}, told="None.", unit="s").bars == []


@pytest.mark.parametrize(
    ("number", "top"), [(0, 2), (1.5, 2), (3, 4), (9, 10), (11, 20), (437, 600), (1000, 1000)]
)
def test_the_top_of_a_scale_is_round(number: float, top: float) -> None:
    assert round_up(number) == top


def test_lengths_are_told_as_people_say_them() -> None:
    told = [presentation.told_length(s) for s in (0.42, 3, 59.7, 75, 3_600, 7_500, 400_000)]
    assert told == ["0.4 s", "3 s", "60 s", "1 min 15 s", "1 h", "2 h 5 min", "4 d"]


def test_steps_are_named_as_people_say_them() -> None:
    document = UUID(int=0xABCDEF)
    named = [
        Step(stage="ocr", first=2, last=2),
        Step(stage="split", first=1, last=50),
        Step(stage="assemble"),
        Step(stage="extract", document_id=document),
    ]
    assert [presentation.step_name(step) for step in named] == [
        "Read, page 2",
        "Open, pages 1–50",
        "Group",
        "Extract, document abcdef",
    ]
