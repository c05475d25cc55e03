"""What a request may write to disk before anybody has looked at it."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Keeps no more of a file than one block above the limit; the door then refuses it."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start <= settings.MAX_FILE_BYTES:
            super().receive_data_chunk(raw_data, start)


def refuse_files_of_strangers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Forms with files are parsed only for those who have signed in.

    Stands before the CSRF check, which parses the form. The API's views authenticate before
    they parse and need no cookie, so they are left alone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        is_form_with_files = request.content_type == "multipart/form-data"
        is_api = request.path.startswith("/api/")
        if is_form_with_files and not is_api and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return get_response(request)

    return middleware
