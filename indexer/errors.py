"""Every error that a user can meet: each has a stable code and says what to do now.

The engine raises them; the command line turns them into exit codes, the server into problem documents.
"""

from __future__ import annotations


class TopicdexError(Exception):
    """Base of all errors that are shown to a user; anything else is a bug."""

    code = "internal"


class InvalidRequest(TopicdexError):
    """What was asked for is not possible as it was asked."""

    code = "invalid_request"


class InputError(TopicdexError):
    """A file, or one line of it, cannot be read as what it claims to be."""

    code = "input_error"


class Unauthorized(TopicdexError):
    """The API key is missing or wrong."""

    code = "unauthorized"


class Forbidden(TopicdexError):
    """The call comes from another site, or under a name that is not the server's."""

    code = "forbidden"


class NotFound(TopicdexError):
    """There is nothing under that name or id."""

    code = "not_found"


class NoClustering(TopicdexError):
    """No clustering has finished yet."""

    code = "no_clustering"


class ModelMismatch(TopicdexError):
    """The store holds vectors of another model."""

    code = "model_mismatch"


class StoreFormat(TopicdexError):
    """The folder is no topicdex store, or one of a format that this version does not know."""

    code = "store_format"


class Conflict(TopicdexError):
    """The request was right once, but the state has moved on."""

    code = "conflict"


class PreconditionFailed(TopicdexError):
    """What was to be changed is no longer as the caller saw it."""

    code = "precondition_failed"


class TooLarge(TopicdexError):
    """The body is over the limit."""

    code = "too_large"


class UnsupportedMediaType(TopicdexError):
    """The body is not JSON."""

    code = "unsupported_media_type"


class TooManyJobs(TopicdexError):
    """The queue of jobs is full, or as many streams are read as threads can be spared."""

    code = "too_many_jobs"


class StoreUnavailable(TopicdexError):
    """The store does not answer, or cannot be written."""

    code = "store_unavailable"


class StoreBusy(TopicdexError):
    """Another process owns the store."""

    code = "store_busy"


class NotReady(TopicdexError):
    """The service is still starting."""

    code = "not_ready"


class ModelUnavailable(TopicdexError):
    """The model cannot be loaded, or does not answer."""

    code = "model_unavailable"


class ServerUnavailable(TopicdexError):
    """The topicdex server that this command works through does not answer."""

    code = "server_unavailable"


class OverBudget(TopicdexError):
    """The work would cost more than may be spent."""

    code = "over_budget"


class Cancelled(TopicdexError):
    """The work was called off by its owner."""

    code = "cancelled"


def by_code(code: str) -> type[TopicdexError]:
    """Return the error class with this code; the base class where there is none."""
    return next((c for c in TopicdexError.__subclasses__() if c.code == code), TopicdexError)
