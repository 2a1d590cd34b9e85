"""A link to the server that is cut at a commit: before the server hears of it, or before the answer comes back.

It stands between a client and the server as a Unix socket of its own, and reads just enough of PostgreSQL's protocol
to know a COMMIT, and the server's readiness after it.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Self

SOCKET_NAME = ".s.PGSQL.5432"

LENGTH_BYTES = 4
KIND_AND_LENGTH_BYTES = 5


class Cut(Enum):
    """Where the link is cut."""

    NOWHERE = "nowhere"
    BEFORE = "before the server hears of the commit"
    AFTER = "before the answer comes back"


class LostLink:
    """Passes on every connection to the server, and cuts the one that sends the commit of a given number."""

    def __init__(self, folder: Path, server: Path, cut: Cut = Cut.NOWHERE, number: int = 0) -> None:
        """Listen in `folder` for clients of the server whose sockets are in `server`; commits count from 1."""
        self.commits = 0
        self.was_cut = False
        self._server = server
        self._cut = cut
        self._number = number
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._address = folder / SOCKET_NAME
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._address))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # To wake a thread that waits in accept(), a listener must be shut down, not only closed.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._address.unlink()
        for end in self._open:
            _close(end)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server / SOCKET_NAME))
            self._open += [client, server]
            _Pair(self, client, server).start()

    def falls_at(self) -> Cut:
        """Count a commit that a client sends; say where the link is cut because of it."""
        with self._lock:
            self.commits += 1
            if self.commits != self._number:
                return Cut.NOWHERE
            self.was_cut = self._cut is not Cut.NOWHERE
            return self._cut


class _Pair:
    """One client's connection and the server's end of it."""

    def __init__(self, link: LostLink, client: socket.socket, server: socket.socket) -> None:
        self._link = link
        self._client = client
        self._server = server
        self._answer_is_lost = threading.Event()

    def start(self) -> None:
        for way in (self._to_server, self._to_client):
            threading.Thread(target=way, daemon=True).start()

    def _to_server(self) -> None:
        for message in _messages(self._client, first_has_no_kind=True):
            cut = self._link.falls_at() if _is_commit(message) else Cut.NOWHERE
            if cut is Cut.BEFORE:
                break
            if cut is Cut.AFTER:
                self._answer_is_lost.set()
            with contextlib.suppress(OSError):
                self._server.sendall(message)
        if not self._answer_is_lost.is_set():
            self._hang_up()

    def _to_client(self) -> None:
        for message in _messages(self._server, first_has_no_kind=False):
            if self._answer_is_lost.is_set():
                # The server says that it is ready again once the commit is done.
                if message[:1] == b"Z":
                    break
                continue
            with contextlib.suppress(OSError):
                self._client.sendall(message)
        self._hang_up()

    def _hang_up(self) -> None:
        _close(self._client)
        _close(self._server)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def _is_commit(message: bytes) -> bool:
    """Whether a client's message asks for a commit: as a simple query, or as one to be prepared."""
    return message[:1] in {b"Q", b"P"} and b"COMMIT\0" in message[KIND_AND_LENGTH_BYTES:].upper()


def _messages(end: socket.socket, *, first_has_no_kind: bool) -> Iterator[bytes]:
    """Give the messages that arrive at an end, whole; a client's first one has a length and no kind."""
    kind_bytes = 0 if first_has_no_kind else 1
    with contextlib.suppress(OSError), end.makefile("rb") as stream:
        while head := stream.read(kind_bytes + LENGTH_BYTES):
            length = int.from_bytes(head[kind_bytes:])
            yield head + stream.read(length - LENGTH_BYTES)
            kind_bytes = 1
