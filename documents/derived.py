"""What Postgres itself derives from a document's values, so that no code can forget it: the
columns `supplier`, `day` and `total` of `Document`, by which lists and searches narrow.

A value is only ever read as what it should be: text that is no decimal is no amount, text that
is no day is no date, whatever a schema of an operator's own lets in."""

from django.contrib.postgres.search import SearchVectorField
from django.db.models import DecimalField, Func, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Left, NullIf

# An entry of an index holds 2,704 bytes; a name is whatever stood on the paper.
SUPPLIER_CHARS = 300


class Number(Func):
    """A decimal string as a number; null for any other text."""

    template = "substring(%(expressions)s from '^-?[0-9]{1,15}(?:[.][0-9]{1,6})?$')::numeric"
    output_field = DecimalField(max_digits=21, decimal_places=6)


class Day(Func):
    """The day of an ISO date or time; null for any other text. Days compare as text: ISO dates
    sort as days do."""

    template = "substring(%(expressions)s from '^[0-9]{4}-[0-9]{2}-[0-9]{2}')"
    output_field = TextField()


class Words(Func):
    """The words of a text, in no language's grammar, for an index of them."""

    template = "to_tsvector('simple', %(expressions)s)"
    output_field = SearchVectorField()


class FileWords(Words):
    """The words of a file's name: "acme_2024-11.pdf" has four."""

    template = "to_tsvector('simple', translate(%(expressions)s, '._-', '   '))"


class ValueWords(Words):
    """The words of all values of a payload."""

    template = "jsonb_to_tsvector('simple', %(expressions)s, '[\"string\"]')"


def text(name: str, column: str = "payload") -> KeyTextTransform:
    return KeyTextTransform(name, column)


def supplier() -> Left:
    """As printed, or who generated the e-way bill; "" where neither is known."""
    blank = Value("", output_field=TextField())
    printed = NullIf(text("supplier_name"), blank)
    return Left(Coalesce(printed, text("supplier_name", "identity"), blank), SUPPLIER_CHARS)


def day() -> Coalesce:
    return Coalesce(Day(text("document_date")), Day(text("generated_at")))


def total() -> Coalesce:
    """Of an e-way bill the invoice's value."""
    return Coalesce(Number(text("total_amount")), Number(text("total_invoice_value")))
