"""How the JSON API says that something went wrong: RFC 9457 problem details."""

from typing import Any

from django.http import Http404
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from documents.errors import DocketError


def problem(fault: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: `{"code", "message", "errors"?}` and the status of the fault."""
    if isinstance(fault, DocketError):
        return Response({"code": fault.code, "message": fault.message}, status=fault.status)
    response = exception_handler(fault, context)
    if response is None:
        return None
    if isinstance(fault, ValidationError):
        response.data = {
            "code": "invalid",
            "message": "Some values cannot be taken; see errors.",
            "errors": fault.detail,
        }
    elif isinstance(fault, Http404):
        response.data = {"code": "not_found", "message": "There is nothing at this address."}
    elif isinstance(fault, APIException):
        response.data = {"code": fault.default_code, "message": str(fault.detail)}
    return response
