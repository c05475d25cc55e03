"""JSON API: documents."""

from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from documents.models import Document


class DocumentView(APIView):
    """GET /api/v1/documents/{id}: the document with its values, evidence and pages."""

    def get(self, request: Request, id: UUID) -> Response:
        document = Document.objects.visible_to(request.user).with_pages().filter(pk=id).first()
        if document is None:
            raise Http404
        return Response(_told(document))


def _told(document: Document) -> dict[str, Any]:
    return {
        "id": str(document.pk),
        "project": document.project.slug,
        "file": document.upload.filename,
        "type": document.type.slug if document.type else "unknown",
        "type_confidence": document.type_confidence,
        "status": document.status,
        "reasons": document.reasons,
        "fields": document.payload,
        "evidence": document.evidence,
        "confidence": document.confidence,
        "version": document.version,
        "created_at": document.created_at,
        "updated_at": document.updated_at,
        "pages": [
            {
                "number": page.number,
                "type": page.type.slug if page.type else "unknown",
                "type_confidence": page.type_confidence,
                "text": page.text,
                "text_source": page.text_source,
                "text_engine": f"{page.text_engine} {page.text_engine_version}".strip(),
                "text_confidence": page.text_confidence,
                "width_px": page.width_px,
                "height_px": page.height_px,
                "error": {"code": page.error_code, "message": page.error_message}
                if page.error_code
                else None,
            }
            for page in document.pages.all()
        ],
    }
