"""The review queue, the turn of a document, and what is decided for many documents at once."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from documents import bulk, measures, presentation, queries, turns
from documents.errors import SenderError
from documents.models import AnyUser, Document, DocumentQuerySet, DocumentType, Project
from documents.turn_models import Turn
from documents.turns import REVIEWERS, Choice, Order

ROWS = 50
SESSION = "review"
# Why documents wait, by their `reason_kinds`, as a person picks them.
REASONS = {
    "low_confidence": "A value is unsure",
    "missing": "A value is missing",
    "check": "A check failed",
    "conflict": "Two readings disagree",
    "type_unsure": "Its type is unsure",
    "duplicate": "It is a copy",
    "near_duplicate": "It may be a copy",
    "number_seen_before": "Its number was seen before",
    "eway_mismatch": "Bill and e-way bill disagree",
    "total_not_printed": "Its total is not printed",
    "signature_invalid": "A signature is wrong",
    "signature_unknown_key": "A signature is of an unknown key",
    "model_failed": "A language model did not answer",
    "model_budget": "The model's budget was used up",
    "extract_failed": "Its fields could not be read",
    "sampled": "Drawn as a sample",
    "reopened": "Sent back",
    "reclassified": "Given another type",
    "rearranged": "Its pages were changed",
}
POSTPONEMENTS = (("hour", "For an hour"), ("tomorrow", "Until tomorrow, 8:00"), ("week", "A week"))


class FilterForm(forms.Form):
    """Which part of the queue; a value that makes no sense narrows nothing."""

    type = forms.ModelChoiceField(
        DocumentType.objects.all(), to_field_name="slug", required=False, empty_label="All types"
    )
    reason = forms.ChoiceField(choices=[("", "All reasons"), *REASONS.items()], required=False)
    order = forms.ChoiceField(choices=Order, required=False)

    def __init__(self, *args: Any, viewer: AnyUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"] = forms.ModelChoiceField(
            Project.objects.open_to(viewer, *REVIEWERS),
            to_field_name="slug",
            required=False,
            empty_label="All projects",
        )

    def choice(self) -> Choice:
        self.is_valid()
        told = {name: getattr(value, "slug", value) for name, value in self.cleaned_data.items()}
        return Choice.of(told)


def choice_of(request: WSGIRequest) -> Choice:
    """The part of the queue that this person is working through."""
    return Choice.of(request.session.get(SESSION, {}))


@require_GET
def queue(request: WSGIRequest) -> HttpResponse:
    """What waits, ROWS at a time, in the order in which it is handed out."""
    form = FilterForm(request.GET, viewer=request.user)
    choice = form.choice()
    if choice != choice_of(request):
        request.session[SESSION] = choice.as_dict()
    is_postponed = request.GET.get("show") == "postponed"
    found = turns.waiting(request.user, choice)
    away = turns.postponed(request.user)
    shown = away if is_postponed else _after(found, choice, request)
    ids = list(shown.values_list("pk", flat=True)[: ROWS + 1])
    rows = _rows(ids[:ROWS], request.user)
    context = {
        "form": form,
        "order": choice.order,
        "rows": rows,
        "is_postponed": is_postponed,
        "last": ids[ROWS - 1] if len(ids) > ROWS and not is_postponed else None,
        "waiting": _told_count(turns.count(found)),
        "away": turns.count(away),
        "today": measures.total(measures.of_person(request.user, measures.since(1))),
        "is_filtered": bool(choice.as_dict().keys() - {"order"}),
        "asked": urlencode(choice.as_dict()),
        "may_review": form.fields["project"].queryset.exists()  # type: ignore[attr-defined]
        if not ids
        else True,
    }
    return render(request, "documents/queue.html", context)


@require_POST
def start(request: WSGIRequest) -> HttpResponse:
    """Hand out the first document that nobody else has."""
    choice = FilterForm(request.POST, viewer=request.user).choice()
    request.session[SESSION] = choice.as_dict()
    found = turns.following(request.user, choice=choice)
    return _to(request, found, "Nothing waits here that nobody else is at work on.")


@require_POST
def turn(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    """Claim a document, or hold it on; for the page's script. `token`: as it was given;
    `active`: whether the person has done anything since."""
    document = _seen(request, document_id)
    try:
        if request.POST.get("token"):
            is_active = request.POST.get("active") == "1"
            held = turns.renew(document.pk, request.user, is_active=is_active)
        else:
            held = turns.claim(document.pk, request.user)
    except SenderError as fault:
        return JsonResponse({"state": fault.code, "told": fault.message})
    until = timezone.localtime(held.until)
    return JsonResponse({"state": "yours", "until": f"{until:%H:%M}", "token": str(held.token)})


@require_POST
def leave(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    """Give it back. With `token` it is the page that goes, which shows nothing more."""
    document = _seen(request, document_id)
    token = request.POST.get("token", "")
    if token:
        turns.release(document.pk, request.user, token=_uuid(token))
        return HttpResponse(status=204)
    turns.release(document.pk, request.user)
    return redirect(_queue_url(request))


@require_POST
def following(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    document = _seen(request, document_id)
    found = turns.following(request.user, after=document, choice=choice_of(request))
    return _to(request, found, "Nothing else waits that nobody is at work on.")


@require_POST
def preceding(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    document = _seen(request, document_id)
    found = turns.preceding(request.user, at=document, choice=choice_of(request))
    if found is None:
        messages.info(request, "This is the first one in the queue.")
    return redirect("document", found or document.pk)


@require_POST
def postpone(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    """Put it away until a time, and go on with the next one."""
    document = _seen(request, document_id)
    until = _until(request.POST.get("for", ""))
    try:
        turns.postpone(document.pk, request.user, until=until)
    except SenderError as fault:
        messages.error(request, fault.message)
        return redirect("document", document.pk)
    told = f"It comes back on {presentation.told_date(until)} at {until:%H:%M}."
    messages.success(request, f"{document.upload.filename} was postponed. {told}")
    found = turns.following(request.user, after=document, choice=choice_of(request))
    return _to(request, found, "Nothing else waits that nobody is at work on.")


@require_POST
def recall(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    document = _seen(request, document_id)
    turns.recall(document.pk, request.user)
    messages.success(request, f"{document.upload.filename} waits again.")
    return redirect("review")


def confirm_many(request: WSGIRequest) -> HttpResponse:
    """Show what of the queue nobody doubts, then confirm what was chosen of it."""
    form = FilterForm(request.GET, viewer=request.user)
    choice = form.choice()
    if request.method == "POST":
        done = bulk.confirm(_chosen(request), request.user)
        _tell(request, done.done)
        named = Document.objects.visible_to(request.user).select_related("upload", "type")
        left = named.in_bulk([pk for pk, _ in done.left])
        context = {
            "done": done.done,
            "left": [
                (pk, presentation.told_document(left[pk]) if pk in left else "", why)
                for pk, why in done.left
            ],
            "back": _queue_url(request),
        }
        return render(request, "documents/queue_done.html", context)
    weighed = bulk.weigh(turns.waiting(request.user, choice), request.user)
    context = {
        "ready": [_row(one.document, None) for one in weighed if one.is_ready],
        "left": [
            (one.document, presentation.told_document(one.document), one.why)
            for one in weighed
            if not one.is_ready
        ],
        "most": bulk.MOST,
        "is_cut": len(weighed) == bulk.MOST,
        "back": _queue_url(request),
    }
    return render(request, "documents/queue_confirm.html", context)


def _tell(request: WSGIRequest, done: int) -> None:
    if done:
        messages.success(request, f"{done} document{'s were' if done > 1 else ' was'} confirmed.")


def _chosen(request: WSGIRequest) -> list[tuple[UUID, int]]:
    """Documents as the form names them: "id:version"."""
    chosen = []
    for text in request.POST.getlist("document")[: bulk.MOST]:
        name, _, version = text.partition(":")
        if (pk := _uuid(name)) is not None and version.isdecimal():
            chosen.append((pk, int(version)))
    return chosen


def _rows(ids: list[UUID], user: AnyUser) -> list[dict[str, Any]]:
    found = queries.listed(Document.objects.open_to(user, *REVIEWERS)).in_bulk(ids)
    held = turns.held(ids)
    return [_row(found[pk], held.get(pk)) for pk in ids if pk in found]


def _row(document: Document, turn: Turn | None) -> dict[str, Any]:
    row = presentation.list_row(document) if hasattr(document, "page_count") else {}
    return {
        **row,
        "document": document,
        "values": presentation.key_values(document),
        "sure": round(100 * document.confidence),
        "turn": turn,
        "is_held": bool(turn and turn.until and turn.until > timezone.now()),
    }


def _after(found: DocumentQuerySet, choice: Choice, request: WSGIRequest) -> DocumentQuerySet:
    """From the document that the page before ended with."""
    pk = _uuid(request.GET.get("after", ""))
    last = Document.objects.visible_to(request.user).filter(pk=pk).first() if pk else None
    return found if last is None else turns.past(found, last, choice.order)


def _until(told: str) -> datetime:
    """When a postponed document comes back: one of POSTPONEMENTS, or a local time as a form
    gives it; what cannot be read is a time that is refused."""
    now = timezone.localtime()
    morning = now.replace(hour=8, minute=0, second=0, microsecond=0)
    known = {
        "hour": now + timedelta(hours=1),
        "tomorrow": morning + timedelta(days=1),
        "week": morning + timedelta(days=7),
    }
    if told in known:
        return known[told]
    try:
        return timezone.make_aware(datetime.fromisoformat(told).replace(tzinfo=None))
    except ValueError:
        return now - timedelta(seconds=1)


def _seen(request: WSGIRequest, document_id: UUID) -> Document:
    """Whether it waits and who may review it is the verbs' to say."""
    seen = Document.objects.visible_to(request.user).select_related("upload")
    return get_object_or_404(seen, pk=document_id)


def _to(request: WSGIRequest, found: UUID | None, nothing: str) -> HttpResponseRedirect:
    if found is not None:
        return redirect("document", found)
    messages.info(request, nothing)
    return redirect(_queue_url(request))


def _queue_url(request: WSGIRequest) -> str:
    asked = urlencode(choice_of(request).as_dict())
    return f"{reverse('review')}?{asked}" if asked else reverse("review")


def _told_count(number: int) -> str:
    return f"{number:,}" if number <= turns.COUNTED_MOST else f"more than {turns.COUNTED_MOST:,}"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
