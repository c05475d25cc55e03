"""Docket's tree of errors, split by who must act.

DocketError
|- SenderError           the sender of a file or a request mends it        HTTP 400
|  |- NotAllowed         the user's role does not allow it                 HTTP 403
|  `- Conflict           the thing has moved on; reload and decide again   HTTP 409
|- OperatorError         the installation must be mended                   HTTP 500
`- TryAgain              nobody acts; the same call may work later         HTTP 503
"""


class DocketError(Exception):
    """Something went wrong."""

    code = "error"
    status = 500

    def __init__(self, message: str = "", code: str = "") -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.code = code or type(self).code
        super().__init__(self.message)


class SenderError(DocketError):
    """The request cannot be carried out as it was sent."""

    code = "invalid"
    status = 400


class NotAllowed(SenderError):
    """Your role in this project does not allow that."""

    code = "not_allowed"
    status = 403


class Conflict(SenderError):
    """It has changed since you looked; reload and decide again."""

    code = "conflict"
    status = 409


class OperatorError(DocketError):
    """The installation must be mended before this can work."""

    code = "misconfigured"


class TryAgain(DocketError):
    """Not just now; try again in a moment."""

    code = "unavailable"
    status = 503
