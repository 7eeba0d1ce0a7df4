"""Refuses a body that is too large, too slow or packed while it arrives, whatever length was declared."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from math import ceil
from time import monotonic

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.serve.limits import LeftError, Limits
from detector.serve.refusals import RefusedError, refusal

LOOK_SECONDS = 0.25
"""How often it is asked, while nothing arrives, whether the service is to end."""
PACKED = (
    "content-encoding: the body is packed. "
    "Expected plain JSON; send it without content-encoding, or with identity."
)
ENDING = "The service ends, and the body has not arrived. Send it again to another instance, or later."


class BodyLimit:
    """Middleware that reads the body, up to a number of bytes, and then calls the app.

    Args:
        app: What answers a request whose body has arrived.
        limits: How large a body may be, how long it may take, and how long nothing of it may arrive.
        ending: Whether the service is to end: it would wait for bodies that never come.
    """

    def __init__(self, app: ASGIApp, limits: Limits, ending: Callable[[], bool]) -> None:
        self._app = app
        self._limits = limits
        self._ending = ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 408, 413, 415 or 503, or let the app answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(Headers(scope=scope), receive)
        except RefusedError as error:
            response = refusal(error.status, error.message)
            if error.status is HTTPStatus.REQUEST_TIMEOUT:
                response.headers["connection"] = "close"
            await response(scope, receive, send)
        except LeftError:
            return
        else:
            await self._app(scope, _replayed(body, receive), send)

    async def _read(self, headers: Headers, receive: Receive) -> bytes:
        if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, PACKED)
        declared = headers.get("content-length", "")
        self._check_size(int(declared) if declared.isdecimal() else 0)
        body = bytearray()
        arrived_by = monotonic() + self._limits.arrival_seconds
        more = True
        while more:
            message = await self._arrived(receive)
            if message["type"] == "http.disconnect":
                raise LeftError
            body += message.get("body", b"")
            self._check_size(len(body))
            more = message.get("more_body", False)
            if more and self._ending():
                raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, ENDING)
            if more and monotonic() > arrived_by:
                raise RefusedError(
                    HTTPStatus.REQUEST_TIMEOUT,
                    f"The body has not arrived within {self._limits.arrival_seconds:g} seconds. "
                    "Send fewer messages in a request, or over a faster connection.",
                )
        return bytes(body)

    async def _arrived(self, receive: Receive) -> Message:
        """What arrives next, if it does before the time is up and the service is to end."""
        arriving = asyncio.ensure_future(receive())
        try:
            for _ in range(ceil(self._limits.silence_seconds / LOOK_SECONDS)):
                await asyncio.wait({arriving}, timeout=LOOK_SECONDS)
                if arriving.done():
                    return arriving.result()
                if self._ending():
                    raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, ENDING)
        finally:
            arriving.cancel()
        raise RefusedError(
            HTTPStatus.REQUEST_TIMEOUT,
            f"Nothing of the body arrived for {self._limits.silence_seconds:g} seconds. "
            "Expected as many bytes as content-length says, or a last chunk; send the request again.",
        )

    def _check_size(self, size: int) -> None:
        if size > self._limits.body_bytes:
            raise RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The body has more than {self._limits.body_bytes} bytes. Send fewer messages in a request.",
            )


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the whole body first, then what the server says."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay
