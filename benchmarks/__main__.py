"""Run the measurements, and print a row for each: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

_FOLDER = Path(__file__).parent
# Homes are set up here as the tests do it.
sys.path.insert(0, str(_FOLDER.parent / "tests"))

# They need that path.
from benchmarks import (  # noqa: E402
    audit,
    command_line,
    download,
    history,
    history_large,
    kernel_data,
    large_files,
    light_request,
    listing,
    login,
    login_stall,
    manager,
    open_and_save,
    opening_memory,
    recording,
    report,
    rotation,
    servers,
    session_end,
    start_up,
)
from benchmarks.facts import facts  # noqa: E402
from benchmarks.measuring import Plan, Row  # noqa: E402

_Measure = Callable[[dict[str, servers.Server], Plan], Iterator[Row]]
# These talk to servers that run; the others start what they need.
_RUNNING: dict[str, _Measure] = {
    "open-and-save": open_and_save.measure,
    "download": download.measure,
    "kernel-data": kernel_data.measure,
    "listing": listing.measure,
    "light-request": light_request.measure,
    "login": login.measure,
    "login-stall": login_stall.measure,
    "session-end": session_end.measure,
}
_APART: dict[str, _Measure] = {
    "audit": audit.measure,
    "history": history.measure,
    "history-large": history_large.measure,
    "manager": manager.measure,
    "opening-memory": opening_memory.measure,
    "recording": recording.measure,
    "large-files": large_files.measure,
    "start-up": start_up.measure,
    "command-line": command_line.measure,
    "rotation": rotation.measure,
}


def main() -> None:
    """Measure what was asked for, and print each row as it comes."""
    options = _options()
    about = facts()
    for name, value in about.items():
        print(f"{name:12} {value}")
    print()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="jupyter-secure-bench-") as folder:
        prepared = servers.prepare(Path(folder))
        chosen = {name: one for name, one in _RUNNING.items() if options.only in (None, name)}
        with ExitStack() as stack:
            if chosen:
                for server in prepared.values():
                    stack.enter_context(server.running())
            _run(chosen, prepared, Plan(options.quick), rows)
        chosen = {name: one for name, one in _APART.items() if options.only in (None, name)}
        _run(chosen, prepared, Plan(options.quick), rows)
    if options.json:
        options.json.write_text(report.as_json(rows, about))
    if options.write:
        target = _FOLDER / "results" / "latest.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(report.page(rows, about))


def _run(
    chosen: dict[str, _Measure], prepared: dict[str, servers.Server], plan: Plan, rows: list[Row]
) -> None:
    for measure in chosen.values():
        for row in measure(prepared, plan):
            rows.append(row)
            print(report.line(row), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure jupyter-secure beside a stock JupyterLab."
    )
    parser.add_argument("--only", choices=[*_RUNNING, *_APART], help="one measurement")
    parser.add_argument("--quick", action="store_true", help="few rounds, and nothing large")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single time there")
    parser.add_argument("--write", action="store_true", help="write results/latest.md")
    options = parser.parse_args()
    if options.write and (options.only or options.quick):
        parser.error(
            "--write keeps a whole measurement only, so it goes without --only and --quick"
        )
    return options


if __name__ == "__main__":
    main()
