"""What can go wrong with a call, beside Unavailable("api_unavailable") when no answer comes at all."""

from typing import Final

from orbital.domain import errors

TOO_MANY_REQUESTS: Final = 429
SERVER_ERROR: Final = 500


class ApiError(errors.Conflict):
    """The service answered no: HTTP `status`, its stable `code`, a sentence, and what was wrong with which field.

    `request_id` is what its operator will ask for. `retry_after_seconds` is None unless the service named a time.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        fields: tuple[errors.FieldError, ...] = (),
        request_id: str | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(code, detail, fields)
        self.status = status
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        """With the fields: for a request of the wrong shape the sentence alone says nothing."""
        faults = [f"{one.pointer}: {one.detail}" for one in self.fields if one.detail != self.detail]
        return "; ".join([f"{self.code}: {self.detail}", *faults])

    @property
    def is_temporary(self) -> bool:
        """Whether the same call may work later without any change."""
        return self.status == TOO_MANY_REQUESTS or self.status >= SERVER_ERROR
