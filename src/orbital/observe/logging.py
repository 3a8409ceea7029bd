"""Log lines: one JSON object a line, or coloured text on a terminal; the same fields in both.

Every line has `ts`, `level`, `event` and `process`; a library's has `library` where ours have `room`. Secrets never
reach a line: what holds one hides it in its `repr`.
"""

import logging
import sys
from typing import Any, Final

import orjson
import structlog

Logger = structlog.stdlib.BoundLogger

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_log: Final[Logger] = structlog.get_logger()


def configure(process: str, level: str = "info", *, is_terminal: bool | None = None) -> None:
    """Set up this process's log once; `level` is debug, info, warning or error."""
    human = sys.stderr.isatty() if is_terminal is None else is_terminal
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if human
        else structlog.processors.JSONRenderer(
            serializer=lambda value, **kwargs: orjson.dumps(value, **kwargs).decode()
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(level=logging.WARNING, handlers=[_OfLibraries()])


def get_logger(room: str) -> Logger:
    """The log of a room. It takes its form at its first line, so a module may get it before `configure` ran."""
    logger: Logger = structlog.get_logger(room=room)
    return logger


class _OfLibraries(logging.Handler):
    """What libraries say, in our form.

    An exception that goes with a warning, as while a database is away, is only named. What a library calls an error is
    a bug, which keeps its trace.
    """

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"library": record.name}
        is_error = record.levelno >= logging.ERROR
        if is_error:
            fields["exc_info"] = record.exc_info
        elif record.exc_info and record.exc_info[0]:
            fields["reason"] = record.exc_info[0].__name__
        (_log.error if is_error else _log.warning)(record.getMessage(), **fields)
