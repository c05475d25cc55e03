"""The services of deploy/compose.yaml, run as Compose would run them, as processes.

Their commands, their environment and their health checks are taken from the file; only the
addresses of Postgres and S3 are filled in, by the variables that the file has for that.
"""

import base64
import http.client
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import servers
from tests.deploy import compose
from tests.deploy.test_manifests import manifest

pytestmark = pytest.mark.acceptance
BUCKET = "papers"
PASSWORD = "a-long-test-word"
MAKE_OPERATOR = (
    "from django.contrib.auth import get_user_model;"
    "from documents.models import Project;"
    "Project.objects.create(slug='default', name='Default');"
    f"get_user_model().objects.create_superuser('operator', password='{PASSWORD}')"
)


@dataclass(slots=True, kw_only=True)
class Host:
    """Stands in for the Docker host: starts the services of the file in a folder of its own."""

    folder: Path
    services: dict[str, Any]
    port: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def environment(self, service: str) -> dict[str, str]:
        """Of the container: what the image sets, what the file sets, and nothing else."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "OMP_THREAD_LIMIT": "1",
            "DOCKET_VAR": str(self.folder / "var"),
            **self.services[service]["environment"],
        }

    def words(self, words: list[str]) -> list[str]:
        """A command of the file with this Python and the port in it."""
        programs = {"python": [sys.executable], "gunicorn": [sys.executable, "-m", "gunicorn"]}
        here = [word.replace(":8000", f":{self.port}") for word in words[1:]]
        return [*programs[words[0]], *here]

    def start(self, service: str) -> subprocess.Popen[bytes]:
        with open(self.log(service), "ab") as log:
            process = subprocess.Popen(
                self.words(self.services[service]["command"]),
                cwd=compose.ROOT,
                env=self.environment(service),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running[service] = process
        return process

    def log(self, service: str) -> Path:
        return self.folder / f"{service}.log"

    def finish(self, service: str) -> None:
        """Wait for a one-shot service, which must end well."""
        assert self.running.pop(service).wait(timeout=60) == 0, self.log(service).read_text()

    def manage(self, *words: str, service: str = "web") -> None:
        subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=compose.ROOT,
            env=self.environment(service),
            check=True,
            capture_output=True,
        )

    def is_healthy(self, service: str) -> bool:
        """Runs the health check of the file."""
        kind, *words = self.services[service]["healthcheck"]["test"]
        assert kind == "CMD"
        done = subprocess.run(
            self.words(words),
            cwd=compose.ROOT,
            env=self.environment(service),
            capture_output=True,
            check=False,
        )
        return done.returncode == 0

    def end(self) -> None:
        """SIGKILL to all that is left, children included."""
        for process in self.running.values():
            for child in _family(process.pid):
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            process.kill()
            process.wait()


def _family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@contextmanager
def host(folder: Path) -> Iterator[tuple[Host, servers.S3]]:
    with servers.postgres_over_tcp() as postgres, servers.s3() as s3:
        told = compose.services(
            DATABASE_URL=postgres.url,
            MIGRATE_DATABASE_URL=postgres.url,
            DOCKET_S3_ENDPOINT=s3.endpoint,
            DOCKET_S3_BUCKET=BUCKET,
            DOCKET_WORKERS="1",
        )
        made = Host(folder=folder, services=told, port=servers.free_port())
        try:
            yield made, s3
        finally:
            made.end()


def call(made: Host, path: str, *, body: bytes | None = None, headers: dict[str, str]) -> Any:
    """An answer of the API, asked the way that a proxy which ended TLS asks."""
    word = base64.b64encode(f"operator:{PASSWORD}".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{made.port}{path}",
        data=body,
        headers={"X-Forwarded-Proto": "https", "Authorization": f"Basic {word}", **headers},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def send(made: Host, filename: str, content: bytes) -> Any:
    mark = "docket-test-boundary"
    body = io.BytesIO()
    body.write(
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
    )
    body.write(content + f"\r\n--{mark}--\r\n".encode())
    kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    return call(made, "/api/v1/jobs", body=body.getvalue(), headers=kind)


def redirect(made: Host, path: str) -> str | None:
    """Where somebody is sent who comes without the word of a proxy."""
    with closing(http.client.HTTPConnection("127.0.0.1", made.port, timeout=10)) as connection:
        connection.request("GET", path, headers={"Host": "localhost"})
        return connection.getresponse().getheader("Location")


def is_ready(made: Host) -> bool:
    """Asks what the readiness probe of kubernetes.yaml asks."""
    [web] = manifest("Deployment", "web")["spec"]["template"]["spec"]["containers"]
    probe = web["readinessProbe"]["httpGet"]
    headers = {header["name"]: header["value"] for header in probe["httpHeaders"]}
    request = urllib.request.Request(f"http://127.0.0.1:{made.port}{probe['path']}")
    for name, value in headers.items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_the_services_come_up_read_a_file_and_go_down(tmp_path: Path) -> None:
    with host(tmp_path) as (made, s3):
        made.start("migrate")
        made.start("bucket")
        made.manage("collectstatic", "--noinput", "-v0")
        made.finish("bucket")
        made.finish("migrate")
        assert not made.is_healthy("work")
        web, work = made.start("web"), made.start("work")
        made.manage("shell", "--no-imports", "-c", MAKE_OPERATOR)
        servers.wait_until(lambda: is_ready(made), f"web is ready: {made.log('web').read_text()}")
        assert made.is_healthy("web")

        job = send(made, "heron.txt", b"The heron stands in shallow water and waits.")
        address = f"/api/v1/jobs/{job['job']}"
        servers.wait_until(
            lambda: call(made, address, headers={})["status"] in ("completed", "failed"),
            "the job ends",
        )
        told = call(made, address, headers={})
        assert (told["status"], told["pages"], told["error"]) == ("completed", 1, None)
        hits = call(made, "/api/v1/search?q=heron", headers={})["hits"]
        assert [hit["file"] for hit in hits] == ["heron.txt"]
        assert any(name.startswith("uploads/") for name in s3.names(BUCKET))
        assert not (tmp_path / "var" / "media").exists()
        assert made.is_healthy("work")

        assert redirect(made, "/login") == "https://localhost/login"

        for service, process in (("web", web), ("work", work)):
            children = _family(process.pid)
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=compose.grace_s(service))
            assert code == 0, made.log(service).read_text()
            _, alive = psutil.wait_procs(children, timeout=5)
            assert not alive, shlex.join(child.name() for child in alive)
