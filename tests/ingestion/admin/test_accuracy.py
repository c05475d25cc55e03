"""The page of how much was read right."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from documents.models import Project, Role
from tests import factories
from tests.documents.test_accuracy import SAMPLE, confirmed, read_document
from tests.ingestion.admin.ground import staff

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
PATH = "/admin/accuracy"


def test_the_page_says_how_much_was_right_and_where_it_was_not(
    operator: Client, project: Project
) -> None:
    confirmed(read_document(project))
    confirmed(read_document(project, reasons=SAMPLE), total_amount="9.00")
    page = operator.get(PATH).text
    assert "<strong>75.0 %</strong> of 4 reviewed values stood as they were read." in page
    assert "3 of 4 values that were read were right." in page
    assert "rules 1, schema 1" in page
    assert page.index(">Total</a>") < page.index(">Supplier</a>")
    assert page.count('<svg class="plot"') == 4


def test_before_the_first_review_it_says_where_to_begin(operator: Client) -> None:
    page = operator.get(PATH).text
    assert "Nothing was reviewed yet" in page
    assert "/documents?status=draft_pending" in page


def test_one_field_has_charts_of_its_own(operator: Client, project: Project) -> None:
    confirmed(read_document(project), total_amount="9.00")
    page = operator.get(PATH, {"field": "total_amount"}).text
    assert "<strong>0.0 %</strong> of 1 reviewed value " in page
    assert 'aria-current="true">Total</a>' in page


@pytest.mark.parametrize(
    "query",
    [
        {"field": "no_such"},
        {"period": "1h"},
        {"type": "no_such"},
        {"project": "no_such"},
        {"period": "30d"},
        {"period": "12m"},
    ],
)
def test_what_is_not_known_is_left_at_its_default(
    operator: Client, project: Project, query: dict[str, str]
) -> None:
    confirmed(read_document(project))
    assert "<strong>100.0 %</strong> of 2 reviewed values" in operator.get(PATH, query).text


def test_staff_see_their_own_projects_and_others_nothing(project: Project) -> None:
    hidden = factories.project(name="Hidden works")
    confirmed(read_document(hidden))
    page = staff(Role.OPERATOR, project).get(PATH, {"project": hidden.slug}).text
    assert "Nothing was reviewed yet" in page
    assert "Hidden works" not in page
    plain = Client()
    plain.force_login(factories.user(Role.OPERATOR, project))
    assert plain.get(PATH).status_code == 302


def test_the_number_of_queries_does_not_grow(
    operator: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    confirmed(read_document(project))
    counted: list[int] = []
    for _ in range(2):
        with django_assert_max_num_queries(16) as seen:
            operator.get(PATH)
        counted.append(len(seen))
        for _ in range(3):
            confirmed(read_document(project), currency="INR")
    assert counted[0] == counted[1]
