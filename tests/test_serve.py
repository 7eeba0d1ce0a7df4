"""The service answers what its clients already ask, tells what is wrong, and never repeats a message."""

import json
import logging
import threading
from collections.abc import Iterator
from time import thread_time
from typing import Any

import httpx
import openai
import pytest
from fastapi.testclient import TestClient
from openai.types import ModerationImageURLInputParam

from detector import Detector, Label
from detector.read.timestamps import DATE_NOT_UNDERSTOOD
from detector.serve import Limits, answer_shapes, create_app, listen, make_server
from detector.serve.answers import identified
from detector.serve.shapes import MessageIn

THREAT = "حولي ٥٠٠ دولار والا صورك توصل لاهلك"
GREETING = "صباح الخير شلونكم"


@pytest.fixture(scope="module")
def client(detector: Detector) -> Iterator[TestClient]:
    with TestClient(create_app(detector), raise_server_exceptions=False) as client:
        yield client


def _score(client: TestClient, *texts: str, **more: Any) -> list[dict[str, Any]]:
    response = client.post("/v1/score", json={"messages": [{"text": text} for text in texts], **more})
    assert response.status_code == 200, response.text
    return list(response.json()["findings"])


def test_findings_come_in_the_order_of_the_messages(client: TestClient) -> None:
    findings = _score(client, THREAT, GREETING)

    assert [finding["text"] for finding in findings] == [THREAT, GREETING]
    assert [finding["id"] for finding in findings] == ["1", "2"]
    assert [finding["verdict"] for finding in findings] == ["extortion", "none"]
    assert findings[0]["spans"]


def test_a_message_scores_alone_as_among_a_thousand(client: TestClient) -> None:
    many = _score(client, *([GREETING] * 499 + [THREAT] + ["هلا"] * 500))

    (alone,) = _score(client, THREAT)

    assert len(many) == 1000
    for label in Label:
        assert many[499]["scores"][label] == pytest.approx(alone["scores"][label], abs=1e-6)


def test_the_fields_of_a_message_come_back_and_repeated_ids_are_told_apart(client: TestClient) -> None:
    message = {
        "text": GREETING,
        "id": 7,
        "thread": "t",
        "sender": "s",
        "sent_at": "2024-03-12T21:07:00",
        "lang": "ar",
    }

    response = client.post("/v1/score", json={"messages": [message, message]})

    first, second = response.json()["findings"]
    assert (first["id"], second["id"]) == ("7", "7#2")
    assert (first["thread"], first["sender"], first["sent_at"]) == ("t", "s", "2024-03-12T21:07:00")


@pytest.mark.parametrize(
    ("written", "sent_at", "warnings"),
    [
        ("2024-03-12T21:07:00Z", "2024-03-12T21:07:00+00:00", []),
        ("1710277620", "2024-03-12T21:07:00+00:00", []),
        ("yesterday", None, [DATE_NOT_UNDERSTOOD]),
        (" ", None, []),
    ],
)
def test_a_time_comes_back_in_iso_8601_or_not_at_all(
    client: TestClient, written: str, sent_at: str | None, warnings: list[str]
) -> None:
    message = {"text": GREETING, "sent_at": written}

    (finding,) = client.post("/v1/score", json={"messages": [message]}).json()["findings"]

    assert finding["sent_at"] == sent_at
    assert (finding["source"] or {"warnings": []})["warnings"] == warnings


@pytest.mark.parametrize("wrong", [True, [1], {"a": 1}])
def test_a_name_is_a_string_or_a_number(client: TestClient, wrong: object) -> None:
    response = client.post("/v1/score", json={"messages": [{"text": GREETING, "id": wrong}]})

    assert response.status_code == 422


def test_a_unique_id_stays_and_the_number_of_a_message_without_one_gives_way(client: TestClient) -> None:
    messages = [{"text": GREETING}, {"text": GREETING, "id": "1"}, {"text": GREETING, "id": 1}]
    messages += [{"text": GREETING, "id": "1#2"}, {"text": GREETING}]

    findings = client.post("/v1/score", json={"messages": messages}).json()["findings"]

    assert [finding["id"] for finding in findings] == ["1#3", "1", "1#4", "1#2", "5"]
    assert [bool(finding["source"]) for finding in findings] == [True, False, True, False, False]


@pytest.mark.parametrize(
    ("given", "taken"), [("", None), (" \t", None), (float("nan"), None), (1.5, "1.5"), (2.0, "2"), (7, "7")]
)
def test_a_blank_name_is_none_and_a_number_is_one_as_in_files(
    client: TestClient, given: object, taken: str | None
) -> None:
    message = {"text": GREETING, "id": given, "thread": given, "sender": given}
    body = json.dumps({"messages": [message]})

    response = client.post("/v1/score", content=body, headers={"content-type": "application/json"})

    answer = response.json()
    (finding,) = answer["findings"]
    assert (finding["id"], finding["thread"], finding["sender"]) == (taken or "1", taken, taken)
    assert len(answer["threads"]) == (taken is not None)


def test_the_operating_point_of_a_request_changes_flags_and_no_scores(client: TestClient) -> None:
    body = {"messages": [{"text": THREAT}]}
    loose = client.post("/v1/score", json={**body, "operating_point": "high-recall"}).json()
    strict = client.post("/v1/score", json={**body, "operating_point": "high-precision"}).json()

    assert loose["findings"][0]["scores"] == strict["findings"][0]["scores"]
    assert set(strict["findings"][0]["flags"]) <= set(loose["findings"][0]["flags"])
    assert loose["model"]["thresholds"] != strict["model"]["thresholds"]


def test_messages_of_a_thread_are_also_judged_together(client: TestClient) -> None:
    messages = [
        {"text": "محادثاتك كلها عندي", "thread": "chat", "sender": "a"},
        {"text": "شتريد مني", "thread": "chat", "sender": "b"},
        {"text": "هلا"},
    ]

    answer = client.post("/v1/score", json={"messages": messages}).json()

    (thread,) = answer["threads"]
    assert (thread["thread"], thread["messages"]) == ("chat", 2)
    assert 0 <= thread["extortion"] <= 1


def test_no_messages_give_no_findings(client: TestClient) -> None:
    assert _score(client) == []


def test_half_an_emoji_is_scored_and_answered_as_valid_json(client: TestClient) -> None:
    body = json.dumps({"messages": [{"text": "\ud83d هلا"}]})

    response = client.post("/v1/score", content=body, headers={"content-type": "application/json"})

    (finding,) = json.loads(response.content)["findings"]
    assert finding["text"] == "\ud83d هلا"


def test_moderations_agree_with_the_findings(client: TestClient) -> None:
    response = client.post("/v1/moderations", json={"input": [THREAT, GREETING], "model": "any"})

    results = response.json()["results"]
    findings = _score(client, THREAT, GREETING)
    for result, finding in zip(results, findings, strict=True):
        assert result["flagged"] == (finding["verdict"] == "extortion")
        assert result["category_scores"]["extortion"] == pytest.approx(
            finding["scores"]["extortion"], abs=1e-6
        )
        assert result["categories"]["extortion/threat"] == ("threat" in finding["flags"])


@pytest.mark.parametrize(
    ("given", "number"),
    [
        (THREAT, 1),
        ([THREAT, GREETING], 2),
        ([{"type": "text", "text": THREAT}, {"type": "text", "text": "الان"}], 1),
    ],
)
def test_an_input_is_a_string_or_several_or_the_parts_of_one(
    client: TestClient, given: Any, number: int
) -> None:
    response = client.post("/v1/moderations", json={"input": given})

    assert len(response.json()["results"]) == number


@pytest.mark.parametrize(
    ("route", "body", "status", "said"),
    [
        ("/v1/score", b"{broken", 422, "no JSON"),
        ("/v1/score", b"[]", 422, "no JSON object"),
        ("/v1/score", b'{"messages": [{"id": "1"}]}', 422, "messages[0].text"),
        ("/v1/score", b'{"messages": [{"text": 5}]}', 422, "messages[0].text"),
        ("/v1/score", b'{"messages": [], "operating_point": "loose"}', 422, "operating_point"),
        ("/v1/score", b'{"messages": [], "operatingpoint": "balanced"}', 422, "not known"),
        ("/v1/score", b"\xff\xfe", 422, "no JSON"),
        ("/v1/score", b"[" * 100_000, 422, "no JSON"),
        ("/v1/moderations", b'{"input": [{"type": "image_url"}]}', 422, "Images cannot be scored"),
        ("/v1/score", b'{"messages": [{"text": "", "id": []}]}', 422, "Expected a string or a number"),
        ("/v1/score", b'{"messages": [{}, {}, {}]}', 422, "Wrong fields besides it: 2."),
        ("/v1/moderations", b"{}", 422, "input"),
        ("/v1/nothing", b"{}", 404, "Not Found"),
        ("/health", b"{}", 405, "Method Not Allowed"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(
    client: TestClient, route: str, body: bytes, status: int, said: str
) -> None:
    response = client.post(route, content=body, headers={"content-type": "application/json"})

    assert response.status_code == status
    assert said in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({"content-type": "application/json", "content-encoding": "gzip"}, 415, "content-encoding"),
        ({"content-type": "text/plain"}, 422, "content-type: not application/json"),
        ({}, 422, "content-type: not application/json"),
        ({"content-type": "application/json", "content-encoding": "identity"}, 200, None),
    ],
)
def test_a_header_that_is_wrong_is_named(
    client: TestClient, headers: dict[str, str], status: int, said: str | None
) -> None:
    response = client.post("/v1/score", content=b'{"messages": []}', headers=headers)

    assert response.status_code == status
    assert said is None or said in response.json()["error"]["message"]


CHAT = [
    {"text": "محادثاتك كلها عندي", "thread": "chat", "sender": "a"},
    {"text": THREAT, "thread": "chat", "sender": "a", "id": 7},
    {"text": THREAT, "id": 7},
]


@pytest.mark.parametrize(
    ("method", "route", "body", "status"),
    [
        ("post", "/v1/score", {"messages": CHAT}, 200),
        ("post", "/v1/score", {"messages": 5}, 422),
        ("post", "/v1/score", {"messages": [{"text": ""}] * 1001}, 413),
        ("post", "/v1/moderations", {"input": [THREAT, "ا" * 20_001]}, 200),
        ("post", "/v1/moderations", {}, 422),
        ("get", "/health", None, 200),
        ("get", "/info", None, 200),
    ],
)
def test_every_answer_is_as_the_openapi_document_describes_it(
    client: TestClient, method: str, route: str, body: object, status: int
) -> None:
    described = client.get("/openapi.json").json()["paths"][route][method]["responses"]

    response = client.request(method, route, json=body)

    assert response.status_code == status
    name = described[str(status)]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    getattr(answer_shapes, name).model_validate_json(response.content)


def test_the_time_that_repeated_ids_take_grows_with_their_number_not_its_square() -> None:
    def once(number: int) -> float:
        messages = [MessageIn(text="", id="a")] * number
        began = thread_time()
        assert identified(messages)[-1].id == f"a#{number}"
        return thread_time() - began

    def seconds(number: int) -> float:
        return min(once(number) for _ in range(3))  # what else the machine does counts as little as can be

    assert seconds(4000) < 30 * seconds(500)


@pytest.mark.parametrize("route", ["/health", "/info", "/openapi.json"])
def test_what_can_be_got_has_a_head(client: TestClient, route: str) -> None:
    assert client.head(route).status_code == 200


def test_too_many_messages_and_too_large_a_body_are_refused(detector: Detector) -> None:
    small = TestClient(create_app(detector, Limits(body_bytes=500, messages=2)))

    many = small.post("/v1/score", json={"messages": [{"text": "ا"}] * 3})
    large = small.post("/v1/score", content=(b" " * 100 for _ in range(10)))

    assert (many.status_code, large.status_code) == (413, 413)


def test_health_and_info_say_which_model_answers(client: TestClient, detector: Detector) -> None:
    info = client.get("/info").json()

    assert client.get("/health").json() == {"status": "ok"}
    assert info["model"]["sha256"] == dict(detector.manifest.files)
    assert set(info["thresholds"]) == {"balanced", "high-precision", "high-recall"}


def test_no_message_text_enters_a_log_or_an_error(
    client: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    canary = "canary-كناري-7391"
    with caplog.at_level(logging.DEBUG):
        _score(client, canary)
        bad = [
            client.post("/v1/score", json={"messages": [{"text": [canary]}]}),
            client.post("/v1/score", json={canary: canary}),
            client.post("/v1/score", content=f'{{"messages": [{{"text": "{canary}"'.encode()),
            client.post("/v1/moderations", json={"input": {"text": canary}}),
        ]

    told = caplog.text + "".join(capfd.readouterr()) + "".join(response.text for response in bad)
    assert {response.status_code for response in bad} == {422}
    assert canary not in told


@pytest.fixture(scope="module")
def address(detector: Detector) -> Iterator[str]:
    """The address of a running server."""
    server = make_server(create_app(detector))
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def test_the_unmodified_openai_client_gets_its_answer(address: str) -> None:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0) as client:
        answer = client.moderations.create(input=[THREAT, GREETING], model="omni-moderation-latest")

    threat, greeting = answer.results
    assert (threat.flagged, greeting.flagged) == (True, False)
    assert threat.categories.model_extra is not None
    assert threat.categories.model_extra["extortion"] is True
    assert threat.category_scores.model_extra is not None
    assert threat.category_scores.model_extra["extortion"] > 0.5
    assert answer.id.startswith("modr-")


def test_the_openai_client_is_told_what_is_wrong(address: str) -> None:
    image = ModerationImageURLInputParam(type="image_url", image_url={"url": "x"})

    with (
        openai.OpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0) as client,
        pytest.raises(openai.UnprocessableEntityError) as refusal,
    ):
        client.moderations.create(input=[image])

    assert "Images cannot be scored" in str(refusal.value)


def test_requests_side_by_side_get_their_own_answers(address: str) -> None:
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        body = {"messages": [{"text": f"رسالة رقم {number}"}]}
        answers[number] = httpx.post(f"{address}/v1/score", json=body, timeout=60).json()["findings"][0][
            "text"
        ]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {number: f"رسالة رقم {number}" for number in range(12)}
