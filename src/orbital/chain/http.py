"""HTTP to nodes: posting bytes and getting bytes back, over connections that stay open.

A request costs about an eighth of the processor time that it costs through httpx (`bench/transport.py`), which shows
wherever a chain is asked often. Nothing comes from the environment: no proxy, netrc or certificate; a redirect is an
answer like any other, because URLs may hold keys.
"""

import typing

import aiohttp

_HEADERS: typing.Final = {"content-type": "application/json"}


class Reply(typing.NamedTuple):
    """What came back; `retry_after` is the header's text."""

    status: int
    content: bytes
    retry_after: str | None


class TimedOut(Exception):
    """No answer within the time given."""


class Unreachable(Exception):
    """No answer: no connection, or one that broke."""


class Connections:
    """Open connections, made when first needed. `timeout_seconds` is for connecting and for each pause of an answer."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = aiohttp.ClientTimeout(total=None, connect=timeout_seconds, sock_read=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, content: bytes) -> Reply:
        """Raises TimedOut and Unreachable."""
        if self._session is None:
            jar = aiohttp.DummyCookieJar()
            self._session = aiohttp.ClientSession(timeout=self._timeout, cookie_jar=jar, headers=_HEADERS)
        try:
            async with self._session.post(url, data=content, allow_redirects=False) as answer:
                return Reply(answer.status, await answer.read(), answer.headers.get("retry-after"))
        except TimeoutError as failure:
            raise TimedOut(_describe(failure)) from failure
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            raise Unreachable(_describe(failure)) from failure

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


def _describe(failure: Exception) -> str:
    """Its kind alone: the texts may hold the URL."""
    return type(failure).__name__
