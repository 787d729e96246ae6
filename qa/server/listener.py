"""The socket that all workers listen on, with connections shared out among them."""

from __future__ import annotations

import multiprocessing.reduction
import socket
from typing import Any


class Listener(socket.socket):
    """Gives one connection each time its event loop wakes, so that the other workers, woken too, get the next.

    An asyncio loop takes all that wait: of eight callers that come together, the worker that wakes first would get eight, and
    the others none as long as the connections are kept.
    """

    _gave = False

    def accept(self) -> tuple[socket.socket, Any]:
        """Raises BlockingIOError at every second call, as where nobody waits."""
        self._gave = not self._gave
        if not self._gave:
            raise BlockingIOError
        return super().accept()

    def __reduce__(self) -> tuple[Any, ...]:
        """For a worker process that is being started."""
        return _received, (multiprocessing.reduction.DupFd(self.fileno()),)


def _received(descriptor: Any) -> Listener:
    return Listener(fileno=descriptor.detach())
