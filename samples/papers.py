"""What is printed on each kind of paper, as plain values; how it looks is left to the layouts."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from samples.identities import STATES
from samples.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who sells, buys, sends or carries; `gstin` and `state_code` only in India."""

    name: str
    address: tuple[str, ...]
    city: str
    postcode: str
    state_code: str = ""
    gstin: str = ""
    tax_id: str = ""
    phone: str = ""
    email: str = ""

    @property
    def state(self) -> str:
        return STATES[self.state_code][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of a bill; rates in percent, taxes already rounded to the cent."""

    description: str
    hsn: str = ""
    quantity: Decimal
    unit: str = ""
    unit_price: Decimal
    discount: Decimal = ZERO
    taxable: Decimal
    rate: Decimal
    cgst: Decimal = ZERO
    sgst: Decimal = ZERO
    igst: Decimal = ZERO
    cess: Decimal = ZERO
    other_tax: Decimal = ZERO

    @property
    def tax(self) -> Decimal:
        return self.cgst + self.sgst + self.igst + self.cess + self.other_tax

    @property
    def total(self) -> Decimal:
        return self.taxable + self.tax


@dataclass(frozen=True, slots=True, kw_only=True)
class EInvoice:
    """What the invoice registration portal adds to a bill."""

    irn: str
    ack_number: str
    ack_at: datetime
    signed_qr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GstBill:
    """A tax invoice under rule 46; every total is the sum of its lines."""

    number: str
    day: date
    due: date | None
    supplier: Party
    recipient: Party
    lines: tuple[Line, ...]
    round_off: Decimal
    einvoice: EInvoice | None
    ewb_number: str

    @property
    def is_interstate(self) -> bool:
        return self.supplier.state_code != self.recipient.state_code

    @property
    def taxable(self) -> Decimal:
        return sum((line.taxable for line in self.lines), ZERO)

    @property
    def cgst(self) -> Decimal:
        return sum((line.cgst for line in self.lines), ZERO)

    @property
    def sgst(self) -> Decimal:
        return sum((line.sgst for line in self.lines), ZERO)

    @property
    def igst(self) -> Decimal:
        return sum((line.igst for line in self.lines), ZERO)

    @property
    def cess(self) -> Decimal:
        return sum((line.cess for line in self.lines), ZERO)

    @property
    def tax(self) -> Decimal:
        return self.cgst + self.sgst + self.igst + self.cess

    @property
    def total(self) -> Decimal:
        return self.taxable + self.tax + self.round_off


@dataclass(frozen=True, slots=True, kw_only=True)
class EwayBill:
    """FORM GST EWB-01 over a bill; `vehicle` is empty for rail."""

    number: str
    generated_at: datetime
    valid_until: date
    bill: GstBill
    reason: str
    mode: str
    vehicle: str
    transport_document: str
    transporter: Party | None
    distance_km: int

    @property
    def qr_text(self) -> str:
        return f"{self.number}/{self.bill.supplier.gstin}/{self.generated_at:%d-%m-%Y %H:%M:%S}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignBill:
    """An invoice from outside India; `country` is GB, US, DE or FR."""

    country: str
    number: str
    day: date
    due: date
    supplier: Party
    recipient: Party
    lines: tuple[Line, ...]
    taxes: tuple[tuple[Decimal, Decimal], ...]

    @property
    def taxable(self) -> Decimal:
        return sum((line.taxable for line in self.lines), ZERO)

    @property
    def tax(self) -> Decimal:
        return sum((amount for _, amount in self.taxes), ZERO)

    @property
    def total(self) -> Decimal:
        return self.taxable + self.tax


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A labelled amount below a receipt's lines; `field` is its name in the truth, if any."""

    label: str
    amount: Decimal
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt of a till; `total` is what was to be paid, after rounding."""

    supplier: Party
    tax_id_label: str
    registration: str
    title: str
    number_label: str
    number: str
    at: datetime
    date_format: str
    currency: str
    currency_mark: str
    lines: tuple[Line, ...]
    charges: tuple[Charge, ...]
    total_label: str
    total: Decimal
    after_total: tuple[Charge, ...]
    notes: tuple[str, ...]
    upi: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text; `is_heading` prints it bold."""

    words: str
    is_heading: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Labels with values beside them."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A ruled table; widths are shares of the page's width."""

    titles: tuple[str, ...]
    shares: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """Lines to sign on, side by side."""

    names: tuple[str, ...]


Block = Paragraph | Pairs | Grid | Signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A paper that is neither bill nor e-way bill."""

    kind: str
    letterhead: Party | None
    title: str
    blocks: tuple[Block, ...]
    footer: str = ""
