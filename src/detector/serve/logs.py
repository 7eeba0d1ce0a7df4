"""Logs without any text of a message: of requests the known method and path, of failures their place."""

import logging
import traceback
from collections.abc import Callable, Collection
from copy import deepcopy
from http import HTTPMethod
from typing import Any

from uvicorn.config import LOGGING_CONFIG

OTHER_PATH = "(other path)"
OTHER_METHOD = "-"
METHODS = frozenset(HTTPMethod)

Filter = Callable[[logging.LogRecord], bool]


def log_config(paths: Collection[str]) -> dict[str, Any]:
    """Uvicorn's logging, all on standard error, without query strings, unknown paths and exception values."""
    config = deepcopy(LOGGING_CONFIG)
    config["filters"] = {
        "access": {"()": _known_paths, "paths": frozenset(paths)},
        "default": {"()": _places},
    }
    for name, handler in config["handlers"].items():
        handler.update(stream="ext://sys.stderr", filters=[name])
    return config


def _known_paths(paths: frozenset[str]) -> Filter:
    """Puts a known path, or none, in place of a request's path and query; likewise its method.

    A client may write anything as either.
    """

    def only_known(record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, target, *rest = record.args
            path = str(target).partition("?")[0]
            told = path if path in paths else OTHER_PATH
            record.args = (client, method if method in METHODS else OTHER_METHOD, told, *rest)
        return True

    return only_known


def _places() -> Filter:
    """Tells of an exception its type and where it was raised, since its message may quote what was scored."""

    def only_places(record: logging.LogRecord) -> bool:
        if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            record.exc_text = "".join(traceback.format_tb(trace)) + kind.__name__
            record.exc_info = None
        return True

    return only_places
