"""Many documents decided at once: confirmed where nothing is doubtful, rejected, sent back.

Each is decided by the verb for one (`review.py`), in a transaction of its own; what cannot be
is left and said why. A bulk confirmation leaves no outcomes behind: nobody looked at each
value, so it is no measure of what was read right."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from documents import drafts, field_checks, review, schemas, trust, turns
from documents.errors import SenderError
from documents.models import (
    AnyUser,
    Document,
    DocumentQuerySet,
    DocumentStatus,
    Outcome,
)
from documents.turn_models import Handling

MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A document and why it is left for a person to look at, "" where nothing is doubtful."""

    document: Document
    why: str

    @property
    def is_ready(self) -> bool:
        return not self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How many documents were decided, and which were left: document and sentence."""

    done: int
    left: Sequence[tuple[UUID, str]]


def weigh(documents: DocumentQuerySet, user: AnyUser) -> list[Weighed]:
    """The first MOST of these, each with whether it can be confirmed unseen.

    Two queries beside that for the documents."""
    found = list(documents.select_related("type", "project", "upload", "schema_version")[:MOST])
    held = turns.held([document.pk for document in found])
    weighed = []
    for document in found:
        turn = held.get(document.pk)
        is_with_another = turn is not None and turn.holder_id not in (None, user.pk)
        why = f"{turn.holder} is at work on it." if turn and is_with_another else doubt(document)
        weighed.append(Weighed(document=document, why=why))
    return weighed


def doubt(document: Document) -> str:
    """Why a person must look at this document before it is confirmed; "" for no reason.

    Judged by its values, checks and thresholds as they are now; a reason that they do not tell
    of (another paper contradicts it, its type is unsure, it was drawn as a sample, sent back)
    stays one."""
    if document.status != DocumentStatus.DRAFT_PENDING:
        return "It does not wait for a review any more."
    if document.type is None or document.schema_version is None:
        return "Nothing was read of it yet."
    slug, schema = document.type.slug, document.schema_version.schema
    thresholds = trust.thresholds_of(document.project, slug)
    for reason in document.reasons:
        if _still_holds(reason, document, thresholds):
            return str(reason["message"])
    required = drafts.required_pointers(schema, ())
    if gaps := drafts.missing(document.payload, schema, required):
        return gaps[0]["message"]
    findings = field_checks.run(slug, schema, document.payload)
    if failed := drafts.failed_checks(findings, document.evidence):
        return failed[0]["message"]
    named = required | {f"/{name}" for name in schemas.required_if_labelled(schema)}
    for pointer in sorted(named):
        found = document.evidence.get(pointer)
        if found is not None and not trust.is_settled(found, thresholds.of(pointer)):
            return f"{schemas.title_of(schema, pointer)} is not sure enough."
        if found is None and pointer in required:
            return f"Nothing tells where {schemas.title_of(schema, pointer)} comes from."
    return ""


def confirm(chosen: Iterable[tuple[UUID, int]], user: AnyUser) -> Done:
    """Confirm those of these documents (id, version as shown) of which nothing is doubtful."""

    def verb(document: Document, version: int) -> None:
        if why := doubt(document):
            raise review.NotReady(why, "doubtful")
        turns.refuse_if_held([document.pk], user)
        with transaction.atomic():
            review.confirm(document.pk, user, version=version, values={})
            Outcome.objects.filter(document=document.pk).delete()
            Handling.objects.filter(document=document.pk).update(is_bulk=True, seconds=None)

    return _each(chosen, user, verb)


def reject(chosen: Iterable[tuple[UUID, int]], user: AnyUser, *, reason: str) -> Done:
    def verb(document: Document, version: int) -> None:
        turns.refuse_if_held([document.pk], user)
        review.reject(document.pk, user, version=version, reason=reason)

    return _each(chosen, user, verb)


def send_back(chosen: Iterable[tuple[UUID, int]], user: AnyUser) -> Done:
    """Reopen those that were confirmed or rejected."""

    def verb(document: Document, version: int) -> None:
        review.reopen(document.pk, user, version=version)

    return _each(chosen, user, verb)


def _each(
    chosen: Iterable[tuple[UUID, int]], user: AnyUser, verb: Callable[[Document, int], None]
) -> Done:
    done, left = 0, []
    versions = dict(list(chosen)[:MOST])
    seen = Document.objects.open_to(user, *turns.REVIEWERS).filter(pk__in=versions)
    for document in seen.select_related("type", "project", "schema_version"):
        try:
            verb(document, versions.pop(document.pk))
        except SenderError as fault:
            left.append((document.pk, fault.message))
        else:
            done += 1
    left += [(pk, "It is not yours to review, or it is gone.") for pk in versions]
    return Done(done=done, left=left)


def _still_holds(
    reason: Mapping[str, str], document: Document, thresholds: trust.Thresholds
) -> bool:
    """Whether a reason is one still: what was missing may be filled, what was unsure may be
    enough by now; checks are run anew."""
    code, pointer = reason["code"], f"/{reason['field']}"
    if code.startswith("check_"):
        return False
    if code == "missing":
        return drafts.get(document.payload, pointer) in (None, "")
    found = document.evidence.get(pointer)
    if code == "low_confidence" and found is not None:
        return not trust.is_settled(found, thresholds.of(pointer))
    return True
