"""The routes."""

from collections.abc import Sequence
from http import HTTPStatus
from importlib.metadata import version

from fastapi import FastAPI, Request, Response

from detector.detect import Detector
from detector.errors import ModelError
from detector.scan import DISTRIBUTION
from detector.serve.answer_shapes import REFUSALS, HealthOut, InfoOut, ModerationOut, ScoreOut
from detector.serve.answers import identified, info_answer, moderation_answer, score_answer
from detector.serve.body import BodyLimit
from detector.serve.limits import STANDARD, Limits, Workers
from detector.serve.refusals import RefusedError, answer, refuse_in_json
from detector.serve.shapes import ModerationRequest, ScoreRequest


def create_app(detector: Detector, limits: Limits = STANDARD) -> FastAPI:
    """The service as an ASGI app.

    There is no page of documentation, since FastAPI's loads from elsewhere and the service may run offline;
    `/openapi.json` is there.

    Raises:
        ModelError: The detector has a screen; who asks for a message's scores shall get them.
    """
    if detector.screening:
        raise ModelError(
            "The detector screens messages.\n"
            "Expected one that reads them all: a service answers with scores.\n"
            "Load it without `screen`."
        )
    app = FastAPI(
        title="Extortion detector",
        version=version(DISTRIBUTION),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.ending = lambda: False

    def ending() -> bool:
        """What the server says that runs the app: it is made after the app."""
        return bool(app.state.ending())

    app.add_middleware(BodyLimit, limits=limits, ending=ending)
    refuse_in_json(app)
    _add_scoring(app, detector, limits)
    _add_state(app, detector, limits)
    return app


def _add_scoring(app: FastAPI, detector: Detector, limits: Limits) -> None:
    workers = Workers(limits)

    @app.post("/v1/score", response_class=Response, responses={200: {"model": ScoreOut}, **REFUSALS})
    async def score(request: ScoreRequest, connection: Request) -> Response:
        """One finding for each message, in their order."""
        _check_number(request.messages, "messages", limits)
        chosen = detector.at(request.operating_point) if request.operating_point else detector
        messages = identified(request.messages)
        return await workers.run(
            lambda check: answer(score_answer(chosen, messages, check)), lambda: _leave(connection)
        )

    @app.post(
        "/v1/moderations", response_class=Response, responses={200: {"model": ModerationOut}, **REFUSALS}
    )
    async def moderations(request: ModerationRequest, connection: Request) -> Response:
        """One result for each input, in the shape of OpenAI's moderations.

        `flagged` means that the verdict is extortion. OpenAI's own categories are left out, since the model
        says nothing of them.
        """
        _check_number(request.input, "input", limits)
        return await workers.run(
            lambda check: answer(moderation_answer(detector, request.input, check)),
            lambda: _leave(connection),
        )


def _add_state(app: FastAPI, detector: Detector, limits: Limits) -> None:
    @app.head("/health", include_in_schema=False)
    @app.get("/health", response_class=Response, responses={200: {"model": HealthOut}})
    async def health() -> Response:
        """Answers as long as the service can take requests, also while it scores."""
        return answer({"status": "ok"})

    @app.head("/info", include_in_schema=False)
    @app.get("/info", response_class=Response, responses={200: {"model": InfoOut}})
    async def info() -> Response:
        """The model, its calibration and thresholds, and the limits of the service."""
        return answer(info_answer(detector, limits))


async def _leave(connection: Request) -> None:
    """Wait until the client leaves; its request was read before, so that nothing else is left to come."""
    while (await connection.receive())["type"] != "http.disconnect":
        pass


def _check_number(messages: Sequence[object], field: str, limits: Limits) -> None:
    if len(messages) > limits.messages:
        raise RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{field}: {len(messages)} messages. "
            f"Expected at most {limits.messages} in a request; send the rest in further requests.",
            field,
        )
