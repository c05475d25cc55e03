"""Old calls of language models: their rows go, what they came to stays as totals by day.

A row is kept while it may serve: as an answer that is taken instead of a new one (until nobody
has taken it for `MODEL_CALLS_KEPT_D` days) and as a line of the charts and of today's budget
(a check of the settings keeps them for longer than the longest chart is).
"""

import time

from django.conf import settings
from django.db import connection

_SLICE_ROWS = 5_000
# In one statement, so that no row is counted twice or lost.
_FOLD = """
WITH old AS (
    SELECT id FROM documents_llmcall
    WHERE status <> 'pending' AND used_at < now() - make_interval(days => %(days)s)
        AND created_at < now() - make_interval(days => %(days)s)
    ORDER BY used_at LIMIT %(rows)s FOR UPDATE SKIP LOCKED),
gone AS (
    DELETE FROM documents_llmcall WHERE id IN (SELECT id FROM old) RETURNING *),
kept AS (
    INSERT INTO documents_modeltotal AS total (project_id, day, purpose, model, calls, failed,
        requests, reused, input_tokens, output_tokens, cost_microcents)
    SELECT project_id, (created_at AT TIME ZONE 'UTC')::date, purpose, model, count(*),
        count(*) FILTER (WHERE status = 'failed'), sum(requests), sum(reused),
        sum(input_tokens), sum(output_tokens), sum(cost_microcents)
    FROM gone GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT ON CONSTRAINT model_total_once DO UPDATE SET
        calls = total.calls + excluded.calls, failed = total.failed + excluded.failed,
        requests = total.requests + excluded.requests, reused = total.reused + excluded.reused,
        input_tokens = total.input_tokens + excluded.input_tokens,
        output_tokens = total.output_tokens + excluded.output_tokens,
        cost_microcents = total.cost_microcents + excluded.cost_microcents)
SELECT count(*) FROM gone
"""


def fold(*, span_s: float, slice_rows: int = _SLICE_ROWS) -> int:
    """Add calls that nobody used for long to the totals and delete their rows, `slice_rows` a
    statement, for `span_s` seconds at most; how many. Outside any transaction."""
    until, count = time.monotonic() + span_s, 0
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            asked = {"days": settings.MODEL_CALLS_KEPT_D, "rows": slice_rows}
            cursor.execute(_FOLD, asked)
            (folded,) = cursor.fetchone() or (0,)
        count += folded
        if folded < slice_rows:
            break
    return count
