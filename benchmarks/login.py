"""Log in: stock with its password, ours with a password and a code, in one request each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.measuring import Plan, Row
from benchmarks.servers import Server
from benchmarks.timing import in_turns

# An account comes with ten recovery codes, and the other measurements log in three times.
_ROUNDS = 7


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield one row. The login page was fetched before, outside of what is timed."""
    visits = {name: Visit(server) for name, server in servers.items()}
    before: dict[str, Callable[[], None]] = {name: one.arrive for name, one in visits.items()}
    logged_in = in_turns(
        {name: visit.log_in for name, visit in visits.items()},
        rounds=plan.rounds(_ROUNDS),
        warm_up=0,
        before=before,
    )
    yield Row("log in", logged_in)


class Visit:
    """A browser without cookies that goes to one server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection = server.visitor()

    def arrive(self) -> None:
        """Fetch the login page."""
        self._connection.close()
        self._connection = self._server.visitor()

    def log_in(self) -> None:
        """Send the form."""
        self._server.log_in(self._connection)
