"""What a person may do anywhere at all, for the navigation: a page shows that and nothing else."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from documents.models import AnyUser, Membership, Project, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class May:
    """upload, review: in some project; see: there is a project that this person sees; setup:
    makes projects and members."""

    see: bool
    upload: bool
    review: bool
    setup: bool


def may(user: AnyUser) -> May:
    """One query."""
    if user.pk is None:
        return May(see=False, upload=False, review=False, setup=False)
    if getattr(user, "is_superuser", False):
        is_any = Project.objects.exists()
        return May(see=is_any, upload=is_any, review=is_any, setup=True)
    roles = set(Membership.objects.filter(user_id=user.pk).values_list("role", flat=True))
    works = bool(roles & {Role.REVIEWER, Role.OPERATOR})
    return May(see=bool(roles), upload=works, review=works, setup=False)


def in_templates(request: HttpRequest) -> dict[str, object]:
    """The context processor: `may` in every template, asked for when first used."""
    return {"may": SimpleLazyObject(lambda: may(request.user))}
