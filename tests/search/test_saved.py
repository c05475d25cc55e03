"""Searches that are kept, and who may see and steer them."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from documents.errors import Conflict, NotAllowed, SenderError
from documents.models import AuditEvent, Project, Role
from search import saving
from search.saved import SavedSearch
from tests import factories
from tests.search.corpus import indexed

pytestmark = pytest.mark.django_db
STEEL = {"q": "steel", "type": "bill"}


@pytest.fixture
def project() -> Project:
    return factories.project()


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_search_is_kept_listed_and_opened_with_its_filters(project: Project) -> None:
    member = factories.user(Role.VIEWER, project)
    indexed("steel pipes", in_project=project)
    client = signed_in(member)
    page = client.post(
        reverse("search-keep"),
        STEEL | {"name": "  All   steel ", "least": "5", "first": "2026-05-01", "shared_with": ""},
    )
    assert page["Location"] == "/search?q=steel&type=bill&first=2026-05-01&least=5"
    kept = SavedSearch.objects.get()
    assert (kept.name, kept.owner, kept.shared_with) == ("All steel", member, None)
    html = client.get(reverse("search")).content.decode()
    assert 'href="/search?q=steel&amp;type=bill&amp;first=2026-05-01&amp;least=5"' in html
    assert AuditEvent.objects.filter(verb="search.saved", subject__contains=str(kept.pk)).exists()


def test_what_cannot_be_read_is_not_kept(project: Project) -> None:
    client = signed_in(factories.user(Role.VIEWER, project))
    for wrong in ({"q": ""}, STEEL | {"least": "much"}, STEEL | {"project": "no-such"}):
        client.post(reverse("search-keep"), wrong | {"name": "x"})
    client.post(reverse("search-keep"), STEEL | {"name": "x" * 81})
    client.post(reverse("search-keep"), STEEL | {"name": "x", "shared_with": "no-such"})
    assert not SavedSearch.objects.exists()


def test_a_private_search_is_seen_by_its_owner_alone_and_a_shared_one_by_members(
    project: Project,
) -> None:
    owner, member = (factories.user(Role.VIEWER, project) for _ in range(2))
    stranger = factories.user(Role.OPERATOR, factories.project())
    saving.keep("private", STEEL, user=owner, shared_with=None)
    saving.keep("shared", STEEL, user=owner, shared_with=project)

    def seen(user: Any) -> list[str]:
        return [one.name for one in SavedSearch.objects.visible_to(user).listed(user)]

    assert seen(owner) == ["private", "shared"]
    assert seen(member) == ["shared"]
    assert seen(stranger) == []


def test_its_owner_and_the_operators_of_its_project_steer_a_search(project: Project) -> None:
    owner, member = (factories.user(Role.REVIEWER, project) for _ in range(2))
    operator = factories.user(Role.OPERATOR, project)
    shared = saving.keep("shared", STEEL, user=owner, shared_with=project)
    with pytest.raises(NotAllowed):
        saving.change(shared, user=member, name="mine", shared_with=None)
    with pytest.raises(NotAllowed):
        saving.delete(shared, user=member)
    refused = signed_in(member).post(reverse("search-delete", args=[shared.pk]))
    assert refused.status_code == 403
    saving.change(shared, user=operator, name="ours", shared_with=project)
    assert SavedSearch.objects.get().name == "ours"
    signed_in(operator).post(reverse("search-delete", args=[shared.pk]))
    assert not SavedSearch.objects.exists()


def test_a_private_search_of_others_is_not_there(project: Project) -> None:
    private = saving.keep("private", STEEL, user=factories.user(), shared_with=None)
    client = signed_in(factories.user(Role.OPERATOR, project))
    for name in ("search-change", "search-delete"):
        assert client.post(reverse(name, args=[private.pk]), {"name": "x"}).status_code == 404


def test_a_search_is_renamed_shared_and_taken_back(project: Project) -> None:
    owner = factories.user(Role.VIEWER, project)
    kept = saving.keep("one", STEEL, user=owner, shared_with=None)
    client = signed_in(owner)
    change = reverse("search-change", args=[kept.pk])
    client.post(change, {"name": "two", "shared_with": project.slug})
    kept.refresh_from_db()
    assert (kept.name, kept.shared_with) == ("two", project)
    client.post(change, {"name": "two", "shared_with": ""})
    kept.refresh_from_db()
    assert kept.shared_with is None


def test_names_are_taken_once_and_never_empty() -> None:
    owner = factories.user()
    saving.keep("steel", STEEL, user=owner, shared_with=None)
    with pytest.raises(Conflict):
        saving.keep("steel", {"q": "other"}, user=owner, shared_with=None)
    for name, parameters in (("  ", STEEL), ("x" * 81, STEEL), ("empty", {})):
        with pytest.raises(SenderError):
            saving.keep(name, parameters, user=owner, shared_with=None)
    saving.keep("steel", STEEL, user=factories.user(), shared_with=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedSearch.objects.create(name="steel", owner=owner)
