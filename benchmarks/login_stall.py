"""How long the event loop stands still while ten people log in at once.

Whoever works meanwhile asks for something light again and again: what that takes longer than on a
quiet server is how long the loop did not get to it.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from support.home import PASSWORD

from benchmarks.connection import Connection
from benchmarks.measuring import Plan, Row
from benchmarks.servers import SECURED, STOCK_TLS, Server
from benchmarks.timing import Series

_PEOPLE = 10
_PATH = "/api/status"
_PAUSE_SECONDS = 0.001


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield the 99th percentile and the longest of one round of ten logins, by rounds."""
    percentile: dict[str, Series] = {STOCK_TLS: Series(), SECURED: Series()}
    longest: dict[str, Series] = {STOCK_TLS: Series(), SECURED: Series()}
    for _ in range(plan.rounds(6)):
        for name, series in percentile.items():
            stalls = sorted(_stalls(servers[name]))
            series.seconds.append(stalls[int(len(stalls) * 0.99)])
            longest[name].seconds.append(stalls[-1])
    yield Row(f"{_PEOPLE} logins at once: stall, p99", percentile)
    yield Row(f"{_PEOPLE} logins at once: longest stall", longest)


def _stalls(server: Server) -> list[float]:
    """Return how much longer each request took while ten people logged in."""
    worker = server.connect()
    quiet = statistics.median(_asked(worker) for _ in range(100))
    visitors = [server.visitor() for _ in range(_PEOPLE)]
    if server.home is not None:
        server.home.forget_tries()
    done = threading.Event()
    found: list[float] = []

    def work() -> None:
        while not done.is_set():
            found.append(max(0.0, _asked(worker) - quiet))
            time.sleep(_PAUSE_SECONDS)

    at_work = threading.Thread(target=work)
    at_work.start()
    with ThreadPoolExecutor(_PEOPLE) as people:
        list(people.map(lambda one: _log_in(server, one), visitors))
    done.set()
    at_work.join()
    for connection in (worker, *visitors):
        connection.close()
    if server.home is not None:
        server.home.forget_tries()
    return found


def _asked(connection: Connection) -> float:
    started = time.perf_counter()
    connection.get(_PATH)
    return time.perf_counter() - started


def _log_in(server: Server, connection: Connection) -> None:
    """Send the right password and a wrong code: the whole work of a login, ten times at once.

    Right ones would take ten authenticators; what is left out is one write to the disk.
    """
    form = {"password": PASSWORD, "_xsrf": connection.headers["X-XSRFToken"]}
    if server.home is not None:
        form |= {"username": server.home.username, "code": "000000"}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = connection.ask("POST", "/login", urlencode(form), headers)
    if answer.status not in (302, 401, 429):
        raise RuntimeError(f"{server.name}: the login was answered with {answer.status}")
