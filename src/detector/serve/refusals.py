"""Why a request was refused, in the shape of OpenAI's errors, on every route.

Nothing of the request's content is told: neither values nor unknown field names, only known field
names and positions.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from detector.report.as_json import as_line
from detector.serve.limits import BusyError, EndingError, LeftError

RETRY_AFTER_SECONDS = 1
SHAPES = "GET /openapi.json describes every request."
NO_OBJECT = (
    "The body is no JSON object. "
    'Expected one such as {"messages": [{"text": "…"}]} or {"input": "…"}, '
    "sent with content-type: application/json."
)
OTHER_TYPE = (
    "content-type: not application/json, or missing, so that the body was not read. "
    "Expected content-type: application/json."
)
UNPARSED = "The body is no JSON in UTF-8, or is nested too deep, or has a number too long."
CODES = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_TIMEOUT: "body_timeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_encoding",
    HTTPStatus.UNPROCESSABLE_ENTITY: "invalid_request",
    HTTPStatus.TOO_MANY_REQUESTS: "busy",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal_error",
    HTTPStatus.SERVICE_UNAVAILABLE: "ending",
}


class RefusedError(Exception):
    """A request that cannot be answered, for a reason that may be told."""

    def __init__(self, status: HTTPStatus, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param


def answer(record: dict[str, object], status: int = HTTPStatus.OK) -> Response:
    """A JSON response that survives lone surrogates."""
    return Response(as_line(record), status, media_type="application/json")


def refusal(status: HTTPStatus, message: str, param: str | None = None) -> Response:
    """The response to a request that is refused."""
    kind = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    error = {"message": message, "type": kind, "param": param, "code": CODES.get(status, status.name.lower())}
    return answer({"error": error}, status)


def refuse_in_json(app: FastAPI) -> None:
    """Have the app answer all its errors in this module's shape."""
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(BusyError, _busy)
    app.add_exception_handler(LeftError, _left)
    app.add_exception_handler(EndingError, _ended)
    app.add_exception_handler(HTTPException, _unroutable)
    app.add_exception_handler(HTTPStatus.INTERNAL_SERVER_ERROR, _broken)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return refusal(error.status, error.message, error.param)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if isinstance(error.body, bytes):  # which the framework has not taken for JSON
        return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"{OTHER_TYPE} {SHAPES}")
    first, *others = error.errors()
    more = f" Wrong fields besides it: {len(others)}." if others else ""
    return refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY, f"{reason_of(first)}{more} {SHAPES}", place_of(first) or None
    )


async def _busy(_request: Request, _error: Exception) -> Response:
    response = refusal(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests wait to be scored. "
        f"Try again after {RETRY_AFTER_SECONDS} second, with fewer requests of more messages each.",
    )
    response.headers["retry-after"] = str(RETRY_AFTER_SECONDS)
    return response


async def _left(_request: Request, _error: Exception) -> Response:
    """Nobody reads it; without it the server would tell of a failure. 499 is what nginx calls this."""
    return Response(status_code=499)


async def _ended(_request: Request, _error: Exception) -> Response:
    return refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The service ends, and the request was not answered in time. "
        "Send it again to another instance, or later.",
    )


async def _unroutable(_request: Request, error: Exception) -> Response:
    """Errors of the framework: no such route or method, or a body that it failed to parse."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"{UNPARSED} {SHAPES}")
    status = HTTPStatus(error.status_code)
    response = refusal(status, f"{status.phrase}. {SHAPES}")
    response.headers.update(error.headers or {})
    return response


async def _broken(_request: Request, _error: Exception) -> Response:
    return refusal(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The service failed on this request. Its log says where; please report that.",
    )


def reason_of(error: Mapping[str, Any]) -> str:
    """What is wrong with a field and what was expected, from one of pydantic's errors.

    >>> reason_of({"type": "missing", "loc": ("body", "messages", 3, "text"), "msg": "Field required"})
    'messages[3].text: Field required.'
    """
    if error["type"] == "json_invalid":
        return f"The body is no JSON (at character {error['loc'][-1] + 1})."
    place = place_of(error)
    if error["type"] == "extra_forbidden":
        return f"{place or 'body'}: has a field that is not known here."
    return f"{place}: {error['msg']}." if place else NO_OBJECT


def place_of(error: Mapping[str, Any]) -> str:
    """Where the error is, without field names that are the client's own; "" for the body as a whole.

    >>> place_of({"type": "extra_forbidden", "loc": ("body", "messages", 0, "anything at all")})
    'messages[0]'
    """
    parts: Sequence[str | int] = error["loc"][1:]
    if error["type"] == "json_invalid":
        return ""
    if error["type"] == "extra_forbidden":
        parts = parts[:-1]
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")
