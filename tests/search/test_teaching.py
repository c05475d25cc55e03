"""How examples, titles and descriptions are added up to a type, a confidence and a runner-up."""

import pytest

from search import teaching
from search.teaching import Decision, Neighbour, Said, Signs

SHIPPED = ("bill", "eway_bill")
UNKNOWN = Said(type="", confidence=0.95)
UNSURE_BILL = Said(type="bill", confidence=0.7)


def near(*pairs: tuple[str, float]) -> list[Neighbour]:
    return [Neighbour(type=slug, similarity=similarity) for slug, similarity in pairs]


def decide(
    said: Said = UNKNOWN, neighbours: list[Neighbour] | None = None, **signs: Signs
) -> Decision:
    return teaching.decide(said, neighbours or [], signs, SHIPPED)


def test_near_examples_decide_a_page_that_the_rules_call_unknown() -> None:
    decided = decide(neighbours=near(*[("challan", 0.85)] * 3), challan=Signs(examples=5))
    assert (decided.type, decided.is_taught) == ("challan", True)
    assert decided.confidence == pytest.approx(6 / 7, abs=0.001)


def test_far_examples_change_nothing_and_are_the_runner_up() -> None:
    decided = decide(neighbours=near(*[("challan", 0.55)] * 5), challan=Signs(examples=5))
    assert (decided.type, decided.runner_up, decided.is_taught) == ("", "challan", False)
    assert decided.confidence > 0.8


@pytest.mark.parametrize("count", [1, 3, 30])
def test_confidence_grows_with_the_number_of_examples_and_never_past_it(count: int) -> None:
    decided = decide(
        neighbours=near(*[("challan", 1.0)] * min(count, 10)), challan=Signs(examples=count)
    )
    assert decided.confidence == pytest.approx((count + 1) / (count + 2), abs=0.001)


def test_pages_named_unknown_outweigh_a_type_that_is_as_near() -> None:
    neighbours = near(("", 0.84), ("challan", 0.83), ("", 0.83), ("", 0.82))
    assert decide(neighbours=neighbours, challan=Signs(examples=5)).type == ""


def test_examples_of_a_type_that_is_not_on_speak_against_the_others() -> None:
    neighbours = near(*[("draft", 0.9)] * 3, ("challan", 0.8))
    assert decide(neighbours=neighbours, challan=Signs(examples=5)).type == ""


def test_a_shared_title_tells_types_apart_that_are_equally_near() -> None:
    neighbours = near(("order", 0.76), ("challan", 0.75), ("order", 0.74), ("challan", 0.74))
    decided = decide(
        neighbours=neighbours,
        challan=Signs(examples=5, is_titled=True, is_title_usual=True),
        order=Signs(examples=5, is_title_usual=True),
    )
    assert decided.type == "challan"


def test_a_page_without_the_title_that_all_examples_have_is_not_of_the_type() -> None:
    neighbours = near(*[("challan", 0.73)] * 4)
    assert decide(neighbours=neighbours, challan=Signs(examples=5)).type == "challan"
    assert decide(neighbours=neighbours, challan=Signs(examples=5, is_title_usual=True)).type == ""


def test_a_letterhead_alone_makes_no_type() -> None:
    neighbours = near(*[("challan", 0.45)] * 4)
    assert decide(neighbours=neighbours, challan=Signs(examples=5, is_titled=True)).type == ""


def test_a_name_that_stands_as_a_title_needs_no_example() -> None:
    decided = decide(challan=Signs(is_named=True, is_titled=True))
    assert decided.type == "challan"
    assert decided.confidence == pytest.approx(0.667, abs=0.001)


def test_a_description_alone_never_passes_without_a_person() -> None:
    decided = decide(challan=Signs(wording=0.95, likeness=0.6))
    assert (decided.type, decided.confidence) == ("challan", teaching.CAP_DESCRIBED)
    assert decide(challan=Signs(wording=0.3, likeness=0.3)).type == ""


@pytest.mark.parametrize("slug", SHIPPED)
def test_rules_that_are_sure_win_over_any_number_of_identical_neighbours(slug: str) -> None:
    said = Said(type=slug, confidence=0.97, runner_up="", runner_up_confidence=0.02)
    decided = decide(said, near(*[("", 1.0)] * 10))
    assert (decided.type, decided.confidence, decided.is_taught) == (slug, 0.97, False)


def test_a_less_sure_bill_is_pulled_back_by_several_near_identical_unknown_pages() -> None:
    decided = decide(UNSURE_BILL, near(*[("", 0.97)] * 3))
    assert (decided.type, decided.runner_up, decided.confidence) == ("", "bill", 0.8)


def test_only_near_identical_bills_make_a_bill_of_a_page_that_the_rules_do_not_know() -> None:
    assert decide(neighbours=near(*[("bill", 0.9)] * 5), challan=Signs(examples=5)).type == ""
    decided = decide(neighbours=near(*[("bill", 0.97)] * 3), challan=Signs(examples=5))
    assert (decided.type, decided.confidence) == ("bill", 0.8)


@pytest.mark.parametrize(
    "neighbours",
    [
        near(("", 0.97), ("", 0.96)),
        near(("", 0.97), ("", 0.96), ("", 0.9)),
        near(("", 0.99), ("bill", 0.98), ("", 0.97), ("", 0.97)),
        near(*[("draft", 0.99)] * 5),
        near(*[("bill", 0.99)] * 5),
    ],
    ids=["two", "not identical", "not agreed", "a type that is not on", "the same type"],
)
def test_nothing_less_pulls_a_bill_back(neighbours: list[Neighbour]) -> None:
    decided = decide(UNSURE_BILL, neighbours, challan=Signs(examples=5))
    assert (decided.type, decided.confidence, decided.is_taught) == ("bill", 0.7, False)


def test_the_engines_word_for_a_taught_type_stands_until_examples_say_otherwise() -> None:
    said = Said(type="challan", confidence=0.84)
    alone = decide(said, challan=Signs(examples=5))
    assert (alone.type, alone.is_taught) == ("challan", False)
    assert alone.confidence == pytest.approx(0.84, abs=0.01)
    assert decide(said, near(*[("", 0.97)] * 3), challan=Signs(examples=5)).type == ""


def test_headings_are_short_lines_of_words_at_the_head() -> None:
    page = "Mirodha Polymers\nTel. 089 77\nDELIVERY - CHALLAN\n" + "x\n" * 12 + "Received by\n"
    assert teaching.headings(page) == {"mirodhapolymers", "deliverychallan"}


def test_a_types_headings_are_shared_by_most_of_its_examples_and_by_nothing_else() -> None:
    own = [frozenset({"deliverychallan", name, "ourfirm"}) for name in ("a", "b", "c")]
    assert teaching.shared_headings(own, [frozenset({"ourfirm"})]) == {"deliverychallan"}
    assert teaching.shared_headings(own[:1], []) == frozenset()


def test_a_description_of_few_words_says_nothing() -> None:
    page = teaching.telling_words("goods sent without a sale for job work")
    assert teaching.wording(teaching.telling_words("goods sent"), page) == 0
    assert teaching.wording(teaching.telling_words("Goods sent, no sale: jobs at work"), page) == 1
