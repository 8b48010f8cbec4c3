"""What lets a kernel read and write the files of its notebook's folder: one capability each.

It is not a session: it opens nothing but data, in one folder, and ends with its kernel. Only a hash
of the token is kept, and in memory only, so that nothing on the disk or in a database is worth
stealing and a restart of the server ends them all.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_secure.locks import Actor

# 256 bits, as 64 characters: the hash needs no salt, since nobody guesses that.
_TOKEN_BYTES = 32


@dataclass(frozen=True, eq=False)
class Capability:
    """What one run of one kernel may reach: the folder ``folder`` and what lies below it.

    ``folder`` is a key as ``Content.key`` returns them. ``account`` started the kernel.
    """

    kernel_id: str
    folder: str
    account: str | None
    #: Whether that run of the kernel is still on; asked every time.
    runs: Callable[[], bool]

    @property
    def actor(self) -> Actor:
        """The kernel as the locks see it: never elevated, since code confirms no second factor.

        Its session is no session's id, so that nothing a person has opened is open to it.
        """
        return Actor(self.account, elevated=False, session=f"kernel {self.kernel_id}")

    def reaches(self, key: str) -> bool:
        """Say whether ``key`` lies in the folder. A place outside of the root never does."""
        if key.startswith("/"):
            return False
        return not self.folder or key == self.folder or key.startswith(f"{self.folder}/")


class Capabilities:
    """The capabilities of one run of the server; safe for several threads."""

    def __init__(self) -> None:
        self._by_digest: dict[bytes, Capability] = {}
        # Runs that have been given the content of a sealed file, by their capability.
        self._given: set[bytes] = set()
        self._lock = threading.Lock()

    def issue(
        self, kernel_id: str, folder: str, account: str | None, runs: Callable[[], bool]
    ) -> str:
        """Return the token for a run of a kernel; that of an earlier run is worthless from now."""
        token = secrets.token_hex(_TOKEN_BYTES)
        with self._lock:
            self._end(lambda one: one.kernel_id == kernel_id)
            self._by_digest[_digest(token)] = Capability(kernel_id, folder, account, runs)
        return token

    def find(self, token: str) -> Capability | None:
        """Return the capability behind ``token``, or ``None``: unknown, or its kernel has ended."""
        with self._lock:
            capability = self._by_digest.get(_digest(token))
        return capability if capability is not None and capability.runs() else None

    def holds(self, capability: Capability) -> bool:
        """Say whether ``capability`` is good still: neither ended nor replaced by a later run's."""
        with self._lock:
            known = any(one is capability for one in self._by_digest.values())
        return known and capability.runs()

    def end(self, kernel_id: str) -> None:
        """End the capability of a kernel."""
        with self._lock:
            self._end(lambda one: one.kernel_id == kernel_id)

    def end_run(self, capability: Capability) -> bool:
        """End this capability; say whether its kernel has none now, not even for a later run."""
        with self._lock:
            self._end(lambda one: one is capability)
            known = self._by_digest.values()
            return all(one.kernel_id != capability.kernel_id for one in known)

    def end_all(self) -> None:
        """End every capability, as the server stops."""
        with self._lock:
            self._end(lambda _: True)

    def list(self) -> tuple[Capability, ...]:
        """Return the capabilities, whether their kernels still run or not."""
        with self._lock:
            return tuple(self._by_digest.values())

    def note_given(self, capability: Capability) -> None:
        """Remember that this run was given sealed data."""
        with self._lock:
            self._given |= {key for key, one in self._by_digest.items() if one is capability}

    def any_given(self) -> bool:
        """Say whether a kernel that was given sealed data is still running."""
        with self._lock:
            return any(self._by_digest[key].runs() for key in self._given)

    def _end(self, which: Callable[[Capability], bool]) -> None:
        for digest in [key for key, one in self._by_digest.items() if which(one)]:
            del self._by_digest[digest]
            self._given.discard(digest)


def _digest(token: str) -> bytes:
    # Looked up by its hash, so that how long a comparison takes tells nothing of a token.
    return hashlib.sha256(token.encode(errors="replace")).digest()
