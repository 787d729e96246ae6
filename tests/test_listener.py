"""Connections that come together are shared out among the workers, and a worker process gets the same socket."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket

import pytest

from qa.server.listener import Listener


def _answer(listener: socket.socket) -> None:
    """What a worker process does: one connection is taken, and told the kind of the socket."""
    listener.setblocking(True)
    connection, _ = listener.accept()
    connection.sendall(f"{type(listener).__name__} {listener.proto}".encode())
    connection.close()


def bound(kind: type[socket.socket]) -> socket.socket:
    listener = kind(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    return listener


async def shares(kind: type[socket.socket], connections: int) -> list[int]:
    """How many connections each of two servers takes of those that wait when both begin."""
    first = bound(kind)
    second = kind(fileno=socket.dup(first.fileno()))
    callers = [socket.create_connection(first.getsockname()) for _ in range(connections)]
    taken = [0, 0]

    def count(number: int) -> asyncio.Protocol:
        taken[number] += 1
        return asyncio.Protocol()

    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(lambda n=n: count(n), sock=sock) for n, sock in enumerate((first, second))]
    for _ in range(100):
        await asyncio.sleep(0.01)
        if sum(taken) == connections:
            break
    for server in servers:
        server.close()
    for caller in callers:
        caller.close()
    return taken


def test_connections_that_come_together_are_shared_out() -> None:
    assert min(asyncio.run(shares(Listener, 8))) >= 3
    assert asyncio.run(shares(socket.socket, 8)) in ([8, 0], [0, 8])


def test_nobody_waits_at_every_second_call() -> None:
    with bound(Listener) as listener, socket.create_connection(listener.getsockname()):
        with listener.accept()[0] as taken:
            assert taken.fileno() >= 0 and type(taken) is socket.socket
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_worker_process_is_given_the_socket() -> None:
    with bound(Listener) as listener:
        worker = multiprocessing.get_context("spawn").Process(target=_answer, args=(listener,))
        worker.start()
        with socket.create_connection(listener.getsockname(), timeout=60) as caller:
            assert caller.recv(100).decode() == f"Listener {socket.IPPROTO_TCP}"
        worker.join(60)
    assert worker.exitcode == 0
