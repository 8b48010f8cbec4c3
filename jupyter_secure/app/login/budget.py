"""The budgets of tries that logging in and elevating draw on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from jupyter_secure.errors import TooManyTries
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.throttle import (
    PER_ACCOUNT,
    PER_ADDRESS,
    Attempts,
    account_key,
    address_key,
)


class Budget:
    """Counts tries by account and by address."""

    def __init__(
        self, attempts: Attempts, clock: Clock, key: Callable[[str], str] = account_key
    ) -> None:
        """``key`` names an account's tally: what is tried for."""
        self._attempts = attempts
        self._clock = clock
        self._key = key

    @contextmanager
    def one_try(self, username: str | None, address: str | None) -> Iterator[None]:
        """Count one try before the block runs, and give it back if the block ends well.

        Whatever is raised in the block leaves it counted. ``None`` stands for a try that names no
        account, or for one whose address is not counted. Raises ``TooManyTries``, and then the
        block does not run.
        """
        keys = []
        if address is not None:
            keys.append((address_key(address), PER_ADDRESS))
        if username is not None:
            keys.append((self._key(username), PER_ACCOUNT))
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

    def clear(self, username: str) -> None:
        """Forget the account's wrong tries: its owner got in completely.

        The address keeps its tally, or someone with an account of their own could reset it
        between guesses at another's.
        """
        self._attempts.clear(self._key(username))
