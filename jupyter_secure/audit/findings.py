"""What checking a record found."""

from __future__ import annotations

from dataclasses import dataclass, field

# More than these are counted only: memory stays constant, whatever was done to the record.
_MOST = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was noticed. ``kind`` is a word for programs; ``seq`` the event, 0 for none.

    ``broken``: the record was changed. The others are for a reader to judge (a clock that jumped).
    """

    kind: str
    segment: int
    seq: int
    said: str
    broken: bool = True


@dataclass(slots=True)
class Verified:
    """What was checked and what was found, in the order of the record."""

    events: int = 0
    first_seq: int = 0
    last_seq: int = 0
    last_time: int = 0
    last_link: str = ""
    segments: int = 0
    #: Events whose mac was checked with a verification key.
    with_key: int = 0
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)
    left_out: int = 0

    def add(self, finding: Finding) -> None:
        """Keep a finding, or count it once there are too many to keep."""
        if len(self.findings) < _MOST:
            self.findings.append(finding)
        else:
            self.left_out += 1

    @property
    def first_broken(self) -> Finding | None:
        """The first thing that shows that the record was changed; ``None`` if nothing does."""
        return next((finding for finding in self.findings if finding.broken), None)
