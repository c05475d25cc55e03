"""What this process counts of its own work, for /metrics. A leaf: any app may import it.

Only counting happens here, in memory. `ingestion/metrics.py` writes a process's counts to its
row and adds up those of all processes. Whoever changes the buckets of a histogram gives it
another name: counts of old and new buckets cannot be added.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric

REGISTRY = CollectorRegistry()
STEP_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 240)
MODEL_BUCKETS_S = (0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120)
SEARCH_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 5, 10)

_steps = Counter(
    "docket_steps",
    "Runs of steps by how they ended; lost: the worker vanished, skipped: the job had ended",
    ["stage", "outcome"],
    registry=REGISTRY,
)
_step_seconds = Histogram(
    "docket_step_seconds",
    "Seconds that runs of steps took, whatever they came to",
    ["stage"],
    buckets=STEP_BUCKETS_S,
    registry=REGISTRY,
)
_pages = Counter("docket_pages_read", "Pages read, again or for the first time", registry=REGISTRY)
_texts = Counter("docket_texts_embedded", "Texts that workers embedded", registry=REGISTRY)
_embed_seconds = Counter(
    "docket_embed_seconds", "Seconds that workers waited for the embedder", registry=REGISTRY
)
_restarts = Counter(
    "docket_engine_restarts", "Engine children started after a worker's first", registry=REGISTRY
)
_search_seconds = Histogram(
    "docket_search_seconds",
    "Seconds that searches took, by the way that was used in the end",
    ["mode"],
    buckets=SEARCH_BUCKETS_S,
    registry=REGISTRY,
)
_model_calls = Counter(
    "docket_model_calls",
    "Questions to language models by how they ended: answered, reused, or the code of a failure",
    ["purpose", "outcome"],
    registry=REGISTRY,
)
_model_requests = Counter(
    "docket_model_requests", "Requests sent to language models", ["purpose"], registry=REGISTRY
)
_model_tokens = Counter(
    "docket_model_tokens",
    "Tokens that language models took and gave",
    ["purpose", "direction"],
    registry=REGISTRY,
)
_model_cost = Counter(
    "docket_model_cost_cents", "US cents that models cost", ["purpose"], registry=REGISTRY
)
_model_seconds = Histogram(
    "docket_model_seconds",
    "Seconds until a question was answered, or was not",
    ["purpose"],
    buckets=MODEL_BUCKETS_S,
    registry=REGISTRY,
)
_news = 0


def step_ended(stage: str, outcome: str, elapsed_s: float) -> None:
    """A run of a step ended: done, retried, failed, halved or skipped."""
    _steps.labels(stage, outcome).inc()
    _step_seconds.labels(stage).observe(elapsed_s)
    if (stage, outcome) == ("ocr", "done"):
        _pages.inc()
    _tell()


def step_lost(stage: str) -> None:
    """A run ended with its worker, which cannot say so itself."""
    _steps.labels(stage, "lost").inc()
    _tell()


def embedded(texts: int, elapsed_s: float) -> None:
    _texts.inc(texts)
    _embed_seconds.inc(elapsed_s)
    _tell()


def engine_restarted(times: int) -> None:
    _restarts.inc(times)
    _tell()


def searched(mode: str, elapsed_s: float) -> None:
    _search_seconds.labels(mode).observe(elapsed_s)
    _tell()


def model_called(
    purpose: str, outcome: str, *, requests: int, elapsed_s: float | None = None
) -> None:
    """A question to a language model ended: answered, or the code of its failure. elapsed_s:
    None where nobody waited for it."""
    _model_calls.labels(purpose, outcome).inc()
    _model_requests.labels(purpose).inc(requests)
    if elapsed_s is not None:
        _model_seconds.labels(purpose).observe(elapsed_s)
    _tell()


def model_spent(purpose: str, *, into: int, out: int, cents: float) -> None:
    """Tokens that a question took, and what they cost."""
    _model_tokens.labels(purpose, "in").inc(into)
    _model_tokens.labels(purpose, "out").inc(out)
    _model_cost.labels(purpose).inc(cents)
    _tell()


def model_reused(purpose: str) -> None:
    """An answer was there already."""
    _model_calls.labels(purpose, "reused").inc()
    _tell()


def news() -> int:
    """Another number than before where anything was counted since."""
    return _news


def counts() -> dict[str, float]:
    """Every sample of this process: {'docket_steps_total{outcome="done",stage="ocr"}': 3.0}."""
    return {
        key(sample.name, sample.labels): sample.value
        for family in families()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def families() -> Iterator[Metric]:
    """The names, texts and types of what is counted, each with this process's samples."""
    yield from REGISTRY.collect()


def key(name: str, labels: dict[str, str]) -> str:
    """A sample's name with its labels in order; label values are our own plain words."""
    return name + "{" + ",".join(f'{label}="{labels[label]}"' for label in sorted(labels)) + "}"


def _tell() -> None:
    global _news
    _news += 1
