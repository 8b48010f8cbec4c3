"""The opened vault as the agent gives it, with its refusals as our errors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jupyter_secure.app.git import protocol
from jupyter_secure.app.git.client import AgentRefused, NoAgent, ask
from jupyter_secure.errors import Refused, VaultSealed


class VaultClosed(VaultSealed):
    """The vault is not open for Git."""

    def __init__(self) -> None:
        super(VaultSealed, self).__init__(
            "The vault is not open for Git.", remedy="Run `jupyter secure git unlock`."
        )


class ByAgent:
    """Implements ``open_vault.Opener``. Raises ``VaultClosed``, or ``Refused`` in its words."""

    def __init__(self, state: Path) -> None:
        self._state = str(state)

    def open(self, blob: bytes) -> bytes:
        """Return the content of a sealed file."""
        return self._ask(protocol.OPEN, blob)

    def seal(self, content: bytes, headers: Sequence[bytes]) -> bytes:
        """Return the sealed file that comes after those with these headers."""
        return self._ask(protocol.SEAL, content, *headers)

    def _ask(self, operation: bytes, *parts: bytes) -> bytes:
        try:
            return ask(self._state, operation, *parts)
        except NoAgent:
            raise VaultClosed from None
        except AgentRefused as refused:
            what, *rest = str(refused).split("\n")
            raise Refused(what, why=" ".join(rest)) from None
