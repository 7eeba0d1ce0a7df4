"""Refuses a body that is too large while it arrives, whatever length the client declared."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.serve.refusals import refusal


class TooLargeError(Exception):
    """The body has more bytes than are taken."""


class DisconnectedError(Exception):
    """The client left before the body was complete."""


class BodyLimit:
    """Middleware that reads the body, up to a number of bytes, and then calls the app."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413, or let the app answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(scope, receive)
        except TooLargeError:
            message = f"The body has more than {self._max_bytes} bytes. Send fewer messages in a request."
            await refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)(scope, receive, send)
        except DisconnectedError:
            return
        else:
            await self._app(scope, _replayed(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max_bytes:
            raise TooLargeError
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise DisconnectedError
            body += message.get("body", b"")
            if len(body) > self._max_bytes:
                raise TooLargeError
            more = message.get("more_body", False)
        return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the whole body first, then what the server says."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay
