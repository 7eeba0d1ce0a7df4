"""How much the service takes at once, and the threads that score."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

Result = TypeVar("Result")

Check = Callable[[], None]
"""Raises `LeftError` once the client has left; work calls it where it could stop."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request, and all requests together, may ask for.

    `running` requests are scored side by side, so that a small one need not wait for a large one;
    `waiting` more may queue. `connections` bounds the memory of bodies that are still arriving,
    `silence_seconds` how long one of them may stand still, and `arrival_seconds` how long a client may take
    over each of a request's head, its body and the answer, however steadily they trickle.
    """

    body_bytes: int = 2_000_000
    messages: int = 1000
    running: int = 4
    waiting: int = 64
    connections: int = 512
    silence_seconds: float = 30
    arrival_seconds: float = 120


STANDARD = Limits()


class BusyError(Exception):
    """As many requests wait for scoring as may."""


class LeftError(Exception):
    """The client left before it was answered."""


class EndingError(Exception):
    """The service ends before the request was answered."""


class Workers:
    """Threads that score while the event loop goes on answering."""

    def __init__(self, limits: Limits) -> None:
        self._pool = ThreadPoolExecutor(limits.running, thread_name_prefix="score")
        self._turns = asyncio.Semaphore(limits.running)
        self._room = limits.running + limits.waiting
        self._held = 0

    async def run(
        self, work: Callable[[Check], Result], leave: Callable[[], Coroutine[None, None, None]]
    ) -> Result:
        """What the work returns; it runs on one of the threads, in the order of arrival.

        Clients that give up ask again, so work for those that left would soon fill all threads: it is
        dropped while it waits, and stops at its next check where it runs. A thread is free, and its
        place in the queue, only when the work on it has ended.

        Args:
            work: Called with a check of whether the client is still there.
            leave: Waits until the client leaves.

        Raises:
            BusyError: Too many wait already.
            LeftError: The client left.
            EndingError: The server cancelled the request, since its time to end is up.
        """
        if self._held >= self._room:
            raise BusyError
        self._held += 1
        left = Event()
        turn = asyncio.create_task(self._turns.acquire())
        leaving = asyncio.create_task(leave())
        leaving.add_done_callback(lambda _: left.set())
        try:
            await asyncio.wait({turn, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not turn.done():
                raise LeftError
            try:
                return await asyncio.wrap_future(self._pool.submit(work, lambda: _check(left)))
            finally:
                self._turns.release()
        except asyncio.CancelledError:
            raise EndingError from None
        finally:
            turn.cancel()
            leaving.cancel()
            self._held -= 1


def _check(left: Event) -> None:
    if left.is_set():
        raise LeftError
