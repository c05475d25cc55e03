"""Who reads: which engine is on, in one line for the pages that matter to users.

With no language model configured it asks nothing of the database."""

from django.conf import settings

from documents import prompts
from documents.errors import OperatorError
from documents.language import Purpose
from documents.models import DocumentType, ModelUse, Project

BY_RULES = "Read by rules; no language model is configured."
_ASKED = {
    ModelUse.NEVER: "Read by rules; no language model is asked about it.",
    ModelUse.UNSURE: "{} reads what the rules are unsure of.",
    ModelUse.ALWAYS: "{} reads beside the rules.",
}


def of_type(kind: DocumentType | None, project: Project) -> str:
    """Of a document of this type; None is an unknown one, which only says what it is."""
    if not settings.HAS_MODEL:
        return BY_RULES
    use = ModelUse.UNSURE if kind is None else ModelUse(kind.model_use)
    return _ASKED[use].format(model_of(Purpose.EXTRACT, project))


def of_all() -> str:
    """Of whatever comes, as far as one line can say it."""
    if not settings.HAS_MODEL:
        return BY_RULES
    uses = set(DocumentType.objects.on().values_list("model_use", flat=True))
    if uses <= {ModelUse.NEVER}:
        return "Read by rules; no type asks the language model."
    use = ModelUse.UNSURE if ModelUse.UNSURE in uses else ModelUse.ALWAYS
    return _ASKED[use].format(model_of(Purpose.EXTRACT, None))


def model_of(purpose: Purpose, project: Project | None) -> str:
    """The model that the active prompt asks: the project's own, else that of all, else the
    one that the settings name."""
    try:
        found = prompts.active(purpose, project.pk if project else 0)
    except OperatorError:
        return str(settings.MODEL)
    return found.model or str(settings.MODEL)
