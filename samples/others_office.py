"""Papers of an office: letters, agreements, mails, memos, forms."""

import random
from datetime import timedelta

from samples import identities
from samples.catalogue import PERSONS, firm_name, indian_firm
from samples.gst import any_day
from samples.papers import Grid, Pairs, Paragraph, Plain, Signatures


def letter(rng: random.Random) -> Plain:
    """A reminder about a bill that has not been paid."""
    sender, day = indian_firm(rng), any_day(rng)
    number = identities.bill_number(rng, day)
    return Plain(
        kind="letter",
        letterhead=sender,
        title="",
        blocks=(
            Paragraph(words=f"{sender.city}, {day:%d %B %Y}"),
            Paragraph(words=f"To {rng.choice(PERSONS)}, {firm_name(rng)}"),
            Paragraph(
                words=f"Subject: our invoice no. {number}, payment outstanding", is_heading=True
            ),
            Paragraph(words="Dear customer,"),
            Paragraph(
                words="our books show that the invoice named above has not been settled "
                "although it fell due "
                f"{rng.randrange(12, 60)} days ago. Perhaps it was overlooked during "
                f"the stocktaking. "
                "A copy was sent to your accounts department last week by registered post."
            ),
            Paragraph(
                words="Please let us know by the end of the month when we may expect the "
                "amount, or tell us "
                "what keeps you from paying. If the goods gave reason for complaint, "
                "our sales office "
                "will gladly look into it with you."
            ),
            Paragraph(words="Yours sincerely,"),
            Signatures(names=(rng.choice(PERSONS),)),
        ),
    )


def contract_page(rng: random.Random) -> Plain:
    """A page from the middle of an agreement."""
    first, second = firm_name(rng), firm_name(rng)
    clauses = (
        "The Warehouse Keeper shall store the goods in dry, locked and insured rooms "
        "and shall keep a "
        "register of every receipt and every delivery, which the Depositor may inspect "
        "on working days.",
        "Storage charges are payable monthly in advance on the basis of a tax invoice "
        "raised by the "
        "Warehouse Keeper. A bill not disputed in writing within fifteen days is deemed accepted.",
        "The Depositor shall furnish the e-way bill number and the invoice of every "
        "consignment before "
        "the vehicle enters the premises. Vehicles without papers may be turned away.",
        "Neither party is liable for delay caused by flood, strike, riot or an order "
        "of the authorities, "
        "provided that it gives notice within three days of the event.",
        "This agreement runs for twenty-four months and renews itself by twelve unless "
        "either party gives "
        "ninety days' notice in writing. The courts of the place of storage have jurisdiction.",
    )
    start = rng.randrange(4, 12)
    blocks = [
        Paragraph(words=f"{start + number}. {clause}")
        for number, clause in enumerate(rng.sample(clauses, 5))
    ]
    return Plain(
        kind="contract_page",
        letterhead=None,
        title="WAREHOUSING AGREEMENT",
        blocks=(
            Paragraph(words=f"between {first} (the Depositor) and {second} (the Warehouse Keeper)"),
            *blocks,
            Signatures(names=("Depositor", "Warehouse Keeper", "Witness")),
        ),
        footer=f"Page {rng.randrange(2, 5)} of {rng.randrange(6, 9)}",
    )


def email(rng: random.Random) -> Plain:
    """A printed mail with an e-way bill number in it."""
    day = any_day(rng)
    writer, reader = rng.sample(PERSONS, 2)
    return Plain(
        kind="email",
        letterhead=None,
        title="",
        blocks=(
            Pairs(
                rows=(
                    ("From:", f"{writer} <{writer.split()[-1].lower()}@ovanta.example>"),
                    ("To:", f"{reader} <{reader.split()[-1].lower()}@belvanti.example>"),
                    ("Sent:", f"{day:%A, %d %B %Y} {rng.randrange(8, 19)}:{rng.randrange(60):02d}"),
                    (
                        "Subject:",
                        f"RE: Invoice {identities.bill_number(rng, day)} and truck for Thursday",
                    ),
                )
            ),
            Paragraph(words=f"Hi {reader.split()[-1]},"),
            Paragraph(
                words="attached is the invoice you asked for. The driver says the e-way bill "
                "expires tonight, "
                "can your team extend it on the portal before he reaches the "
                "checkpost? The number is "
                f"{identities.in_fours(identities.eway_number(rng))}."
            ),
            Paragraph(
                words="Two boxes were short in the last lot. We will send them with the next "
                "vehicle and raise "
                "a credit note only if you insist."
            ),
            Paragraph(words=f"Regards, {writer}"),
            Paragraph(words="Please think of the trees before you print this message."),
        ),
        footer="1 of 1",
    )


def memo(rng: random.Random) -> Plain:
    """A note to the stores about the stock count."""
    day = any_day(rng)
    return Plain(
        kind="memo",
        letterhead=None,
        title="INTERNAL MEMO",
        blocks=(
            Pairs(
                rows=(
                    ("To", "All store keepers"),
                    ("From", f"{rng.choice(PERSONS)}, Accounts"),
                    ("Date", f"{day:%d %B %Y}"),
                    ("Re", "Year-end stock count"),
                )
            ),
            Paragraph(
                words=f"The count takes place on {day + timedelta(days=9):%d %B} from seven "
                f"in the morning. No "
                "goods leave the stores on that day. Rejected material is counted "
                "apart and tagged in red."
            ),
            Paragraph(
                words="Bills that arrive after noon belong to the new year. Do not stamp "
                "them before the "
                "count sheets are signed; last year eleven had to be reversed."
            ),
            Grid(
                titles=("Store", "Counter", "Checker"),
                shares=(1, 1.5, 1.5),
                rows=tuple((f"Hall {hall}", *rng.sample(PERSONS, 2)) for hall in "ABCD"),
            ),
        ),
    )


def form(rng: random.Random) -> Plain:
    """An application for leave."""
    return Plain(
        kind="form",
        letterhead=None,
        title="APPLICATION FOR LEAVE",
        blocks=(
            Pairs(
                rows=(
                    ("Employee no.", str(rng.randrange(1_000, 9_999))),
                    ("Name", rng.choice(PERSONS)),
                    ("Department", rng.choice(("Dispatch", "Foundry", "Accounts", "Quality"))),
                    ("Kind of leave", "[x] earned   [ ] sick   [ ] unpaid"),
                    ("From", f"{any_day(rng):%d/%m/%Y}"),
                    ("Number of days", str(rng.randrange(1, 15))),
                    ("Address on leave", ".............................................."),
                    ("Telephone", identities.phone(rng)),
                )
            ),
            Paragraph(
                words="I know that leave without sanction counts as absence and is not paid."
            ),
            Signatures(names=("Applicant", "Head of department", "Sanctioned")),
        ),
        footer=f"Form HR-{rng.randrange(2, 40)} rev. 3",
    )
