"""The same unit of work for Celery; runs in the environment of bench/requirements.txt."""

import os

import celery  # type: ignore[import-not-found]

from bench.queues import stamps

app = celery.Celery("bench", broker=os.environ["BENCH_REDIS"])
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
unit = app.task(name="unit")(stamps.stamp)


def main() -> None:
    def many(number: int) -> None:
        for _ in range(number):
            unit.delay()

    stamps.serve(lambda: unit.delay(), many)


if __name__ == "__main__":
    main()
