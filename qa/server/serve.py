"""`qa serve`: one port, several workers over one index that nobody writes to, and a graceful end."""

from __future__ import annotations

import argparse
import socket
import tempfile
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from index.errors import UsageError
from qa.server.listener import Listener
from qa.settings import Settings, load

if TYPE_CHECKING:
    from fastapi import FastAPI

    from qa.server.guard import Rates

_FLAGS = ("index", "articles", "model", "host", "port", "workers")


def add_commands(subparsers: Any) -> None:
    """`qa serve`. Other settings come from the environment or qa.toml; API keys only from there, as flags are seen by others."""
    parser = subparsers.add_parser("serve", help="answer over HTTP, with a web page", description=__doc__)
    parser.add_argument("--index", help="folder of the index")
    parser.add_argument("--articles", help="folder of the articles")
    parser.add_argument("--model", help="extractive, or provider:model")
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1: this machine only)")
    parser.add_argument("--port", type=int, help="port to listen on (default 8000; 0 takes a free one)")
    parser.add_argument("--workers", type=int, help="processes that share the port")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop (Ctrl-C or SIGTERM). Raises IndexProblem at once when there is no index that could be served."""
    settings = load({name: getattr(arguments, name, None) for name in _FLAGS})
    _check_times(settings)
    from qa.server.generation import check

    check(settings)
    serve(settings)
    return 0


def _check_times(settings: Settings) -> None:
    if settings.model != "extractive" and settings.request_timeout_s <= settings.model_timeout_s:
        raise UsageError(
            f"request_timeout_s ({settings.request_timeout_s:g}) must be longer than model_timeout_s "
            f"({settings.model_timeout_s:g}), so that a model that hangs still leaves time for an extractive answer"
        )


def serve(settings: Settings) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from qa.server.guard import make_rates
    from qa.server.observe import share_metrics, start_logging

    start_logging()
    listener = _listen(settings)
    settings = replace(settings, port=listener.getsockname()[1])
    _announce(settings)
    config = uvicorn.Config(
        partial(application, settings, make_rates(settings)),
        factory=True,
        workers=settings.workers,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=settings.shutdown_s,
    )
    with listener, tempfile.TemporaryDirectory(prefix="qa-metrics-") as folder:
        if settings.workers == 1:
            uvicorn.Server(config).run([listener])
        else:
            share_metrics(folder)
            Multiprocess(config, [listener]).run()


def application(settings: Settings, rates: Rates | None) -> FastAPI:
    """The application of one worker process."""
    from qa.server.app import create_app
    from qa.server.generation import open_served, published
    from qa.server.observe import start_logging

    start_logging()
    return create_app(settings, partial(open_served, settings), partial(published, settings), rates)


def _listen(settings: Settings) -> Listener:
    """A bound socket, so that a port in use is one clear line and not a worker's traceback.

    Its protocol is named, or asyncio leaves Nagle's algorithm on, and every answer waits 40 ms for the caller to confirm its head.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = Listener(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise UsageError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}") from None
    return listener


def _announce(settings: Settings) -> None:
    from qa.server.guard import is_loopback
    from qa.server.observe import LOG

    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    LOG.info(
        "serving",
        extra={"data": {"url": f"http://{host}:{settings.port}/", "workers": settings.workers, "model": settings.model}},
    )
    if not settings.api_keys and not is_loopback(settings.host):
        LOG.warning("anyone who reaches this port may ask; set QA_API_KEYS to change that")
