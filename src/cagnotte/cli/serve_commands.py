"""`cagnotte serve`: the web server on this machine."""

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import click

from cagnotte.cli.bootstrap import running_database
from cagnotte.domain.errors import Refused

WORKER_ENDS_SECONDS = 10
"""How long a stopping server waits for its worker to finish a page."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--worker/--no-worker",
    "with_worker",
    default=True,
    help="Run a worker beside it (the default).",
)
def serve(*, host: str, port: int, with_worker: bool) -> None:
    """Bring the tables up to date and run the web server until Ctrl-C, with a worker beside it.

    It serves one machine and its neighbours; in production put any WSGI server in front of
    cagnotte.config.wsgi.
    """
    with running_database(check_tables=False):
        from cagnotte.platform import database, migrations

        database.ensure_roles_and_database()
        migrations.migrate()
        application = _loaded()
        with _worker() if with_worker else nullcontext():
            _run(application, host, port)


def _loaded() -> Any:
    """Load the application and every page of it, before a worker begins: two threads that import the same stumble."""
    from django.core.wsgi import get_wsgi_application
    from django.urls import get_resolver

    application = get_wsgi_application()
    _ = get_resolver().url_patterns
    return application


@contextmanager
def _worker() -> Iterator[None]:
    """Run a worker in a thread; it finishes its page when the server stops."""
    from cagnotte.cli.worker_commands import make_worker

    stop = threading.Event()
    # A daemon: a source that does not answer keeps nobody from stopping the server.
    thread = threading.Thread(target=make_worker(stop).run, name="cagnotte-worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(WORKER_ENDS_SECONDS)


def _run(application: Any, host: str, port: int) -> None:
    from django.core.servers import basehttp

    def announce(bound_port: str) -> None:
        # Passkeys belong to a name, not to a number.
        name = "localhost" if host == "127.0.0.1" else host
        click.echo(f"Cagnotte listens on http://{name}:{bound_port}/ (Ctrl-C stops it).")

    try:
        basehttp.run(host, port, application, ipv6=":" in host, threading=True, on_bind=announce)
    except KeyboardInterrupt:
        click.echo("\nStopped.")
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}:
            raise
        raise Refused(
            f"Nothing can listen on {host}:{port}: {error.strerror}. Try another one: --port 8001",
            host=host,
            port=port,
        ) from error
