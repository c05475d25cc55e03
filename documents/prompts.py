"""Versions of prompts: which one is in force, how a new one comes, what must stand in it.

    none    -> active    create_version(activate=True)
    none    -> resting   create_version(activate=False)
    resting -> active    activate; the one that was active rests
    active  -> resting   rest; the project then takes the one that is active everywhere

A version is never changed. Workers read through a cache of their process that is no more than
`FRESH_S` seconds behind the database.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from documents.errors import Conflict, OperatorError
from documents.language import Prompt, Purpose
from documents.models import AnyUser, Project, record

FRESH_S = 5.0
FIELDS = (
    "template",
    "model",
    "temperature",
    "max_input_tokens",
    "max_output_tokens",
    "json_mode",
    "sees_images",
    "examples",
)
"""What an operator may say of a version."""

_PLACES: Mapping[str, tuple[str, ...]] = {
    Purpose.CLASSIFY: ("types", "pages"),
    Purpose.EXTRACT: ("type", "fields", "examples", "pages"),
    Purpose.ANSWER: ("question", "passages"),
    Purpose.FILTER: ("question", "filters", "today"),
}
_MAY_LACK = frozenset({"examples"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Active:
    """The active prompts by purpose and project, as they stood at `at` (monotonic seconds)."""

    at: float
    prompts: Mapping[tuple[str, int | None], Prompt]


_active = _Active(at=0.0, prompts={})


def active(purpose: Purpose, project_id: int) -> Prompt:
    """The version in force: the project's own, else the one of all projects.

    At most one query each FRESH_S seconds. Raises OperatorError, prompt_missing."""
    global _active
    now = time.monotonic()
    if not _active.prompts or now - _active.at > FRESH_S:
        _active = _Active(at=now, prompts=_look(_active.prompts))
    found = _active.prompts.get((purpose, project_id)) or _active.prompts.get((purpose, None))
    if found is None:
        raise OperatorError(
            f"No prompt is active to {Purpose(purpose).label}; activate one in the admin.",
            "prompt_missing",
        )
    return found


def forget() -> None:
    """Have the next question of this process look into the database."""
    global _active
    _active = _Active(at=0.0, prompts={})


def _look(known: Mapping[Any, Prompt]) -> dict[tuple[str, int | None], Prompt]:
    """The active prompts; those that are known are not fetched again, as they never change."""
    by_id = {prompt.pk: prompt for prompt in known.values()}
    ids = list(Prompt.objects.filter(is_active=True).order_by().values_list("pk", flat=True))
    new = Prompt.objects.in_bulk([pk for pk in ids if pk not in by_id])
    prompts = [by_id.get(pk) or new[pk] for pk in ids if pk in by_id or pk in new]
    return {(prompt.purpose, prompt.project_id): prompt for prompt in prompts}


def placeholders(purpose: str) -> tuple[str, ...]:
    """The names that a template of this purpose may use as `$name`."""
    return _PLACES[Purpose(purpose)]


def check_template(purpose: str, template: str) -> None:
    """Whether a template has all places of its purpose and no others.

    Raises ValidationError: prompt_dollar, prompt_place_unknown, prompt_place_missing."""
    text = Template(template)
    if not text.is_valid():
        raise ValidationError("Write $$ for a dollar sign that is no place.", "prompt_dollar")
    known, used = placeholders(purpose), set(text.get_identifiers())
    if unknown := sorted(used - set(known)):
        raise ValidationError(
            f"There is no ${unknown[0]} here; the places are {_named(known)}.",
            "prompt_place_unknown",
        )
    if missing := [name for name in known if name not in used | _MAY_LACK]:
        raise ValidationError(f"It lacks {_named(missing)}.", "prompt_place_missing")


def render(prompt: Prompt, **places: str) -> str:
    """The template with its places filled; what is filled in is not searched for places again.

    Each place of the purpose must be given, but for `examples`."""
    return Template(prompt.template).substitute(dict.fromkeys(_MAY_LACK, "") | places)


@transaction.atomic
def create_version(
    purpose: Purpose,
    project: Project | None,
    fields: Mapping[str, Any],
    user: AnyUser | None,
    *,
    activate: bool = False,
) -> Prompt:
    """A new version for `project`, None for all; `fields` by the names of `FIELDS`, those left
    out as the model has them.

    Raises ValidationError for values that cannot be."""
    _lock(purpose, project)
    versions = Prompt.objects.filter(purpose=purpose, project=project)
    newest: int = versions.aggregate(newest=Max("number"))["newest"] or 0
    if unknown := sorted(set(fields) - set(FIELDS)):
        raise ValidationError(f"A prompt has no {unknown[0]}.", "prompt_field_unknown")
    author = user.pk if user is not None else None
    made = Prompt(
        **fields, purpose=purpose, project=project, number=newest + 1, created_by_id=author
    )
    made.full_clean(validate_unique=False, validate_constraints=False)
    check_template(purpose, made.template)
    made.save(force_insert=True)
    record("prompt.created", made, actor=user, project=project, purpose=purpose, number=made.number)
    if activate:
        _activate(made, user)
    return made


@transaction.atomic
def activate(prompt: Prompt, user: AnyUser | None) -> None:
    """Put a version into force. Raises Conflict where it is already."""
    _lock(prompt.purpose, prompt.project)
    prompt.refresh_from_db(fields=["is_active"])
    if prompt.is_active:
        raise Conflict(f"Version {prompt.number} is active already.", "prompt_active")
    _activate(prompt, user)


@transaction.atomic
def rest(prompt: Prompt, user: AnyUser | None) -> None:
    """Have a project take the prompt of all projects again.

    Raises Conflict: prompt_needed for one of all projects, prompt_resting."""
    if prompt.project_id is None:
        raise Conflict(
            "Projects without a prompt of their own need it; activate another one instead.",
            "prompt_needed",
        )
    _lock(prompt.purpose, prompt.project)
    if not Prompt.objects.filter(pk=prompt.pk, is_active=True).update(is_active=False):
        raise Conflict(f"Version {prompt.number} is not active.", "prompt_resting")
    prompt.is_active = False
    _tell("prompt.rested", prompt, user)


def _activate(prompt: Prompt, user: AnyUser | None) -> None:
    others = Prompt.objects.filter(purpose=prompt.purpose, project=prompt.project)
    others.filter(is_active=True).update(is_active=False)
    Prompt.objects.filter(pk=prompt.pk).update(is_active=True)
    prompt.is_active = True
    _tell("prompt.activated", prompt, user)


def _tell(verb: str, prompt: Prompt, user: AnyUser | None) -> None:
    told = {"purpose": prompt.purpose, "number": prompt.number}
    record(verb, prompt, actor=user, project=prompt.project, **told)
    forget()
    # Another thread may have looked before this transaction was committed.
    transaction.on_commit(forget)


def _lock(purpose: str, project: Project | None) -> None:
    """Have versions of a purpose and project come one after the other."""
    if project is not None:
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        return
    everywhere = Prompt.objects.filter(purpose=purpose, project=None)
    everywhere.select_for_update(no_key=True, of=("self",)).order_by("number").first()


def _named(names: Any) -> str:
    return ", ".join(f"${name}" for name in names)
