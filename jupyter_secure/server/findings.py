"""Recording what was found not as it was left, once for each finding."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_secure.app.content.review import Reviewed
from jupyter_secure.audit.events import Event, Outcome
from jupyter_secure.audit.recorder import Recorder

# Of more than these a number is recorded: a backup that was put back is one event, not a million.
_MOST = 200


class Findings:
    """Remembers what is on record of the present run."""

    def __init__(self, recorder: Recorder) -> None:
        """Start with nothing found."""
        self._recorder = recorder
        self._told: set[tuple[Path, str]] = set()

    def tell(self, root: Path, reviewed: Reviewed) -> None:
        """Record what is new in ``reviewed``; what is found again after it was gone is new."""
        found = {(one.path, one.finding.value) for one in reviewed.found}
        new = sorted(found - self._told)
        for path, finding in new[:_MOST]:
            self._recorder.note(
                Event("finding:found", Outcome.FAILURE, path=_key(root, path), reason=finding)
            )
        if len(new) > _MOST:
            more = {"others": len(new) - _MOST}
            self._recorder.note(Event("finding:found", Outcome.FAILURE, details=more))
        # Where there was no time to look at everything, what was not seen again may be there still.
        self._told = found if reviewed.complete else self._told | found


def _key(root: Path, path: Path) -> str:
    top = Path(os.path.realpath(root))
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else str(path)
