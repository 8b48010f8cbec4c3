"""Two versions of a notebook compared as notebooks, with nbdime (extra ``history``).

Who wrote them decides how long that takes: the lines of one cell with those of another, each with
each. So it is done where it can be ended: ``deadline`` in a command, a process beside a server.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from typing import Any, TextIO

from jupyter_secure.app.notebook_libraries import without_addresses
from jupyter_secure.errors import InvalidInput, NotInstalled, TooMuch

#: So long comparing may take, and so many bytes the two may have together.
SECONDS, MOST_BYTES = 30.0, 64 << 20

# Control characters but line ends and tabs, as Unicode draws them: on a terminal they could do
# anything, and a notebook may come from anyone.
_DRAWN = {code: 0x2400 + code for code in range(32) if code not in (9, 10)} | {127: 0x2421}
_DRAWN |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


@dataclass(frozen=True)
class Compared:
    """Both notebooks as JSON objects, of format 4, and what leads from one to the other.

    The form of ``diff`` is nbdime's (https://nbdime.readthedocs.io/en/latest/diffing.html).
    """

    before: Any
    after: Any
    diff: list[Any]


def compare(before: bytes, after: bytes) -> Compared:
    """Compare them. Raises ``NotInstalled``, and ``InvalidInput`` for what is no notebook.

    Raises ``TooMuch`` for what is too large, and takes its time for what is not.
    """
    if len(before) + len(after) > MOST_BYTES:
        raise TooMuch(
            "These two are too large to be compared.",
            why=f"Together they may have {MOST_BYTES >> 20} MiB.",
            remedy="Open one of them beside the other.",
        )
    without_addresses()
    try:
        from nbdime.diffing.notebooks import diff_notebooks
    except ImportError:
        raise NotInstalled(
            "Comparing versions needs nbdime, which is not installed.",
            remedy="Run: pip install 'jupyter-secure[history]'",
        ) from None
    first, second = _notebook(before), _notebook(after)
    return Compared(first, second, list(diff_notebooks(first, second)))


def too_slow() -> TooMuch:
    """Return the error for two that take too long."""
    return TooMuch(
        f"Comparing these two takes longer than {SECONDS:.0f} seconds, and was ended.",
        why="Some of their cells have thousands of lines that differ.",
        remedy="Open one of them beside the other.",
    )


def pretty(compared: Compared, before: str, after: str, *, out: TextIO, color: bool) -> None:
    """Print what differs, for people; ``before`` and ``after`` are what the two are called."""
    from nbdime.diffing.notebooks import diff_notebooks
    from nbdime.prettyprint import PrettyPrintConfig, pretty_print_notebook_diff

    # With other programs' help it would write the cells into temporary files.
    config = PrettyPrintConfig(out=out, use_git=False, use_diff=False, use_color=color)
    first, second = _drawn(compared.before), _drawn(compared.after)
    pretty_print_notebook_diff(before, after, first, diff_notebooks(first, second), config)


def _notebook(data: bytes) -> Any:
    from nbdime.utils import read_notebook

    log = logging.getLogger("traitlets")  # where nbformat would quote what is invalid
    was = log.disabled
    log.disabled = True
    try:
        return read_notebook(io.StringIO(data.decode("utf-8")), on_null="minimal")
    except Exception as error:  # noqa: BLE001  # whatever a parser of wild input raises
        raise InvalidInput(
            "Only notebooks can be compared.",
            why=f"One of the two is none ({type(error).__name__}).",
        ) from None
    finally:
        log.disabled = was


def _drawn(value: Any) -> Any:
    if isinstance(value, str):
        return value.translate(_DRAWN)
    if isinstance(value, dict):
        return type(value)({_drawn(key): _drawn(one) for key, one in value.items()})
    if isinstance(value, list):
        return [_drawn(one) for one in value]
    return value
