"""The two statements that every step costs, as functions: planned once a session, one call each.

Every statement inside a volatile function sees what was committed before it, so that a fan-in
is looked for after the job's lock was had, as if they were sent one by one.
"""

from django.db import migrations, models

# Lanes that may begin nothing now are those of a project at its cap and those of screenshots.
# While one is full, the best steps are sought lane by lane: a backlog of a full lane that
# stands first must not be walked through for each claim. They are chosen without a lock and
# locked one by one until one is had, so that a claim holds no lane's head from the others.
# A cap is counted again under a lock of its own before a step that it concerns is taken.
_CLAIM = """
CREATE FUNCTION docket_claim(
    for_lease uuid, for_worker text, on_host text, lease_s float, captures int
) RETURNS SETOF ingestion_step LANGUAGE plpgsql AS $$
DECLARE
    candidate bigint;
    best record;
    full_projects bigint[];
    full_kinds text[];
BEGIN
    IF EXISTS (SELECT FROM ingestion_control WHERE is_paused AND host IN ('', on_host)) THEN
        RETURN;
    END IF;
    SELECT * INTO full_projects, full_kinds FROM docket_full_lanes(captures);
    LOOP
        best := NULL;
        IF full_projects = '{}' AND full_kinds = '{}' THEN
            SELECT id, project_id, kind INTO best FROM ingestion_step
            WHERE status = 'queued' AND run_after <= clock_timestamp()
            ORDER BY priority, rank, id LIMIT 1 FOR UPDATE SKIP LOCKED;
        ELSE
            FOR candidate IN SELECT id FROM docket_heads(full_projects, full_kinds) LOOP
                SELECT id, project_id, kind INTO best FROM ingestion_step
                WHERE id = candidate AND status = 'queued' FOR UPDATE SKIP LOCKED;
                EXIT WHEN FOUND;
            END LOOP;
        END IF;
        IF best IS NULL THEN
            RETURN;
        END IF;
        PERFORM FROM ingestion_limits
        WHERE project_id = best.project_id AND steps_at_once IS NOT NULL FOR NO KEY UPDATE;
        IF NOT FOUND AND best.kind <> 'capture' THEN
            EXIT;
        END IF;
        IF best.kind = 'capture' THEN
            PERFORM pg_advisory_xact_lock(hashtext('docket captures'));
        END IF;
        SELECT * INTO full_projects, full_kinds FROM docket_full_lanes(captures);
        EXIT WHEN best.project_id <> ALL (full_projects) AND best.kind <> ALL (full_kinds);
    END LOOP;
    -- A claim that a crash forgets is a step that is ready again: nobody waits for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN QUERY UPDATE ingestion_step SET
        status = 'running', lease = for_lease, worker = for_worker,
        lease_until = clock_timestamp() + make_interval(secs => lease_s),
        started_at = clock_timestamp(), finished_at = NULL
    WHERE id = best.id RETURNING *;
END $$;
"""
# The first steps of every lane that has any and is not full, the best of all first.
_HEADS = """
CREATE FUNCTION docket_heads(full_projects bigint[], full_kinds text[])
RETURNS TABLE (id bigint) LANGUAGE sql AS $$
    WITH RECURSIVE lane AS (
        (SELECT project_id, kind FROM ingestion_step WHERE status = 'queued'
         ORDER BY project_id, kind LIMIT 1)
        UNION ALL
        SELECT later.project_id, later.kind FROM lane CROSS JOIN LATERAL (
            SELECT project_id, kind FROM ingestion_step
            WHERE status = 'queued' AND (project_id, kind) > (lane.project_id, lane.kind)
            ORDER BY project_id, kind LIMIT 1) AS later)
    SELECT first.id FROM lane CROSS JOIN LATERAL (
        SELECT step.id, step.priority, step.rank FROM ingestion_step AS step
        WHERE step.status = 'queued' AND step.project_id = lane.project_id
            AND step.kind = lane.kind AND step.run_after <= clock_timestamp()
        ORDER BY step.priority, step.rank, step.id LIMIT 32) AS first
    WHERE lane.project_id <> ALL (full_projects) AND lane.kind <> ALL (full_kinds)
    ORDER BY first.priority, first.rank, first.id LIMIT 256
$$;
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
# Locks a job like SELECT FOR NO KEY UPDATE, and counts the time that a step of it was at work.
# Spans of steps that ran side by side count once: only what lies after the last span's end.
_LOCK = """
CREATE FUNCTION docket_lock(of_job uuid, began timestamptz) RETURNS SETOF ingestion_job
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY UPDATE ingestion_job SET
        active_s = active_s + greatest(0, extract(epoch FROM clock_timestamp()
            - greatest(began, coalesce(active_until, began)))),
        active_until = clock_timestamp()
    WHERE id = of_job RETURNING *;
END $$;
"""
# The job is locked first, as everywhere.
_FINISH = """
CREATE FUNCTION docket_finish(
    of_job uuid, of_step bigint, by_lease uuid, began timestamptz, took_s float, by_engine text,
    OUT is_held boolean, OUT is_last boolean, OUT job_status text, OUT job_priority int,
    OUT job_active_s float
) LANGUAGE plpgsql AS $$
DECLARE
    of_stage text;
BEGIN
    SELECT status, priority, active_s INTO job_status, job_priority, job_active_s
    FROM docket_lock(of_job, began);
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
        _function(_HEADS, "docket_heads"),
        _function(_CLAIM, "docket_claim"),
        _function(_LOCK, "docket_lock"),
        _function(_FINISH, "docket_finish"),
    ]
