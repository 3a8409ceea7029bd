"""HTTP/1.1 to nodes: posting bytes and getting bytes back, over connections that stay open.

Every process asks nodes, the indexer and intake all the time, so this is a protocol over a compiled parser rather than
a client for everything: a request costs a fraction of the processor time of one through a general client
(`bench/transport.py`). Nobody comes in between: no proxy and no netrc of the environment; a redirect is an answer like
any other, because URLs may hold keys, and no cookie is kept. TLS trusts whom the system trusts.
"""

import asyncio
import base64
import collections
import contextlib
import ssl
import time
import typing
import urllib.parse
import zlib

import httptools

CONNECTIONS_MAX: typing.Final = 100
"""How many requests are under way at once; others wait for their turn."""

IDLE_SECONDS: typing.Final = 15.0
"""After which a connection is not used again: many servers hang up a little later, just when something is sent."""

CONTENT_BYTES_MAX: typing.Final = 1 << 28
"""The largest answer that is read to its end, also when it was packed."""

HEAD_BYTES_MAX: typing.Final = 1 << 16
"""The longest head of an answer that is waited for: heads are put together in steps that cost more each time."""

_SUCCESS: typing.Final = 200
_SIZES: typing.Final = frozenset({b"content-length", b"transfer-encoding"})
_KEPT: typing.Final = "/:@!$&'()*+,;=-._~%?"
_GZIP: typing.Final = zlib.MAX_WBITS | 16


class Reply(typing.NamedTuple):
    """What came back; `retry_after` is the header's text."""

    status: int
    content: bytes
    retry_after: str | None


class TimedOut(Exception):
    """No answer within the time given."""


class Unreachable(Exception):
    """No answer: no connection, or one that broke."""


class _HungUp(Unreachable):
    """The connection ended before the first byte of an answer."""


class Connections:
    """Open connections, made when first needed. `timeout_seconds` is for connecting and for each pause of an answer."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = timeout_seconds
        self._targets: dict[str, _Target] = {}
        self._idle: dict[_Target, collections.deque[_Connection]] = {}
        self._turn = asyncio.Semaphore(CONNECTIONS_MAX)
        self._is_closed = False

    async def post(self, url: str, content: bytes) -> Reply:
        """Raises TimedOut and Unreachable."""
        target = self._targets.get(url) or self._resolve(url)
        async with self._turn:
            used = self._take(target)
            if used is not None:
                with contextlib.suppress(_HungUp):  # servers do that to idle connections, at any moment
                    return await self._ask(used, target, content)
            return await self._ask(await self._connect(target), target, content)

    async def aclose(self) -> None:
        """End the idle ones; those in use end with their requests."""
        self._is_closed = True
        for waiting in self._idle.values():
            while waiting:
                waiting.pop().close()
        await asyncio.sleep(0)  # the loop lets go of them

    async def _ask(self, connection: "_Connection", target: "_Target", content: bytes) -> Reply:
        reply = await connection.post(target.head, content, self._timeout)
        if self._is_closed:
            connection.close()
        elif connection.is_open:
            self._idle[target].append(connection)
        return reply

    def _resolve(self, url: str) -> "_Target":
        try:
            target = self._targets[url] = _parse(url)
        except ValueError as failure:  # also of the codecs
            raise Unreachable(_describe(failure)) from None
        self._idle[target] = collections.deque()
        return target

    def _take(self, target: "_Target") -> "_Connection | None":
        """The one that was used last, since it is the likeliest to be open still."""
        waiting = self._idle[target]
        while waiting:
            connection = waiting.pop()
            if connection.is_fresh(time.monotonic()):
                return connection
            connection.close()
        return None

    async def _connect(self, target: "_Target") -> "_Connection":
        try:
            async with asyncio.timeout(self._timeout):
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection, target.host, target.port, ssl=target.tls
                )
        except TimeoutError as failure:
            raise TimedOut(_describe(failure)) from failure
        except (OSError, ValueError) as failure:
            raise Unreachable(_describe(failure)) from failure
        return connection


class _Target(typing.NamedTuple):
    """Where a URL's requests go, and how each begins."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    head: bytes


class _Connection(asyncio.Protocol):
    """One request at a time. Who stops waiting for an answer ends the connection: what comes then is nobody's."""

    def __init__(self) -> None:
        self._transport: typing.Any = None
        self._answer: asyncio.Future[Reply] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._active_at = time.monotonic()
        self._head: dict[bytes, bytes] = {}
        self._headers: dict[bytes, bytes] = {}
        self._lasts_until_closed = self._is_answered = False

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def is_fresh(self, now: float) -> bool:
        """Whether it may be used for another request."""
        return self.is_open and now - self._active_at < IDLE_SECONDS

    async def post(self, head: bytes, content: bytes, pause_seconds: float) -> Reply:
        """Raises TimedOut when nothing comes for so long, and Unreachable."""
        if self._transport is None:
            raise _HungUp("ServerDisconnected")
        answer = self._expect()
        self._transport.write(b"%b%d\r\n\r\n%b" % (head, len(content), content))
        self._look_after(pause_seconds, pause_seconds)
        try:
            return await answer
        except BaseException:
            self.close()
            raise
        finally:
            if self._watch is not None:
                self._watch.cancel()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._active_at, self._is_answered = time.monotonic(), True
        if self._answer is None or self._answer.done():
            self.close()  # nobody asked
            return
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as failure:
            self._fail(Unreachable(_describe(failure)))
        if self._size > self._size_max:
            self._fail(Unreachable("TooLarge"))

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if error is None and self._lasts_until_closed:
            self._finish()
        else:
            kind = Unreachable if self._is_answered else _HungUp
            self._fail(kind("ServerDisconnected" if error is None else _describe(error)))

    def on_message_begin(self) -> None:
        if self._answer is not None and self._answer.done():
            self.close()  # an answer that nobody asked for, on the heels of the one that somebody did

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self._head, self._headers = self._headers, {}  # what comes after the content is none of it
        self._lasts_until_closed = not self._head.keys() & _SIZES
        self._size_max = CONTENT_BYTES_MAX

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < _SUCCESS:  # word that an answer will come
            self._lasts_until_closed = False
            return
        if not self._parser.should_keep_alive() or self._is_sending():
            self.close()
        self._finish()

    def _expect(self) -> asyncio.Future[Reply]:
        self._answer = asyncio.get_running_loop().create_future()
        self._active_at = time.monotonic()
        self._parser = httptools.HttpResponseParser(self)
        self._headers = {}
        self._parts: list[bytes] = []
        self._size, self._size_max = 0, HEAD_BYTES_MAX
        self._lasts_until_closed = self._is_answered = False
        return self._answer

    def _is_sending(self) -> bool:
        """Whether some of the request is still here: who answers before he read it may never read it."""
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    def _look_after(self, delay: float, pause_seconds: float) -> None:
        self._watch = asyncio.get_running_loop().call_later(delay, self._check_pause, pause_seconds)

    def _check_pause(self, pause_seconds: float) -> None:
        left = self._active_at + pause_seconds - time.monotonic()
        if left > 0:
            self._look_after(left, pause_seconds)
        else:
            self._fail(TimedOut("SilentNode"))

    def _finish(self) -> None:
        if self._answer is None or self._answer.done():
            return
        try:
            content = _decode(b"".join(self._parts), self._head.get(b"content-encoding", b""))
        except (zlib.error, ValueError) as failure:
            self._fail(Unreachable(_describe(failure)))
            return
        pause = self._head.get(b"retry-after")
        text = None if pause is None else pause.decode("latin-1")
        self._answer.set_result(Reply(self._parser.get_status_code(), content, text))

    def _fail(self, failure: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(failure)


def _parse(url: str) -> _Target:
    """Raises ValueError for what is no URL of HTTP."""
    parts = urllib.parse.urlsplit(url)
    if not parts.hostname or parts.scheme not in {"http", "https"}:
        raise ValueError("no URL of HTTP")
    is_tls, name = parts.scheme == "https", parts.hostname.encode("idna").decode()
    port = (443 if is_tls else 80) if parts.port is None else parts.port
    path = urllib.parse.quote(parts.path or "/", safe=_KEPT) + (
        f"?{urllib.parse.quote(parts.query, safe=_KEPT)}" if parts.query else ""
    )
    where = f"[{name}]" if ":" in name else name
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {where}" if parts.port is None else f"Host: {where}:{port}",
        "Content-Type: application/json",
        "Accept: */*",
        "Accept-Encoding: gzip",
        *_authorization(parts),
        "Content-Length: ",
    ]
    return _Target(name, port, ssl.create_default_context() if is_tls else None, "\r\n".join(lines).encode("ascii"))


def _authorization(parts: urllib.parse.SplitResult) -> list[str]:
    """RFC 7617, for a URL with a user and a password."""
    if parts.username is None:
        return []
    pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return [f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}"]


def _decode(content: bytes, encoding: bytes) -> bytes:
    """Raises ValueError for an encoding that was not asked for, and for what is not one whole of the size allowed."""
    if not content:  # some name the encoding that there would be
        return content
    match encoding.strip().lower():
        case b"" | b"identity":
            return content
        case b"gzip" | b"x-gzip":
            reader = zlib.decompressobj(_GZIP)
            found = reader.decompress(content, CONTENT_BYTES_MAX)
            if reader.unconsumed_tail or reader.unused_data or not reader.eof:
                raise ValueError("cut off, too large or with more behind it")
            return found
        case _:
            raise ValueError("encoding")


def _describe(failure: Exception) -> str:
    """Its kind alone: the texts may hold the URL."""
    return type(failure).__name__
