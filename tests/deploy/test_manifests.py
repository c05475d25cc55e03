"""deploy/: valid by the tools' own schemas, at one with the code, harmless until filled in."""

import copy
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from ingestion import cluster
from tests.config.test_settings import variables
from tests.deploy import compose

ROOT = compose.ROOT
DEPLOY = ROOT / "deploy"
KUBERNETES = ("1.30", "1.37")
# What boto3 reads by itself.
NOT_OURS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def manifests() -> list[Any]:
    found = []
    for file in sorted(DEPLOY.glob("kubernetes*.yaml")):
        for manifest in yaml.safe_load_all(file.read_text()):
            name = f"{file.stem}/{manifest['kind']}/{manifest['metadata']['name']}"
            found.append(pytest.param(manifest, id=name))
    assert len(found) > 10
    return found


def manifest(kind: str, name: str) -> dict[str, Any]:
    for parameter in manifests():
        found: dict[str, Any] = parameter.values[0]
        if (found["kind"], found["metadata"]["name"]) == (kind, name):
            return found
    raise AssertionError(f"no {kind} {name}")


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for parameter in manifests():
        found = parameter.values[0]
        if found["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield found["metadata"]["name"], found["spec"]["template"]["spec"]


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", []), *pod["containers"]]


# -- Compose ---------------------------------------------------------------------------------


def test_compose_takes_the_file_without_a_murmur() -> None:
    done = compose.run(compose.NEEDED, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


def test_compose_would_have_seen_a_mistake() -> None:
    wrong = compose.FILE.read_text().replace("stop_grace_period: 90s", "stop_grace_periods: 90s")
    done = compose.run(compose.NEEDED, "--quiet", text=wrong)
    assert done.returncode != 0
    assert "stop_grace_periods" in done.stderr


@pytest.mark.parametrize("name", compose.NEEDED)
def test_compose_starts_nothing_without(name: str) -> None:
    for values in (
        {key: value for key, value in compose.NEEDED.items() if key != name},
        {**compose.NEEDED, name: ""},
    ):
        done = compose.run(values, "--quiet")
        assert done.returncode != 0
        assert f"required variable {name} is missing" in done.stderr


def test_the_example_of_an_env_file_names_what_is_needed_and_gives_none_of_it() -> None:
    example = (DEPLOY / "compose.env.example").read_text()
    given = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", example, re.MULTILINE))
    assert set(compose.NEEDED) <= set(given)
    assert not any(given[name] for name in compose.NEEDED)
    read = set(re.findall(r"\$\{([A-Z0-9_]+)", compose.FILE.read_text()))
    assert set(given) <= read


# -- Kubernetes ------------------------------------------------------------------------------


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("manifest", manifests())
def test_kubernetes_takes_the_manifest(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_kubernetes_would_have_seen_a_mistake() -> None:
    wrong = copy.deepcopy(manifest("Deployment", "work"))
    wrong["spec"]["template"]["spec"]["terminationGracePeriod"] = 90
    with pytest.raises(kubernetes_validate.ValidationError, match="terminationGracePeriod"):
        kubernetes_validate.validate(wrong, KUBERNETES[-1], strict=True)


def test_no_pod_can_become_root() -> None:
    for name, pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] > 0, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in containers(pod):
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["capabilities"] == {"drop": ["ALL"]}, name
            assert {"requests", "limits"} <= set(container["resources"]), name


def test_whatever_runs_for_long_is_probed() -> None:
    for name, pod in pods():
        for container in pod["containers"] if name != "migrate" else ():
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container), name


def test_a_selector_finds_the_pods_of_its_part() -> None:
    labels = {name: {"app": "docket", "part": name} for name, _ in pods()}
    for parameter in manifests():
        found = parameter.values[0]
        selector = found.get("spec", {}).get("selector")
        if selector:
            wanted = selector.get("matchLabels", selector)
            assert wanted == labels[found["metadata"]["name"]]


# -- Both, and the code ----------------------------------------------------------------------


def environments() -> Iterator[tuple[str, dict[str, Any]]]:
    """What the programs of ours get, by name of the file."""
    for name, service in compose.services().items():
        if service["image"] == "docket:local":
            yield f"compose {name}", service["environment"]
    kubernetes: dict[str, Any] = {
        **manifest("ConfigMap", "docket")["data"],
        **manifest("Secret", "docket")["stringData"],
    }
    for name in ("migrate", "web", "work"):
        pod = dict(pods())[name]
        own = {entry["name"]: "" for entry in pod["containers"][0].get("env", [])}
        yield f"kubernetes {name}", kubernetes | own


def test_every_variable_that_is_set_is_read() -> None:
    known = variables() | NOT_OURS
    for name, environment in environments():
        assert not set(environment) - known, name


def test_every_variable_that_is_named_exists() -> None:
    for file in DEPLOY.iterdir():
        named = set(re.findall(r"\b(DOCKET_[A-Z0-9_]+)", file.read_text(encoding="utf-8")))
        assert not named - variables(), file.name


def test_the_programs_are_the_same_everywhere() -> None:
    services, found = compose.services(), dict(pods())
    for name in ("migrate", "web", "work"):
        assert services[name]["command"] == found[name]["containers"][0]["args"], name
    last = (DEPLOY / "Dockerfile").read_text().rstrip().splitlines()[-1]
    assert yaml.safe_load(last.removeprefix("CMD ")) == services["web"]["command"]


def test_workers_are_given_the_time_to_drain() -> None:
    needed_s = cluster.GRACE_S + cluster.WATCH_S
    assert dict(pods())["work"]["terminationGracePeriodSeconds"] > needed_s + 10
    assert compose.grace_s("work") > needed_s + 10


def test_the_image_takes_what_it_needs_and_is_sent_nothing_else() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copied = {line.split()[1] for line in lines if line.startswith("COPY ")}
    sent = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert copied == sent
    assert all((ROOT / name).exists() for name in copied)
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert packages <= copied


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL"])
def test_a_manifest_that_was_not_filled_in_starts_nothing(name: str, tmp_path: Path) -> None:
    """The other value is filled in, so that it is this one that is refused."""
    filled = {"SECRET_KEY": "k" * 50, "DATABASE_URL": "postgres://docket:p@127.0.0.1:1/docket"}
    environment = {
        **manifest("ConfigMap", "docket")["data"],
        **manifest("Secret", "docket")["stringData"],
        **{key: value for key, value in filled.items() if key != name},
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={"PATH": os.defpath, "DOCKET_VAR": str(tmp_path / "var"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert name in done.stderr
