"""Runs the app on a port until it is interrupted; what was being answered is finished first."""

import socket
import sys
from contextlib import suppress
from ipaddress import ip_address

import uvicorn
from fastapi import FastAPI

from detector.detect import Detector
from detector.errors import InputError
from detector.serve.app import create_app
from detector.serve.connections import impatient
from detector.serve.limits import STANDARD, Limits
from detector.serve.logs import log_config

SHUTDOWN_SECONDS = 30
"""How long requests that are being answered may take after the interrupt."""


def run(detector: Detector, host: str, port: int, limits: Limits = STANDARD) -> None:
    """Serve until interrupted (Ctrl-C or SIGTERM). Port 0 takes a free one; standard error says which.

    Raises:
        InputError: The address cannot be listened on.
    """
    server = make_server(create_app(detector, limits), limits)
    with listen(host, port) as listening, suppress(KeyboardInterrupt):
        if not is_loopback(host):
            sys.stderr.write(
                f"{host} can be reached from other machines, and there is no authentication. "
                "Put a proxy that authenticates before the service, or use --host 127.0.0.1.\n"
            )
        shown = f"[{host}]" if ":" in host else host
        sys.stderr.write(f"Serving at http://{shown}:{listening.getsockname()[1]}; Ctrl-C ends it.\n")
        sys.stderr.flush()
        server.run(sockets=[listening])


def make_server(app: FastAPI, limits: Limits = STANDARD) -> uvicorn.Server:
    """Uvicorn with our logs and limits; `run` it with the socket of `listen`.

    The app learns of it when the server is to end.
    """
    config = uvicorn.Config(
        app,
        http=impatient(limits.arrival_seconds),
        log_config=log_config(app.openapi()["paths"]),
        limit_concurrency=limits.connections,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        proxy_headers=False,  # a client could write anything into the log through them
        server_header=False,
        ws="none",
    )
    server = uvicorn.Server(config)
    app.state.ending = lambda: server.should_exit
    return server


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; clients may connect from now on.

    Raises:
        InputError: The port is taken, or the address is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InputError(
            f"{host}:{port}: {_reason(error)}.\n"
            "Expected an address of this machine and a port that no other program uses.\n"
            "Choose others: --host 127.0.0.1 --port 8001"
        ) from None


def _reason(error: OSError) -> str:
    """The error's own text, since the numbers of unknown hosts are not those of `os.strerror`."""
    return str(error.strerror or error).partition(" (while attempting")[0]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
