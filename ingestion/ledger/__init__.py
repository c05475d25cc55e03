"""The only writer of Job.status and Step.status.

    turns     whose turn it is: submit, plan, ageing
    claims    the best ready step goes to the worker that asks
    outcome   what a run came to: renew, finish, fail, interrupt, expire
    repair    what nobody ended: lost leases, fan-ins that nobody planned
    orders    what a person decides: cancel, retry, priority
    rows      compare-and-set, shared by these

Every change is compare-and-set on the state it starts from. Transactions that touch a job's
steps lock the Job row first, then its batch's, so that they cannot deadlock and the last of
a stage's steps sees that it is the last. Leases are measured on the database's clock.
"""

from ingestion.ledger.claims import claim, has_lost, has_ready, waits_since
from ingestion.ledger.orders import cancel, retry, retry_failed, retry_step, set_priority
from ingestion.ledger.outcome import expire, fail, finish, hold, interrupt, renew
from ingestion.ledger.repair import advance_stuck, release_expired
from ingestion.ledger.rows import HALVED
from ingestion.ledger.turns import age, close_batch, held_batch, plan, submit, told_workers

__all__ = [
    "HALVED",
    "advance_stuck",
    "age",
    "cancel",
    "claim",
    "close_batch",
    "expire",
    "fail",
    "finish",
    "has_lost",
    "has_ready",
    "held_batch",
    "hold",
    "interrupt",
    "plan",
    "release_expired",
    "renew",
    "retry",
    "retry_failed",
    "retry_step",
    "set_priority",
    "submit",
    "told_workers",
    "waits_since",
]
