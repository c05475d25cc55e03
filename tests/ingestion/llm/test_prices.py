"""What tokens cost, and settings that would make it wrong."""

import pytest
from pytest_django.fixtures import Settings

from config.checks import model_has_an_address, prices_of_models_can_be_read
from ingestion.llm.prices import Price, parse, price_of

ENTRIES = ["gpt-4o-mini=0.15/0.60", "meta/llama=3:8b=1/3"]


def test_prices_are_found_by_the_name_of_the_model() -> None:
    assert parse(ENTRIES)["meta/llama=3:8b"] == Price(into=1, out=3)
    assert price_of("gpt-4o-mini", ENTRIES) == Price(into=0.15, out=0.6)
    assert price_of("another", ENTRIES) is None


def test_a_million_tokens_cost_what_the_price_says() -> None:
    price = parse(ENTRIES)["gpt-4o-mini"]
    assert price.microcents(1_000_000, 0) == 15_000_000
    assert price.microcents(0, 1_000_000) == 60_000_000
    assert price.microcents(1, 1) == 75


def test_fractions_of_a_microcent_are_rounded_up() -> None:
    assert Price(into=0.001, out=0).microcents(1, 0) == 1
    assert Price(into=0, out=0).microcents(10**6, 10**6) == 0


@pytest.mark.parametrize(
    "entry", ["gpt-4o", "=1/2", "gpt-4o=1", "gpt-4o=1/2/3", "a=x/1", "a=-1/1", "a=nan/1", "a=inf/1"]
)
def test_a_price_that_cannot_be_read_is_refused_at_the_start(
    entry: str, settings: Settings
) -> None:
    settings.MODEL_PRICES = [*ENTRIES, entry]
    (error,) = prices_of_models_can_be_read(None)
    assert error.id == "docket.E009"
    assert repr(entry) in str(error.hint)
    settings.MODEL_PRICES = ENTRIES
    assert not prices_of_models_can_be_read(None)


def test_an_address_that_is_none_is_refused_at_the_start(settings: Settings) -> None:
    settings.OPENAI_BASE_URL = "localhost:8080/v1"
    assert [error.id for error in model_has_an_address(None)] == ["docket.E010"]
    settings.OPENAI_BASE_URL = "https://models.example.org/v1"
    assert not model_has_an_address(None)
