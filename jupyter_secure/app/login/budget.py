"""The budgets of tries that logging in and elevating draw on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from jupyter_secure.errors import TooManyTries
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.throttle import (
    ACCOUNT_KEYS,
    PER_ACCOUNT,
    PER_ADDRESS,
    PER_CODE,
    AttemptPolicy,
    Attempts,
    account_key,
    address_key,
    code_key,
    device_key,
)


class Budget:
    """Counts tries by account and by address."""

    def __init__(
        self,
        attempts: Attempts,
        clock: Clock,
        key: Callable[[str], str] = account_key,
        policy: AttemptPolicy = PER_ACCOUNT,
        kind: str = "",
    ) -> None:
        """``key`` names an account's tally: what is tried for. ``policy`` is that tally's.

        Budgets of another ``kind`` have tallies of their own for addresses and devices too.
        """
        self._attempts = attempts
        self._clock = clock
        self._key = key
        self._policy = policy
        self._kind = kind

    @classmethod
    def for_codes(cls, attempts: Attempts, clock: Clock) -> Budget:
        """Return the one for the second step of a login."""
        return cls(attempts, clock, code_key, PER_CODE, "code")

    @contextmanager
    def one_try(
        self, username: str | None, address: str | None, device: bytes | None = None
    ) -> Iterator[None]:
        """Count one try before the block runs, and give it back if the block ends well.

        Whatever is raised in the block leaves it counted. ``None`` stands for a try that names no
        account, or for one whose address is not counted. ``device`` is the digest of a known
        device of that account: its tries count there and nowhere else. Raises ``TooManyTries``,
        and then the block does not run.
        """
        keys = []
        if device is not None:
            keys.append((self._device_key(device), self._policy))
        else:
            if address is not None:
                prefix = f"{self._kind}-" if self._kind else ""
                keys.append((prefix + address_key(address), PER_ADDRESS))
            if username is not None:
                keys.append((self._key(username), self._policy))
        now = self._clock()
        with ExitStack() as give_back:
            try:
                for key, policy in keys:
                    reserved = self._attempts.reserve(key, policy, now)
                    give_back.callback(self._attempts.refund, key, policy, reserved)
            except TooManyTries:
                raise  # nothing was verified: what the address had counted is given back
            except BaseException:
                give_back.pop_all()
                raise
            try:
                yield
            except BaseException:
                give_back.pop_all()
                raise

    def _device_key(self, device: bytes) -> str:
        return device_key(device, self._kind or "account")

    def clear(self, username: str, device: bytes | None = None) -> None:
        """Forget the wrong tries at the account, or on this device: its owner got in completely.

        Who got in on a known device leaves the account's tally as it is: it was not in the way,
        and whoever guesses from elsewhere gets no new tries by it. The address keeps its tally, or
        someone with an account of their own could reset it between guesses at another's.
        """
        self._attempts.clear(self._key(username) if device is None else self._device_key(device))


def clear_tries(attempts: Attempts, username: str, devices: Iterable[bytes] = ()) -> None:
    """Forget every wrong try at an account, and on its ``devices``, given by their digests.

    For whoever runs the server, who knows that it is the owner who waits.
    """
    for key in ACCOUNT_KEYS:
        attempts.clear(key(username))
    for device in devices:
        for kind in ("account", "code"):
            attempts.clear(device_key(device, kind))
