"""Papers that Docket must leave alone; some of them name a bill or an e-way bill in passing."""

import random
from collections.abc import Callable

from samples import others_office, others_trade
from samples.papers import Plain

KINDS: dict[str, Callable[[random.Random], Plain]] = {
    "delivery_challan": others_trade.delivery_challan,
    "letter": others_office.letter,
    "lorry_receipt": others_trade.lorry_receipt,
    "email": others_office.email,
    "purchase_order": others_trade.purchase_order,
    "contract_page": others_office.contract_page,
    "packing_list": others_trade.packing_list,
    "memo": others_office.memo,
    "form": others_office.form,
}


def other_paper(rng: random.Random, kind: str) -> Plain:
    """A paper of this kind: a key of `KINDS`."""
    return KINDS[kind](rng)
