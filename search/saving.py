"""What people do with searches they keep: name them, share them, rename them, delete them."""

from collections.abc import Mapping

from django.db import IntegrityError, transaction

from documents.errors import Conflict, NotAllowed, SenderError
from documents.models import AnyUser, Project, record
from search.saved import MAX_NAME_CHARS, SavedSearch

MAX_OWN = 200


def keep(
    name: str, parameters: Mapping[str, str], *, user: AnyUser, shared_with: Project | None
) -> SavedSearch:
    """Keep a search under a name, for its owner or for a project that the owner may see.
    SenderError where name or search is empty and where there are MAX_OWN already; Conflict where
    the name is taken; NotAllowed for someone who is not signed in."""
    if user.pk is None:
        raise NotAllowed()
    told = _named(name)
    if not parameters:
        raise SenderError("Search for something first.", "search_empty")
    if SavedSearch.objects.filter(owner_id=user.pk).count() >= MAX_OWN:
        raise SenderError(f"You have {MAX_OWN} searches; delete one first.", "too_many_searches")
    made = SavedSearch(
        name=told, parameters=dict(parameters), shared_with=shared_with, owner_id=user.pk
    )
    _save(made, "search.saved", user)
    return made


def change(kept: SavedSearch, *, user: AnyUser, name: str, shared_with: Project | None) -> None:
    """Rename, share or take back. NotAllowed, or as `keep` raises."""
    _check(kept, user)
    kept.name, kept.shared_with = _named(name), shared_with
    _save(kept, "search.changed", user)


def delete(kept: SavedSearch, *, user: AnyUser) -> None:
    """NotAllowed where it is somebody else's."""
    _check(kept, user)
    with transaction.atomic():
        record("search.deleted", kept, actor=user, project=kept.shared_with)
        kept.delete()


def _check(kept: SavedSearch, user: AnyUser) -> None:
    if not SavedSearch.objects.steered_by(user).filter(pk=kept.pk).exists():
        raise NotAllowed()


def _named(name: str) -> str:
    told = " ".join(name.replace("\0", " ").split())
    if not 0 < len(told) <= MAX_NAME_CHARS:
        raise SenderError(f"A name has 1 to {MAX_NAME_CHARS} characters.", "invalid_name")
    return told


def _save(kept: SavedSearch, verb: str, user: AnyUser) -> None:
    try:
        with transaction.atomic():
            kept.save()
            record(verb, kept, actor=user, project=kept.shared_with)
    except IntegrityError as fault:
        raise Conflict("There is a search of that name already.", "name_taken") from fault
