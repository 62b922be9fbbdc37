"""`wangge serve`: one web process. Run as many as the machine has cores; it holds no state."""

import argparse
import socket
from types import FrameType

import uvicorn

from backend.commands.run import full_settings
from backend.commands.words import CommandRefused
from backend.http.live import stop_streams
from backend.http.protocol import BoundedProtocol

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8420
GRACE_S = 2
BACKLOG = 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default=DEFAULT_HOST, help=f"address (default {DEFAULT_HOST})")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help=f"port (default {DEFAULT_PORT})"
    )
    parser.add_argument(
        "--fd", type=int, metavar="N", help="serve on this inherited listening socket instead"
    )


class Server(uvicorn.Server):
    """uvicorn that ends the open event streams first, for they would never end by themselves."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        stop_streams()
        super().handle_exit(sig, frame)


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens on `host`:`port`; raises CommandRefused when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CommandRefused(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listener


def run(arguments: argparse.Namespace) -> int:
    settings = full_settings()
    if arguments.fd is not None:
        listener = socket.socket(fileno=arguments.fd)
    else:
        listener = listening_socket(arguments.host, arguments.port)
    config = uvicorn.Config(
        "backend.app:create_app",
        factory=True,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        log_level=settings.log_level,
        proxy_headers=True,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=20,
    )
    server = Server(config)
    server.run(sockets=[listener])
    # A failed start-up leaves `started` false; a signal that ended us is not a failure.
    return 0 if server.started else 3
