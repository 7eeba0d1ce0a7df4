"""How much the service takes at once, and the threads that score."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request, and all requests together, may ask for.

    `running` requests are scored side by side, so that a small one need not wait for a large one;
    `waiting` more may queue. `connections` bounds the memory of bodies that are still arriving.
    """

    body_bytes: int = 2_000_000
    messages: int = 1000
    running: int = 4
    waiting: int = 64
    connections: int = 512


STANDARD = Limits()


class BusyError(Exception):
    """As many requests wait for scoring as may."""


class Workers:
    """Threads that score while the event loop goes on answering."""

    def __init__(self, limits: Limits) -> None:
        self._pool = ThreadPoolExecutor(limits.running, thread_name_prefix="score")
        self._room = limits.running + limits.waiting
        self._held = 0

    async def run(self, work: Callable[[], Result]) -> Result:
        """What the work returns; it runs on one of the threads, in the order of arrival.

        Raises:
            BusyError: Too many wait already.
        """
        if self._held >= self._room:
            raise BusyError
        self._held += 1
        try:
            return await asyncio.wrap_future(self._pool.submit(work))
        finally:
            self._held -= 1
