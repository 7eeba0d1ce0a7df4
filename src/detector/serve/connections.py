"""Ends connections whose clients keep the service waiting: uvicorn itself waits for ever."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


def impatient(seconds: float) -> type[H11Protocol]:
    """Uvicorn's protocol, which closes a connection whose client takes longer than so many seconds.

    The time runs from the beginning of the connection, or from an answer, until the next request's head has
    arrived. So it also ends the connections of those who do not take their answer, or go on sending the
    body of a request that was refused.
    """

    class Impatient(H11Protocol):
        _closing: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait()

        def handle_events(self) -> None:
            super().handle_events()
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop_waiting()

        def on_response_complete(self) -> None:
            self._wait()
            super().on_response_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self._stop_waiting()
            self._closing = self.loop.call_later(seconds, self.transport.abort)

        def _stop_waiting(self) -> None:
            if self._closing is not None:
                self._closing.cancel()

    return Impatient
