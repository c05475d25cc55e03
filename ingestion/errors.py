"""What ingestion refuses, beside the tree in `documents/errors.py`.

SenderError
|- FileRefused       the file was not taken: empty, of no known kind, a wrong password
`- documents.files.FileTooLarge
Exception
|- Interrupted       what the step stands on went away meanwhile; it is run again
|- LeaseLost         the step is somebody else's now, or was cancelled; save nothing
`- JobExpired        the job has used up its time; it fails
"""

from documents.errors import SenderError


class FileRefused(SenderError):
    """The file was not taken."""

    code = "file_refused"


class Interrupted(Exception):
    """The database, the storage or the engine's process went away under a step, which is no
    fault of its input. `code` and `message` are told of the step while it waits."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class LeaseLost(Exception):
    """The step is somebody else's now, or its job was cancelled; nothing may be saved."""


class JobExpired(Exception):
    """The job was worked on for as long as a job may take."""
