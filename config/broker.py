"""Which broker carries the wake-ups: Postgres itself, or one of django-q2's own.

""                        rows of our database, with LISTEN and NOTIFY
polling                   the same rows by django-q2's ORM broker, which asks again and again
redis://host:6379/0       Redis (rediss:// with TLS)
sqs://REGION              Amazon SQS; credentials and endpoint as boto3 finds them
"""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

# A web request must not hang on a broker that does not answer.
_REDIS_WAIT_S = {"socket_connect_timeout": "2", "socket_timeout": "5"}


def options(url: str) -> dict[str, Any]:
    """The part of Q_CLUSTER that chooses the broker. Raises ValueError for any other word."""
    if url in ("", "postgres"):
        return {"orm": "default", "broker_class": "ingestion.queue.Listening"}
    if url == "polling":
        return {"orm": "default"}
    parts = urlsplit(url)
    if parts.scheme in ("redis", "rediss"):
        query = urlencode(_REDIS_WAIT_S | dict(parse_qsl(parts.query)))
        return {"redis": urlunsplit(parts._replace(query=query))}
    if parts.scheme == "sqs":
        return {"sqs": {"aws_region": parts.netloc, "receive_message_wait_time_seconds": 1}}
    raise ValueError("DOCKET_BROKER must be empty, polling, redis://..., rediss://... or sqs://...")
