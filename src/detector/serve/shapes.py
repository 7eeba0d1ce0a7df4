"""The JSON that strangers send: the shapes of the requests.

Strings are taken as Python has them, since pydantic's own strings refuse the lone surrogates that broken
exports hold, and a message must not go unread for half an emoji.
"""

from math import isinf, isnan
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from detector.records import OperatingPoint

INPUT_SCHEMA: dict[str, object] = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}},
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
                "required": ["type", "text"],
            },
        },
    ]
}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("text", "Expected a string")
    return value


def _name(value: object) -> str | None:
    """A name or number as the readers of files take it, so that a chat gives the same threads either way.

    Blanks and NaN, which tables have for nothing, are none; whole numbers have no ".0".
    """
    if isinstance(value, float) and not isinf(value):
        return None if isnan(value) else str(value).removesuffix(".0")
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise PydanticCustomError("name", "Expected a string or a number")
    text = str(value)
    return text if text.strip() else None


def _inputs(value: object) -> list[str]:
    """The inputs of a moderation: a string is one, each string of a list, all parts together."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return ["\n".join(_part(part) for part in value)]
    raise PydanticCustomError(
        "input", "Expected a string, an array of strings or an array of objects with type text"
    )


def _part(part: dict[str, object]) -> str:
    if part.get("type") == "image_url":
        raise PydanticCustomError(
            "image", "Images cannot be scored; expected only parts such as (type: text, text: …)"
        )
    text = part.get("text")
    if part.get("type") != "text" or not isinstance(text, str):
        raise PydanticCustomError("part", "Expected in every part the type text and a string as its text")
    return text


Text = Annotated[str, PlainValidator(_text), WithJsonSchema({"type": "string"})]
Name = Annotated[
    str | None, PlainValidator(_name), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]})
]
Inputs = Annotated[list[str], PlainValidator(_inputs), WithJsonSchema(INPUT_SCHEMA)]


class MessageIn(BaseModel):
    """One message. Without an `id` it gets its number in the request; a repeated id gets `#2`.

    A blank `id`, `thread` or `sender` is none. A `sent_at` that is no time is none, with a warning.

    Platforms send their own fields along; what is not known here is left aside.
    """

    text: Text
    id: Name | None = None
    thread: Name | None = None
    sender: Name | None = None
    sent_at: Text | None = None


class ScoreRequest(BaseModel):
    """Messages to score, at an operating point that may differ from the service's own."""

    model_config = ConfigDict(extra="forbid")

    messages: list[MessageIn]
    operating_point: OperatingPoint | None = None


class ModerationRequest(BaseModel):
    """What OpenAI's moderation clients send. `model` is taken and not used: the service has one model.

    Fields not named here are ignored: clients and proxies of many makers send their own.
    """

    input: Inputs = Field(description="The objects of an array of parts are one input together.")
    model: Text | None = None
