"""People in the admin: their projects on their page and nobody deleted."""

import pytest
from django.test import Client

from documents.models import Membership, Role
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_person_is_given_a_role_in_a_project_on_their_own_page(admin_client: Client) -> None:
    project, person = factories.project(), factories.user()
    path = f"/admin/auth/user/{person.pk}/change/"
    form = admin_client.get(path).context["adminform"].form
    values = {name: value for name, value in form.initial.items() if isinstance(value, str)}
    sent = {
        **values,
        **{"username": person.username, "is_active": "on"},
        **{"memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0},
        **{"memberships-0-project": project.pk, "memberships-0-role": Role.REVIEWER},
    }
    assert admin_client.post(path, sent).status_code == 302
    assert Membership.objects.get(user=person).role == Role.REVIEWER


def test_nobody_is_deleted(admin_client: Client) -> None:
    person = factories.user()
    assert admin_client.get(f"/admin/auth/user/{person.pk}/delete/").status_code == 403
