"""Passages for a question, and what of an answer's citations is believed."""

from typing import Any
from uuid import uuid4

import pytest

from documents.models import Project
from search import answers
from search.answers import Passage, Quote
from tests import factories
from tests.search import corpus

WORDS: list[list[Any]] = [
    ["Total", 10, 10, 50, 20, 0.9],
    ["due:", 55, 10, 80, 20, 0.9],
    ["1,180.00", 90, 10, 150, 20, 0.9],
    ["Pay", 10, 40, 30, 50, 0.9],
    ["by", None, None, None, None, 0.9],
    ["May", 40, 40, 60, 50, 0.9],
]


@pytest.fixture
def project() -> Project:
    return factories.project()


def passage(text: str, n: int = 1) -> Passage:
    return Passage(n=n, document=uuid4(), page=1, text=text)


def test_a_quote_is_boxed_line_by_line() -> None:
    assert answers.in_lines(answers.span(WORDS, "total due: 1,180.00 pay by may")) == (
        (10.0, 10.0, 150.0, 20.0),
        (10.0, 40.0, 60.0, 50.0),
    )
    assert answers.in_lines(answers.span(WORDS, "1,180.00")) == ((90.0, 10.0, 150.0, 20.0),)
    assert answers.span(WORDS, "not on this page at all") == ()


@pytest.mark.django_db
def test_citations_that_do_not_stand_where_they_say_are_dropped() -> None:
    found = [passage("Net weight 20 kg"), passage("Delivered to Pune", n=2)]
    quotes = [
        Quote(n=1, text="Net weight 20 kg"),
        Quote(n=1, text="Delivered to Pune"),
        Quote(n=2, text="delivered to PUNE"),
        Quote(n=2, text="Delivered to Pune"),
        Quote(n=7, text="Net weight 20 kg"),
    ]
    assert [(one.n, one.text) for one in answers.cited(found, quotes)] == [
        (1, "Net weight 20 kg"),
        (2, "delivered to PUNE"),
    ]


@pytest.mark.django_db
def test_a_document_gives_several_passages_and_other_projects_none(project: Project) -> None:
    mine = corpus.indexed("steel rods for the roof", "steel plates", in_project=project)
    corpus.indexed("steel of somebody else")
    found = answers.passages(project, "steel", vector=None)
    assert [(one.document, one.page) for one in found] == [(mine.pk, 2), (mine.pk, 1)]
    assert [one.n for one in found] == [1, 2]


@pytest.mark.django_db
def test_one_long_document_does_not_crowd_out_the_others(project: Project) -> None:
    corpus.indexed(*["steel steel steel"] * 9, in_project=project)
    other = corpus.indexed("one word of steel among many others", in_project=project)
    found = answers.passages(project, "steel", vector=None)
    assert len(found) == answers.PASSAGES_OF_ONE + 1
    assert found[-1].document == other.pk


@pytest.mark.django_db
def test_a_passage_has_the_boxes_of_the_words_that_were_asked_for(project: Project) -> None:
    made = corpus.written("Total due: 1,180.00 Pay by May", in_project=project)
    made.pages.update(words=WORDS)
    corpus.index(made)
    (found,) = answers.passages(project, "is it due, and who must pay", vector=None)
    assert found.boxes == ((55.0, 10.0, 80.0, 20.0), (10.0, 40.0, 30.0, 50.0))
