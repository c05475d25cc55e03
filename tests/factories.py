"""Rows for tests, as plain functions with keyword arguments."""

import io
from typing import Any

from django.contrib.auth import get_user_model

from documents.models import Document, DocumentType, Membership, Page, Project, Role, Upload
from ingestion import intake
from ingestion.models import Job

_count = 0


def number() -> int:
    global _count
    _count += 1
    return _count


def project(**values: Any) -> Project:
    slug = f"project-{number()}"
    return Project.objects.create(**{"name": slug, "slug": slug} | values)


def user(role: Role | None = None, in_project: Project | None = None, **values: Any) -> Any:
    made = get_user_model().objects.create_user(f"user-{number()}", **values)
    if role and in_project:
        Membership.objects.create(project=in_project, user=made, role=role)
    return made


def job(
    text: str = "",
    *,
    in_project: Project | None = None,
    filename: str = "paper.txt",
    **values: Any,
) -> Job:
    """A job as the door makes it; `text` has a page between form feeds."""
    content = (text or f"paper {number()}").encode()
    receipt = intake.receive(
        io.BytesIO(content),
        filename=filename,
        project=in_project or project(),
        user=values.pop("user", None),
        **values,
    )
    return receipt.job


def upload(in_project: Project | None = None, **values: Any) -> Upload:
    mark = number()
    return Upload.objects.create(
        **{
            "project": in_project or project(),
            "file": f"uploads/{mark}/original.pdf",
            "filename": f"paper-{mark}.pdf",
            "media_type": "application/pdf",
            "size_bytes": 1,
            "sha256": f"{mark:064d}",
        }
        | values
    )


def page(of: Upload, page_number: int = 1, **values: Any) -> Page:
    return Page.objects.create(upload=of, number=page_number, **values)


def document(of: Upload | None = None, type_slug: str = "bill", **values: Any) -> Document:
    """A document in review with its schema; `values` override."""
    home = of or upload()
    kind = DocumentType.objects.get(slug=type_slug) if type_slug else None
    return Document.objects.create(
        **{
            "project": home.project,
            "upload": home,
            "first_page": 1,
            "type": kind,
            "schema_version": kind.schema_versions.latest("number") if kind else None,
            "status": "draft_pending" if kind else "unknown",
        }
        | values
    )
