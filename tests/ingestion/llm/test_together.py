"""Rules and a model: agreement, disagreement, proof, rows."""

from collections.abc import Callable

from documents.drafts import Reading
from ingestion.llm import together
from ingestion.llm.together import Weighed
from tests.ingestion.llm.papers import bill_shape, by_model, reading, values


def weigh(rules: list[Reading], model: list[Reading]) -> Weighed:
    return together.weigh(rules, model, type_slug="bill", shape=bill_shape())


def test_the_same_value_is_the_rules_and_says_who_agrees() -> None:
    made = weigh([reading("/total_amount", "100.00")], [by_model("/total_amount", "100.0")])
    (stands,) = made.readings
    assert (stands.source, stands.value, stands.agrees) == (
        "layer",
        "100.00",
        "scripted extract v1",
    )
    assert made.conflicts == []


def test_what_only_the_model_has_is_added() -> None:
    made = weigh([reading("/total_amount", "100.00")], [by_model("/due_date", "2024-04-01")])
    assert values(made.readings) == {"/total_amount": "100.00", "/due_date": "2024-04-01"}


def test_another_value_of_the_model_is_an_alternative_and_a_conflict() -> None:
    made = weigh([reading("/total_amount", "100.00")], [by_model("/total_amount", "118.00")])
    assert made.readings[0].value == "100.00"
    assert made.readings[0].alternatives == ("118.00",)
    assert values(made.conflicts) == {"/total_amount": "118.00"}


def test_a_poor_value_of_the_rules_gives_way_to_one_that_was_found_well() -> None:
    poor = reading("/supplier_name", "INVOICE", confidence=0.3)
    made = weigh([poor], [by_model("/supplier_name", "Acme Traders")])
    assert (made.readings[0].value, made.readings[0].source) == ("Acme Traders", "model")
    assert made.conflicts == [poor]


def test_what_the_file_carries_stands_and_nobody_is_asked() -> None:
    carried = reading("/total_amount", "100.00", source="embedded")
    made = weigh([carried], [by_model("/total_amount", "118.00")])
    assert (made.readings[0].value, made.conflicts) == ("100.00", [])


def test_what_no_page_prints_stands_against_nothing() -> None:
    invented = by_model("/total_amount", "999.00", page=0, confidence=0.05)
    made = weigh([reading("/total_amount", "100.00", confidence=0.1)], [invented])
    assert (values(made.readings), made.conflicts) == ({"/total_amount": "100.00"}, [])
    assert made.readings[0].alternatives == ()


def test_a_guess_that_no_page_prints_agrees_with_nothing() -> None:
    made = weigh([reading("/tax_amount", "18.00")], [by_model("/tax_amount", "18.00", page=0)])
    assert made.readings[0].agrees == ""


SUM = [
    reading("/taxable_amount", "100.00", confidence=0.4),
    reading("/tax_amount", "18.00", confidence=0.4),
]


def test_a_total_that_is_proven_stands_though_it_was_read_poorly() -> None:
    rules = [*SUM, reading("/total_amount", "118.00", confidence=0.2)]
    made = weigh(rules, [by_model("/total_amount", "100.00")])
    assert values(made.readings)["/total_amount"] == "118.00"


def test_a_total_that_makes_the_sum_close_stands_though_the_rules_were_surer() -> None:
    made = weigh(
        [*SUM, reading("/total_amount", "178.00", confidence=0.95)],
        [by_model("/total_amount", "118.00", confidence=0.5)],
    )
    assert values(made.readings)["/total_amount"] == "118.00"
    assert values(made.conflicts) == {"/total_amount": "178.00"}


def test_a_sum_of_values_that_no_page_prints_proves_nothing() -> None:
    made = weigh(
        [reading("/total_amount", "118.00", confidence=0.9)],
        [
            by_model("/total_amount", "218.00"),
            by_model("/taxable_amount", "200.00", page=0),
            by_model("/tax_amount", "18.00", page=0),
        ],
    )
    assert values(made.readings)["/total_amount"] == "118.00"


def test_a_name_that_is_a_part_of_the_other_is_no_conflict() -> None:
    made = weigh(
        [reading("/supplier_name", "Acme Traders Pvt Ltd")],
        [by_model("/supplier_name", "Acme Traders")],
    )
    assert made.readings[0].value == "Acme Traders Pvt Ltd"
    assert (made.readings[0].agrees, made.conflicts) == ("", [])


def row(make: Callable[..., Reading], number: int, description: str, amount: str) -> list[Reading]:
    base = f"/line_items/{number}"
    return [make(f"{base}/description", description), make(f"{base}/total_amount", amount)]


def test_rows_are_paired_by_what_they_hold() -> None:
    rules = [*row(reading, 0, "Steel rods", "10.00"), *row(reading, 1, "Steel wire", "20.00")]
    model = [*row(by_model, 0, "Steel wire", "20.00"), *row(by_model, 1, "Steel rods", "10.00")]
    made = weigh(rules, model)
    assert values(made.readings) == values(rules)
    assert all(one.agrees for one in made.readings)
    assert (made.conflicts, made.objections) == ([], [])


def test_a_row_that_only_the_model_has_comes_last_and_a_person_is_told() -> None:
    rules = row(reading, 0, "Steel wire", "20.00")
    model = [*row(by_model, 0, "Nails", "3.00"), *row(by_model, 1, "Steel wire", "20.00")]
    made = weigh(rules, model)
    assert values(made.readings) == values([*rules, *row(by_model, 1, "Nails", "3.00")])
    assert [one["code"] for one in made.objections] == ["rows_differ"]


def test_rows_that_the_file_carries_get_none_of_the_models() -> None:
    rules = [
        reading("/line_items/0/description", "Steel wire", source="embedded"),
        reading("/line_items/0/total_amount", "20.00", source="embedded"),
    ]
    model = [*row(by_model, 0, "Nails", "3.00"), *row(by_model, 1, "Steel wire", "20.00")]
    made = weigh(rules, model)
    assert values(made.readings) == values(rules)
    assert made.objections == []


def test_long_tables_are_paired_in_their_order() -> None:
    cells = [(f"/line_items/{row}/description", "Bolts") for row in range(320)]
    weighed = together.weigh(
        [reading(pointer, value) for pointer, value in cells],
        [by_model(pointer, value) for pointer, value in cells],
        type_slug="bill",
        shape=bill_shape(),
    )
    assert len(weighed.readings) == 320
