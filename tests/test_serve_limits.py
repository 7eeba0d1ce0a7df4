"""The service under load, while it ends, and what its process prints."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread
from typing import NoReturn, cast

import httpx
import pytest
import uvicorn
from starlette.types import Message

from detector import Detector, InputError, OperatingPoint
from detector.detect import models_folder
from detector.judge import Judge
from detector.manifest import verify
from detector.score import Reading, Scorer
from detector.serve import Limits, create_app, listen, make_server
from detector.serve.limits import BusyError, Check, LeftError, Workers

SECONDS = 120
BODY = {"messages": [{"text": "صباح الخير"}]}
CANARY = "canary7f3a91"


class HeldScorer:
    """Scores once it is let go; `entered` is set when it was asked to, `asked` counts the texts."""

    def __init__(self, scorer: Scorer) -> None:
        self.entered = Event()
        self.let_go = Event()
        self.asked = 0
        self._scorer = scorer
        self.score = scorer.score

    def read(self, texts: list[str]) -> list[Reading]:
        """What the scorer reads, later."""
        self.asked += len(texts)
        self.entered.set()
        assert self.let_go.wait(SECONDS)
        return self._scorer.read(texts)


@pytest.fixture
def scorer() -> Iterator[HeldScorer]:
    folder = models_folder() / "default"
    held = HeldScorer(Scorer(folder, verify(folder), 1))
    yield held
    held.let_go.set()


@contextmanager
def serving(scorer: HeldScorer, limits: Limits) -> Iterator[tuple[uvicorn.Server, Thread, str]]:
    manifest = verify(models_folder() / "default")
    held = Detector(Judge(manifest, cast(Scorer, scorer), OperatingPoint.BALANCED))
    server = make_server(create_app(held, limits), limits)
    with listen("127.0.0.1", 0) as listening:
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield server, thread, f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            scorer.let_go.set()
            server.should_exit = True
            thread.join()


def test_health_is_answered_while_scoring_and_a_request_too_many_is_sent_away(scorer: HeldScorer) -> None:
    limits = Limits(running=1, waiting=0)
    with serving(scorer, limits) as (_, _, address), ThreadPoolExecutor(1) as pool:
        first = pool.submit(httpx.post, f"{address}/v1/score", json=BODY, timeout=SECONDS)
        assert scorer.entered.wait(SECONDS)

        health = httpx.get(f"{address}/health")
        second = httpx.post(f"{address}/v1/score", json=BODY)
        scorer.let_go.set()

        assert health.status_code == 200
        assert (second.status_code, second.headers["retry-after"]) == (429, "1")
        assert first.result().status_code == 200
        assert httpx.post(f"{address}/v1/score", json=BODY, timeout=SECONDS).status_code == 200


def test_a_request_that_is_being_scored_is_answered_before_the_service_ends(scorer: HeldScorer) -> None:
    with serving(scorer, Limits()) as (server, thread, address), ThreadPoolExecutor(1) as pool:
        asked = pool.submit(httpx.post, f"{address}/v1/score", json=BODY, timeout=SECONDS)
        assert scorer.entered.wait(SECONDS)

        server.should_exit = True
        scorer.let_go.set()
        thread.join()

        assert asked.result().status_code == 200


def test_work_that_waits_is_dropped_when_its_client_leaves() -> None:
    let_go, ran = Event(), list[str]()

    def hold(_check: Check) -> None:
        assert let_go.wait(SECONDS)

    async def stay() -> None:
        await asyncio.Event().wait()

    async def scene() -> None:
        workers, left = Workers(Limits(running=1, waiting=1)), asyncio.Event()

        async def leave() -> None:
            await left.wait()

        first = asyncio.create_task(workers.run(hold, stay))
        second = asyncio.create_task(workers.run(lambda _: ran.append("second"), leave))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await workers.run(lambda _: ran.append("refused"), stay)
        left.set()
        with pytest.raises(LeftError):
            await second
        third = asyncio.create_task(workers.run(lambda _: ran.append("third"), stay))
        let_go.set()
        await asyncio.gather(first, third)

    asyncio.run(scene())

    assert ran == ["third"]


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("/v1/score", {"messages": BODY["messages"] * 1000}),
        ("/v1/moderations", {"input": ["صباح الخير"] * 1000}),
    ],
)
def test_scoring_stops_soon_after_its_client_has_left(
    scorer: HeldScorer, capsys: pytest.CaptureFixture[str], route: str, body: dict[str, object]
) -> None:
    with serving(scorer, Limits(running=1)) as (server, _, address):
        with _connected(address) as client:
            client.sendall(_request(route, json.dumps(body).encode()))
            assert scorer.entered.wait(SECONDS)
        while server.server_state.connections:
            httpx.get(f"{address}/health", headers={"connection": "close"})
        httpx.get(f"{address}/health")
        scorer.let_go.set()
        after = httpx.post(f"{address}/v1/score", json=BODY, timeout=SECONDS)

    assert after.status_code == 200
    assert scorer.asked < 1000
    assert "Traceback" not in capsys.readouterr().err


@contextmanager
def _connected(address: str) -> Iterator[socket.socket]:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), SECONDS) as client:
        yield client


def _request(route: str, body: bytes, length: int | None = None) -> bytes:
    """A request as it is sent, with another length declared than it has where one is given."""
    lines = (f"POST {route} HTTP/1.1", "host: test", "content-type: application/json")
    declared = f"content-length: {len(body) if length is None else length}"
    return "\r\n".join((*lines, declared, "", "")).encode() + body


def test_a_body_that_stands_still_is_refused(detector: Detector) -> None:
    app = create_app(detector, Limits(silence_seconds=0.1))
    chunks = iter([{"type": "http.request", "body": b'{"mess', "more_body": True}])
    sent: list[Message] = []

    async def receive() -> Message:
        for chunk in chunks:
            return chunk
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(dict(message))

    scope = {"type": "http", "method": "POST", "path": "/v1/score", "query_string": b"", "headers": []}
    asyncio.run(asyncio.wait_for(app(scope, receive, send), SECONDS))

    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["error"]["message"] == (
        "Nothing of the body arrived for 0.1 seconds. "
        "Expected as many bytes as content-length says, or a last chunk; send the request again."
    )


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /health HTTP/1.1\r\nhost: te",
        b"GET /health HTTP/1.1\r\nhost: test\r\n\r\nGET /hea",
    ],
)
def test_a_client_that_sends_no_whole_head_is_cut_off_and_one_that_waits_is_not(
    scorer: HeldScorer, sent: bytes
) -> None:
    with (
        serving(scorer, Limits(arrival_seconds=0.2)) as (_, _, address),
        ThreadPoolExecutor(1) as pool,
        _connected(address) as slow,
    ):
        waits = pool.submit(httpx.post, f"{address}/v1/score", json=BODY, timeout=SECONDS)
        assert scorer.entered.wait(SECONDS)
        slow.sendall(sent)

        while slow.recv(1000):
            pass
        scorer.let_go.set()

        assert waits.result().status_code == 200


def test_a_client_that_sends_on_after_it_was_refused_is_cut_off(scorer: HeldScorer) -> None:
    limits = Limits(arrival_seconds=0.2)
    with serving(scorer, limits) as (_, _, address), _connected(address) as client:
        client.sendall(_request("/v1/score", b"", length=10**12))
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")

        with pytest.raises(ConnectionError):
            _send_on(client)


def _send_on(client: socket.socket) -> NoReturn:
    while True:
        client.sendall(b" " * 1000)


def test_a_body_that_trickles_is_refused(detector: Detector) -> None:
    app = create_app(detector, Limits(arrival_seconds=0.1))
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": True}

    async def send(message: Message) -> None:
        sent.append(dict(message))

    scope = {"type": "http", "method": "POST", "path": "/v1/score", "query_string": b"", "headers": []}
    asyncio.run(asyncio.wait_for(app(scope, receive, send), SECONDS))

    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["error"]["message"] == (
        "The body has not arrived within 0.1 seconds. "
        "Send fewer messages in a request, or over a faster connection."
    )


def test_a_request_that_cannot_be_scored_before_the_service_ends_is_told_so(
    scorer: HeldScorer, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(scorer, Limits()) as (server, thread, address), ThreadPoolExecutor(1) as pool:
        asked = pool.submit(httpx.post, f"{address}/v1/score", json=BODY, timeout=SECONDS)
        assert scorer.entered.wait(SECONDS)

        server.config.timeout_graceful_shutdown = 0
        server.should_exit = True
        thread.join()

        answer = asked.result()
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ending")
    assert "Traceback" not in capsys.readouterr().err


def test_half_a_body_does_not_keep_the_service_from_ending(
    scorer: HeldScorer, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(scorer, Limits()) as (server, thread, address), _connected(address) as client:
        client.sendall(_request("/v1/score", b'{"mess', length=100))
        while not server.server_state.tasks:
            httpx.get(f"{address}/health")

        server.should_exit = True
        thread.join(20)

        assert not thread.is_alive()
        assert client.recv(1000).startswith(b"HTTP/1.1 503 ")
    assert "Traceback" not in capsys.readouterr().err


def test_a_body_of_undeclared_length_is_refused_while_it_arrives(detector: Detector) -> None:
    app = create_app(detector, Limits(body_bytes=1000))
    chunks = iter([{"type": "http.request", "body": b" " * 300, "more_body": True}] * 100)
    sent: list[Message] = []

    async def receive() -> Message:
        return next(chunks)

    async def send(message: Message) -> None:
        sent.append(dict(message))

    scope = {"type": "http", "method": "POST", "path": "/v1/score", "query_string": b"", "headers": []}
    asyncio.run(app(scope, receive, send))

    assert sent[0]["status"] == 413
    assert len(list(chunks)) == 96


def test_the_process_prints_no_text_and_ends_well_when_interrupted() -> None:
    command = [sys.executable, "-m", "detector.cli", "serve", "--host", "0.0.0.0", "--port", "0"]  # noqa: S104
    service = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert service.stderr is not None
    lines = [service.stderr.readline(), service.stderr.readline()]
    (port,) = [line.partition(";")[0].rpartition(":")[2].strip() for line in lines if "http://" in line]

    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS) as client:
        statuses = [
            client.post(f"/v1/score?text={CANARY}", json={"messages": [{"text": CANARY}]}).status_code,
            client.post("/v1/score", json={"messages": [{"text": [CANARY]}]}).status_code,
            client.get(f"/{CANARY}", headers={"x-forwarded-for": CANARY}).status_code,
            client.request(CANARY, "/health").status_code,
        ]
    service.send_signal(signal.SIGINT)
    out, err = service.communicate(timeout=SECONDS)

    assert statuses == [200, 422, 404, 405]
    assert "no authentication" in "".join(lines)
    assert err.count("POST /v1/score HTTP/1.1") == 2
    assert err.count('"- /health HTTP/1.1" 405') == 1
    assert CANARY.lower() not in (out + err).lower()
    assert service.returncode == 0


def test_a_port_that_is_taken_is_told_in_three_parts() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(InputError) as refusal:
            listen("127.0.0.1", port)

    assert str(refusal.value) == (
        f"127.0.0.1:{port}: Address already in use.\n"
        "Expected an address of this machine and a port that no other program uses.\n"
        "Choose others: --host 127.0.0.1 --port 8001"
    )


def test_a_host_that_is_not_known_is_told_in_the_words_of_the_system() -> None:
    with pytest.raises(socket.gaierror) as unknown:
        socket.getaddrinfo("::zz", 8000)

    with pytest.raises(InputError) as refusal:
        listen("::zz", 8000)

    assert str(refusal.value).startswith(f"::zz:8000: {unknown.value.strerror}.\n")
