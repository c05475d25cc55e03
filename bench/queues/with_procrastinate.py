"""The same unit of work for procrastinate; runs in the environment of bench/requirements.txt."""

import os

import procrastinate  # type: ignore[import-not-found]

from bench.queues import stamps

CONNINFO = os.environ["BENCH_CONNINFO"]
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=CONNINFO))


async def unit() -> None:
    stamps.stamp()


task = app.task(name="unit")(unit)


def main() -> None:
    with app.open():
        if not app.check_connection():
            app.schema_manager.apply_schema()

        def many(number: int) -> None:
            task.batch_defer(*[{}] * number)

        stamps.serve(lambda: task.defer(), many)


if __name__ == "__main__":
    main()
