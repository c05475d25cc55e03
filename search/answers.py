"""What a question is answered from: passages of a project, and the places of what is cited.

A passage is a chunk, found by words and by meaning; unlike a hit it does not stand for its whole
document. A citation names a passage and holds words that stand in it: `cited` drops all others,
so nothing that was not looked up can be brought in, whoever wrote the answer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery
from rapidfuzz import fuzz

from documents import fields
from documents.models import Document, Page, Project
from search import queries, quotes, ranking, snippets
from search.investigation import Investigation
from search.models import Chunk, Embedder
from search.scope import Scope
from search.snippets import Box

PASSAGES = 12
# Of one document at most, so that a long one does not crowd out the others.
PASSAGES_OF_ONE = 4
SHOWN = 3
MAX_QUOTE_CHARS = 600
_DELETED = "A document that the answer rested on was deleted, and the answer with it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stretch of a page. n counts from 1, best first; boxes are a line each, in pixels of the
    page image, around the words that were asked for."""

    n: int
    document: UUID
    page: int
    text: str
    boxes: tuple[Box, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "document": str(self.document),
            "boxes": [[round(side) for side in box] for box in self.boxes],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A question's vector, and the embedder that made it."""

    embedder: Embedder
    numbers: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What an answer says it rests on: words, and the number of the passage they stand in."""

    n: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer in plain text. notice: why it is not as asked for; engine: what wrote it."""

    is_found: bool
    text: str = ""
    citations: tuple[Passage, ...] = ()
    notice: str = ""
    engine: str = ""


def cleaned(question: str) -> str:
    return queries.clean(question)


def passages(
    project: Project, question: str, *, vector: Vector | None, limit: int = PASSAGES
) -> tuple[Passage, ...]:
    """The best passages of a project, by words and, with the question's vector, by meaning."""
    asked = queries.clean(question)
    if not asked:
        return ()
    scope, wanted = Scope(project_ids=(project.pk,)), queries.wanted_terms(asked)
    ways = [ranking.lexical_passages(scope, wanted)]
    if vector is not None:
        ways.append(ranking.dense_passages(scope, vector.embedder, vector.numbers))
    chosen = _spread(ranking.fuse_passages(ways), limit)
    page = Page.objects.filter(upload=OuterRef("document__upload"), number=OuterRef("page"))
    chunks: Mapping[int, Any] = (
        Chunk.objects.only("document", "page", "text")
        .annotate(page_words=Subquery(page.values("words")))
        .in_bulk(chosen)
    )
    return tuple(
        Passage(
            n=n,
            document=chunk.document_id,
            page=chunk.page,
            text=chunk.text,
            boxes=marked(chunk.page_words or (), chunk.text, wanted),
        )
        for n, chunk in enumerate((chunks[pk] for pk in chosen if pk in chunks), start=1)
    )


def _spread(ranked: Iterable[tuple[int, UUID]], limit: int) -> list[int]:
    held: dict[UUID, int] = {}
    chosen: list[int] = []
    for chunk_id, document_id in ranked:
        held[document_id] = held.get(document_id, 0) + 1
        if held[document_id] <= PASSAGES_OF_ONE and len(chosen) < limit:
            chosen.append(chunk_id)
    return chosen


def best(found: Sequence[Passage], *, notice: str = "") -> Answered:
    """The passages themselves as the answer, where no model writes one."""
    return Answered(is_found=bool(found), citations=tuple(found[:SHOWN]), notice=notice)


def cited(found: Sequence[Passage], said: Iterable[Quote]) -> tuple[Passage, ...]:
    """The quotes that stand in the passage they name, once each, with the boxes of their words."""
    by_number = {passage.n: passage for passage in found}
    kept: dict[tuple[int, str], tuple[Passage, str]] = {}
    for quote in said:
        passage = by_number.get(quote.n)
        text = " ".join(quote.text.split())[:MAX_QUOTE_CHARS]
        if passage is not None and quotes.stands_in(text, passage.text):
            kept.setdefault((quote.n, fields.squeeze(text)), (passage, text))
    words = _words_of([passage for passage, _ in kept.values()])
    return tuple(
        Passage(
            n=passage.n,
            document=passage.document,
            page=passage.page,
            text=text,
            boxes=in_lines(span(words.get((passage.document, passage.page), ()), text)),
        )
        for passage, text in kept.values()
    )


def _words_of(found: Sequence[Passage]) -> Mapping[tuple[UUID, int], Sequence[Sequence[Any]]]:
    places = {(passage.document, passage.page) for passage in found}
    wanted = Q()
    for document, page in places:
        wanted |= Q(upload__documents=document, number=page)
    rows = Page.objects.filter(wanted).values_list("upload__documents", "number", "words")
    return {(document, page): words for document, page, words in rows} if places else {}


def marked(
    page_words: Sequence[Sequence[Any]], text: str, wanted: frozenset[int]
) -> tuple[Box, ...]:
    """Boxes of the words that were asked for, within the passage `text` of a page."""
    return in_lines(snippets.boxes(span(page_words, text), wanted))


def span(page_words: Sequence[Sequence[Any]], text: str) -> Sequence[Sequence[Any]]:
    """The words of a page (as `Page.words` has them) that print `text`; none where it is not
    found."""
    asked = fields.squeeze(text)
    squeezed = [fields.squeeze(str(word[0])) for word in page_words]
    whole = "".join(squeezed)
    if not asked or not whole:
        return ()
    begin = whole.find(asked)
    end = begin + len(asked)
    if begin < 0:
        found = fuzz.partial_ratio_alignment(asked, whole, score_cutoff=quotes.SAME_WORDS)
        if found is None or len(asked) > len(whole):
            return ()
        begin, end = found.dest_start, found.dest_end
    kept, at = [], 0
    for word, letters in zip(page_words, squeezed, strict=True):
        if letters and at < end and at + len(letters) > begin:
            kept.append(word)
        at += len(letters)
    return kept


def in_lines(found: Iterable[Any]) -> tuple[Box, ...]:
    """Boxes, or words with a box, joined to one box a line where they follow one another."""
    lines: list[Box] = []
    for one in found:
        sides = one[1:5] if isinstance(one[0], str) else one
        if None in sides:
            continue
        left, top, right, bottom = (float(side) for side in sides)
        if lines and _follows(lines[-1], left, top, bottom):
            before = lines[-1]
            lines[-1] = (
                min(before[0], left),
                min(before[1], top),
                max(before[2], right),
                max(before[3], bottom),
            )
        else:
            lines.append((left, top, right, bottom))
    return tuple(lines)


def _follows(line: Box, left: float, top: float, bottom: float) -> bool:
    """On the same line, and no further away than two letters are high."""
    shared = min(line[3], bottom) - max(line[1], top)
    height = bottom - top
    return shared > height / 2 and -height < left - line[2] < 2 * height


def still_there(project: Project, places: Iterable[Passage]) -> frozenset[UUID]:
    """Which documents of these places the project still has, locked, so that whoever deletes one
    waits and then finds the answer. Inside a transaction."""
    ids = {place.document for place in places}
    own = Document.objects.filter(project=project, pk__in=ids).order_by("pk")
    return frozenset(own.select_for_update(no_key=True).values_list("pk", flat=True))


def without_gone(found: Answered, there: Collection[UUID]) -> Answered:
    """An answer that rests on a document which is gone is none, as in `forget`."""
    cited = tuple(one for one in found.citations if one.document in there)
    if len(cited) == len(found.citations):
        return found
    return Answered(is_found=False, citations=cited, notice=_DELETED)


def forget(document_ids: Collection[UUID]) -> list[UUID]:
    """Take the words of these documents out of all answers; an answer that rested on one of
    them goes with it. The ids of the jobs that worked those answers out, since their calls may
    quote the documents too. Belongs into the transaction that deletes them."""
    gone = {str(pk) for pk in document_ids}
    told = Q()
    for pk in gone:
        told |= Q(passages__contains=[{"document": pk}])
    if not gone:
        return []
    projects = Document.objects.filter(pk__in=document_ids).values("project")
    own = Investigation.objects.filter(told, project__in=projects)
    worked_out = own.filter(job__isnull=False).values_list("job__pk", flat=True)
    jobs: list[UUID] = list(worked_out)
    for asked in own.select_for_update(of=("self",)).order_by("pk"):
        cited = [one for one in asked.citations if one["document"] not in gone]
        if len(cited) < len(asked.citations):
            asked.answer, asked.engine, asked.notice = "", "", _DELETED
            asked.is_found = False
        asked.citations = cited
        asked.passages = [one for one in asked.passages if one["document"] not in gone]
        asked.save(
            update_fields=["answer", "is_found", "engine", "notice", "citations", "passages"]
        )
    return jobs
