"""The two statements that every step costs, as functions: planned once a session, one call each.

Every statement inside a volatile function sees what was committed before it, so that a fan-in
is looked for after the job's lock was had, as if they were sent one by one.
"""

from django.db import migrations, models

# Lanes that may begin nothing now are those of a project at its cap and those of screenshots.
# While one is full, the best step is sought lane by lane: a backlog of a full lane that stands
# first must not be walked through for each claim.
_CLAIM = """
CREATE FUNCTION docket_claim(
    for_lease uuid, for_worker text, on_host text, lease_s float, captures int, kinds text[]
) RETURNS SETOF ingestion_step LANGUAGE plpgsql AS $$
DECLARE
    best bigint;
    full_projects bigint[];
    full_kinds text[];
BEGIN
    IF EXISTS (SELECT FROM ingestion_control WHERE is_paused AND host IN ('', on_host)) THEN
        RETURN;
    END IF;
    SELECT * INTO full_projects, full_kinds FROM docket_full_lanes(captures);
    IF full_projects = '{}' AND full_kinds = '{}' THEN
        SELECT id INTO best FROM ingestion_step
        WHERE status = 'queued' AND run_after <= clock_timestamp()
        ORDER BY priority, rank, id LIMIT 1 FOR UPDATE SKIP LOCKED;
    ELSE
        SELECT first.id INTO best FROM documents_project AS lane
        CROSS JOIN unnest(kinds) AS lane_kind
        CROSS JOIN LATERAL (
            SELECT step.id, step.priority, step.rank FROM ingestion_step AS step
            WHERE step.status = 'queued' AND step.project_id = lane.id AND step.kind = lane_kind
                AND step.run_after <= clock_timestamp()
            ORDER BY step.priority, step.rank, step.id LIMIT 1 FOR UPDATE SKIP LOCKED) AS first
        WHERE lane.id <> ALL (full_projects) AND lane_kind <> ALL (full_kinds)
        ORDER BY first.priority, first.rank, first.id LIMIT 1;
    END IF;
    IF best IS NULL THEN
        RETURN;
    END IF;
    -- A claim that a crash forgets is a step that is ready again: nobody waits for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN QUERY UPDATE ingestion_step SET
        status = 'running', lease = for_lease, worker = for_worker,
        lease_until = clock_timestamp() + make_interval(secs => lease_s),
        started_at = clock_timestamp(), finished_at = NULL
    WHERE id = best RETURNING *;
END $$;
"""
_FULL_LANES = """
CREATE FUNCTION docket_full_lanes(
    captures int, OUT projects bigint[], OUT kinds text[]
) LANGUAGE plpgsql AS $$
BEGIN
    projects := ARRAY(
        SELECT project_id FROM ingestion_limits AS own WHERE steps_at_once <= (
            SELECT count(*) FROM ingestion_step AS busy
            WHERE busy.status = 'running' AND busy.project_id = own.project_id));
    kinds := '{}';
    IF captures <= (
        SELECT count(*) FROM ingestion_step WHERE status = 'running' AND kind = 'capture')
    THEN
        kinds := '{capture}';
    END IF;
END $$;
"""
# The job is locked first, as everywhere. Spans of steps that ran side by side count once in
# active_s: only what lies after the end of the last span.
_FINISH = """
CREATE FUNCTION docket_finish(
    of_job uuid, of_step bigint, by_lease uuid, began timestamptz, took_s float, by_engine text,
    OUT is_held boolean, OUT is_last boolean, OUT job_status text, OUT job_priority int,
    OUT job_active_s float
) LANGUAGE plpgsql AS $$
DECLARE
    of_stage text;
BEGIN
    UPDATE ingestion_job SET
        active_s = active_s + greatest(0, extract(epoch FROM clock_timestamp()
            - greatest(began, coalesce(active_until, began)))),
        active_until = clock_timestamp()
    WHERE id = of_job RETURNING status, priority, active_s
    INTO job_status, job_priority, job_active_s;
    UPDATE ingestion_step SET
        status = 'done', lease = NULL, lease_until = NULL, finished_at = clock_timestamp(),
        elapsed_s = took_s, engine = by_engine, error_code = '', error_message = ''
    WHERE id = of_step AND status = 'running' AND lease = by_lease RETURNING stage INTO of_stage;
    is_held := FOUND;
    is_last := NOT EXISTS (
        SELECT FROM ingestion_step
        WHERE job_id = of_job AND stage = of_stage AND status IN ('queued', 'running'));
END $$;
"""


def _function(sql: str, name: str) -> migrations.RunSQL:
    return migrations.RunSQL(sql, f"DROP FUNCTION {name}")


class Migration(migrations.Migration):
    dependencies = [("ingestion", "0006_steps_by_end")]
    operations = [
        migrations.AddIndex(
            "step",
            models.Index(
                fields=["job", "stage"],
                name="step_open",
                condition=models.Q(status__in=("queued", "running")),
            ),
        ),
        _function(_FULL_LANES, "docket_full_lanes"),
        _function(_CLAIM, "docket_claim"),
        _function(_FINISH, "docket_finish"),
    ]
