"""Does the login tell who has an account here? ``python -m benchmarks.user_timing --tries 1000``.

Asks a live server with a wrong password, in random order, for a name that has an account and for
names that have none, and compares what an attacker sees: status, text, and the time of the answer.
The tallies of tries are emptied in between, outside of what is timed, as no attacker could.

The two distributions of times are compared by the chance that an answer for the known name is the
slower one of a pair (Mann and Whitney, 1947): 50 % if nothing tells them apart, whatever else the
machine does meanwhile. Ends with 1 if it is farther from that than chance explains (4 sigma), or if
status or text differ.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import tempfile
import time
from bisect import bisect_left, bisect_right
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.home import set_up_for_real  # needs that path
from support.live_server import Client, running

_KNOWN, _UNKNOWN = "alice", "unknown"
_SIGMAS = 4


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=1000, help="for each kind (default: 1000)")
    tries = parser.parse_args().tries
    seconds: dict[str, list[float]] = {_KNOWN: [], _UNKNOWN: []}
    seen: dict[str, set[tuple[int, str]]] = {_KNOWN: set(), _UNKNOWN: set()}
    with tempfile.TemporaryDirectory() as folder:
        home = set_up_for_real(Path(folder), _KNOWN)
        with running(home, forked=False) as server:
            client = server.client()
            client.get("/login")
            order = [_KNOWN, _UNKNOWN] * (tries + 2)
            random.shuffle(order)
            for number, kind in enumerate(order):
                # As long as the known one, and another one each time.
                name = _KNOWN if kind == _KNOWN else f"{number % 100_000:05d}"
                home.forget_tries()
                took, answer = _ask(client, name)
                seconds[kind].append(took)
                seen[kind].add(answer)
    for times in seconds.values():
        del times[:2]  # the first ones find nothing in any cache
    return _report(seconds, seen)


def _ask(client: Client, name: str) -> tuple[float, tuple[int, str]]:
    form = {"username": name, "password": "not the password", "_xsrf": client.xsrf}
    began = time.perf_counter()
    answer = client.post("/login", data=form)
    took = time.perf_counter() - began
    text = re.sub(r'nonce="[^"]*"|value="[^"]*"', "", answer.text)
    return took, (answer.status_code, text)


def _report(seconds: dict[str, list[float]], seen: dict[str, set[tuple[int, str]]]) -> int:
    print(f"{'':10}{'tries':>7}{'p5':>9}{'p50':>9}{'p95':>9}{'p99':>9}   milliseconds")
    for kind, times in seconds.items():
        at = statistics.quantiles(times, n=100, method="inclusive")
        shown = "".join(f"{1000 * at[percent - 1]:9.2f}" for percent in (5, 50, 95, 99))
        print(f"{kind:10}{len(times):7}{shown}")
    known, unknown = seconds[_KNOWN], sorted(seconds[_UNKNOWN])
    slower = sum(bisect_left(unknown, t) + bisect_right(unknown, t) for t in known) / 2
    chance = slower / (len(known) * len(unknown))
    sigma = ((len(known) + len(unknown) + 1) / (12 * len(known) * len(unknown))) ** 0.5
    apart = abs(chance - 0.5) / sigma
    print(f"The known name is the slower one of a pair in {100 * chance:.1f} % of all pairs:")
    print(f"{apart:.1f} sigma from 50 %, and more than {_SIGMAS} would tell them apart.")
    same = seen[_KNOWN] == seen[_UNKNOWN] and len(seen[_KNOWN]) == 1
    print(f"Status and text are {'the same' if same else 'NOT the same'}.")
    return 0 if same and apart <= _SIGMAS else 1


if __name__ == "__main__":
    sys.exit(main())
