"""What lies in the storage, to those who may see it: page images, thumbnails, originals."""

from collections.abc import Callable, Iterator
from uuid import UUID

from django.core.handlers.wsgi import WSGIRequest
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET
from PIL import UnidentifiedImageError

from documents import files
from documents.models import Page, Upload

KEPT_S = 30 * 86_400


@require_GET
def page_image(request: WSGIRequest, upload_id: UUID, number: int) -> HttpResponse:
    """The WebP image of a page; cached as `page_thumbnail` is."""
    return _image(request, upload_id, number, files.fetch_page)


@require_GET
def page_thumbnail(request: WSGIRequest, upload_id: UUID, number: int) -> HttpResponse:
    """A page as a small WebP. With `?v=` its `image_version` the browser keeps it and does not
    ask again; without, or with an older one, it asks each time and is told that it has it."""
    return _image(request, upload_id, number, files.fetch_thumbnail)


@require_GET
def original(request: WSGIRequest, upload_id: UUID) -> HttpResponseBase:
    """The file as it arrived, to be saved and never shown: it may be anything."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=upload_id)
    blocks = _blocks(upload.file)
    try:
        next(blocks)
    except FileNotFoundError as fault:
        raise Http404 from fault
    return StreamingHttpResponse(
        blocks,
        content_type=upload.media_type,
        headers={
            "Content-Disposition": content_disposition_header(True, upload.filename) or "",
            "Content-Length": str(upload.size_bytes),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
        },
    )


def _image(
    request: WSGIRequest, upload_id: UUID, number: int, fetch: Callable[[UUID, int], bytes]
) -> HttpResponse:
    page = get_object_or_404(
        Page.objects.visible_to(request.user).only("read_at", "rotation"),
        upload_id=upload_id,
        number=number,
        image__gt="",
    )
    etag = f'"{page.image_version}"'
    if request.headers.get("If-None-Match") == etag:
        response: HttpResponse = HttpResponseNotModified()
    else:
        try:
            response = HttpResponse(fetch(upload_id, number), content_type="image/webp")
        except (FileNotFoundError, UnidentifiedImageError) as fault:
            raise Http404 from fault
    response["ETag"] = etag
    if request.GET.get("v") == page.image_version:
        patch_cache_control(response, private=True, max_age=KEPT_S, immutable=True)
    else:
        patch_cache_control(response, private=True, no_cache=True)
    return response


def _blocks(name: str) -> Iterator[bytes]:
    """An empty block once the file is open, then the file block by block."""
    with files.reading(name) as source:
        yield b""
        while block := source.read(files.CHUNK_BYTES):
            yield block
