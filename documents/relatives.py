"""Which documents of a project have to do with one document; questions only.

    packet     a bill and its e-way bill: same file, or files of one batch (`documents.packets`)
    duplicate  the same supplier, number, date and total came before in another file
    taken      the supplier's number stands on another paper of the same year
    near       the pages look like those of a paper that came before (`documents.fingerprint`)

Candidates share a key (`documents.identity`) and come from an index, never from a scan; how
many questions are asked does not depend on how many documents there are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BigIntegerField,
    Case,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast

from documents import fingerprint, identity, packets
from documents.identity import LOOK, PACKET, PAPER, Identity
from documents.models import (
    Document,
    DocumentQuerySet,
    DocumentStatus,
    Page,
    Relation,
    RelationKind,
    Upload,
)

# How many earlier and later ones are followed of a paper that came a hundred times.
_SAME_NUMBER, _EARLIER, _LATER, _LIKE = 200, 5, 20, 20
_PAGES_COMPARED = 50
# Bills and e-way bills of one number that are held against one paper: each of them is drafted
# again, so hundreds that all share a number would take minutes apiece.
_TOGETHER = 50
_SMALL_PACKET = 20

Pair = tuple[UUID, UUID]
"""The ids of a document and of the other one that it is related to."""
Related = dict[Pair, RelationKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyPairs:
    """The only pairs of a packet, before and after a document was read."""

    before: Related = field(default_factory=dict)
    after: Related = field(default_factory=dict)


def comparable(project_id: int) -> DocumentQuerySet:
    """Documents of a project that are not refused, with what they are compared by."""
    found = Document.objects.filter(project_id=project_id).exclude(status=DocumentStatus.REJECTED)
    return found.select_related("type").only(
        "project", "upload", "first_page", "type", "type__slug", "identity", "keys", "status"
    )


def _sharing(document: Document, tag: int) -> DocumentQuerySet:
    """Documents that share a key of this kind."""
    wanted = _tagged(document, tag)
    if not wanted:
        return Document.objects.none()
    found = comparable(document.project_id).filter(keys__overlap=wanted)
    return found.exclude(pk=document.pk)


def _tagged(document: Document, tag: int) -> list[int]:
    return [key for key in document.keys if key & 3 == tag]


def _of_other_files(document: Document, tag: int) -> DocumentQuerySet:
    return _sharing(document, tag).exclude(upload=document.upload_id)


def _place(document: Document) -> tuple[UUID, int]:
    """Its place in the order of arrival: ids of uploads grow with time."""
    return document.upload_id, document.first_page


def slug(document: Document) -> str:
    return document.type.slug if document.type else ""


def known(document: Document) -> Identity:
    """What a document is known by; nothing where it has got another type since it was read."""
    found = Identity.from_json(document.identity)
    return found if found.kind == slug(document) else Identity()


def related(document: Document, packet: "QuerySet[Upload]") -> Related:
    """All that one document has to do with others, save being an only pair."""
    found: Related = {}
    for other in _like(document):
        found[_in_order(document, other)] = RelationKind.NEAR
    for other in _same_number(document):
        one, another = known(document), known(other)
        if identity.is_same_paper(one, another):
            found[_in_order(document, other)] = RelationKind.DUPLICATE
        elif identity.is_number_taken(one, another):
            found[_in_order(document, other)] = RelationKind.NUMBER_TAKEN
    for other in _facing(document, packet):
        if _are_together(document, other):
            found[document.pk, other.pk] = RelationKind.PACKET
            found[other.pk, document.pk] = RelationKind.PACKET
    return found


def _facing(document: Document, packet: "QuerySet[Upload]") -> DocumentQuerySet:
    """The e-way bills that share a number with a bill in its packet, or the other way round."""
    facing = packets.EWAY if known(document).kind == packets.BILL else packets.BILL
    sharing = _sharing(document, PACKET).filter(_in_packet(document, packet), type__slug=facing)
    return sharing.order_by()[:_TOGETHER]


def _in_order(one: Document, other: Document) -> Pair:
    early, late = sorted((one, other), key=_place)
    return late.pk, early.pk


def _same_number(document: Document) -> list[Document]:
    """The first ones that came before and after with the same number of the same supplier."""
    # Sorted here: asked for the first few in order, the planner might walk all documents.
    found = _of_other_files(document, PAPER).order_by()[:_SAME_NUMBER]
    of_kind = known(document).kind
    others = sorted((other for other in found if known(other).kind == of_kind), key=_place)
    earlier = [other for other in others if _place(other) < _place(document)]
    return [*earlier[:_EARLIER], *others[len(earlier) :][:_LATER]]


def _in_packet(document: Document, packet: "QuerySet[Upload]") -> Q:
    return Q(upload=document.upload_id) | Q(upload__in=packet)


def _are_together(one: Document, other: Document) -> bool:
    both = bill_and_eway(one, other)
    return both is not None and packets.belong_together(*both)


def bill_and_eway(one: Document, other: Document) -> tuple[Identity, Identity] | None:
    """The two in this order, where they are one of each."""
    found = {paper.kind: paper for paper in (known(one), known(other))}
    if found.keys() != {packets.BILL, packets.EWAY}:
        return None
    return found[packets.BILL], found[packets.EWAY]


def only_pairs(document: Document, found: Related, packet: "QuerySet[Upload]") -> OnlyPairs:
    """Bills and e-way bills that have nobody else in their file, or in a small packet.

    found: what `related` gave. Papers that have found one another by number take no part."""
    if known(document).kind not in (packets.BILL, packets.EWAY):
        return OnlyPairs()
    groups = list(_groups(document, _paper_trail(document, packet)))
    by_number = {pk for pair, kind in found.items() if kind == RelationKind.PACKET for pk in pair}
    members = by_number.union(paper.pk for group in groups for paper in group)
    settled = rows(
        ~Q(document=document), ~Q(other=document), document__in=members, kind=RelationKind.PACKET
    )
    by_number.update(pk for pair in settled for pk in pair)
    after: Related = {}
    for group in groups:
        if len(group) == 2 and bill_and_eway(*group):
            mine, other = (paper.pk for paper in group)
            if not by_number & {mine, other}:
                after[mine, other] = after[other, mine] = RelationKind.ONLY_PAIR
    return OnlyPairs(before=rows(document__in=members, kind=RelationKind.ONLY_PAIR), after=after)


def _paper_trail(document: Document, packet: "QuerySet[Upload]") -> list[Document]:
    """Bills and e-way bills of its file and then of its packet, at most _SMALL_PACKET."""
    found = comparable(document.project_id).filter(
        _in_packet(document, packet), type__slug__in=(packets.BILL, packets.EWAY)
    )
    own_first = Case(
        When(upload=document.upload_id, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    first = found.order_by(own_first, "upload_id", "first_page")[:_SMALL_PACKET]
    return [document if paper.pk == document.pk else paper for paper in first]


def _groups(document: Document, papers: Sequence[Document]) -> Iterator[list[Document]]:
    """The papers of each file, and all of them; of a large packet its own file alone."""
    if len(papers) == _SMALL_PACKET:
        yield [paper for paper in papers if paper.upload_id == document.upload_id]
        return
    for upload_id in {paper.upload_id for paper in papers}:
        yield [paper for paper in papers if paper.upload_id == upload_id]
    yield list(papers)


def look_keys(document: Document) -> list[int]:
    """LOOK keys of its first page."""
    first = Page.objects.filter(document=document, position=1).values_list("text", flat=True)
    bands = fingerprint.bands(next(iter(first), ""))
    return [identity.key(LOOK, document.project_id, band) for band in bands]


def _like(document: Document) -> list[Document]:
    """Documents of other files that can be pictures of the same paper: nothing that both say
    differs, and every page of the later one looks like that page of the earlier one."""
    mine = known(document)
    wanted = _tagged(document, LOOK)
    if not wanted:
        return []
    found = _of_other_files(document, LOOK).annotate(
        shared=_Shared(F("keys"), Cast(Value(wanted), _KEYS))
    )
    alike = [
        other
        for other in found.order_by("-shared", "upload_id", "first_page")[:_LIKE]
        if not identity.contradictions(mine, known(other))
    ]
    if not alike:
        return []
    first = _texts([document, *alike], Q(position=1))
    alike = [other for other in alike if _is_near(first, document, other)]
    texts = _texts([document, *alike], Q(position__lte=_PAGES_COMPARED))
    return [other for other in alike if _is_near(texts, document, other)]


_KEYS = ArrayField(BigIntegerField())


class _Shared(Func):
    """How many keys two arrays have in common."""

    template = "cardinality(ARRAY(SELECT unnest(%(expressions)s)))"
    arg_joiner = ") INTERSECT SELECT unnest("
    output_field = IntegerField()


def _texts(documents: Iterable[Document], which: Q) -> dict[UUID, list[str]]:
    """The texts of the pages of documents, in order."""
    found: dict[UUID, list[str]] = {document.pk: [] for document in documents}
    pages = Page.objects.filter(which, document__in=found).order_by("document", "position")
    for pk, text in pages.values_list("document", "text"):
        if pk is not None:
            found[pk].append(text)
    return found


def _is_near(texts: Mapping[UUID, Sequence[str]], one: Document, other: Document) -> bool:
    late, early = (texts[pk] for pk in _in_order(one, other))
    if not late or len(late) > len(early):
        return False
    return all(fingerprint.is_near(mine, theirs) for mine, theirs in zip(late, early, strict=False))


def rows(*which: Q, **named: object) -> Related:
    """Relations that are kept."""
    found = Relation.objects.filter(*which, **named).values_list("document_id", "other_id", "kind")
    return {(mine, other): RelationKind(kind) for mine, other, kind in found}
