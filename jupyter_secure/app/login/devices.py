"""Knowing a browser again in which someone has logged in before, and trusting it if that is on."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

from jupyter_secure.errors import NotFound
from jupyter_secure.identity import devices as rules
from jupyter_secure.identity.accounts import AccountStore
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.devices import Device, DeviceStore
from jupyter_secure.identity.sessions import Session, digest_token, new_token

_MAX_TOKEN = 128


class Devices:
    """Safe for several threads. Methods block for a moment."""

    def __init__(
        self, *, store: DeviceStore, accounts: AccountStore, clock: Clock, trusted_days: int = 0
    ) -> None:
        """``trusted_days``: how long a trusted device is not asked for a code; 0 trusts none."""
        self._store = store
        self._accounts = accounts
        self._clock = clock
        self.trusted_days = trusted_days

    def known(self, token: str | None, username: str) -> Device | None:
        """Return the device that ``token`` names if it is a known one of that account."""
        device = self._find(token)
        if device is None:
            return None
        account = self._accounts.get(username)
        return device if rules.is_known(device, account, self._clock()) else None

    def is_trusted(self, device: Device | None) -> bool:
        """Say whether ``device`` need not be asked for a code, as things are now."""
        if device is None or not self.trusted_days:
            return False
        current = self._store.by_digest(device.digest)
        if current is None:
            return False
        account = self._accounts.get(current.username)
        return rules.is_trusted(current, account, self.trusted_days, self._clock())

    def remember(self, session: Session, token: str | None, *, trust: bool = False) -> str:
        """Keep the device on which ``session`` began; return the token for its cookie.

        ``token`` is what its cookie holds now, if anything. It stays if it is a known one of this
        account: in no other case is a token that the browser brought taken over, as someone could
        have planted it there.
        """
        now = self._clock()
        account = self._accounts.get(session.username)
        if account is None:
            raise NotFound("The account was removed.")
        device = self._find(token)
        if token is None or device is None or not rules.is_known(device, account, now):
            token = new_token()
            device = Device(
                digest=digest_token(token),
                public_id=secrets.token_hex(8),
                username=session.username,
                generation=account.generation,
                name=rules.name_of(session.user_agent),
                address=session.address,
                created_at=now,
                last_used_at=now,
                trusted_until=None,
            )
        if trust and self.trusted_days:
            device = replace(device, trusted_until=now + timedelta(days=self.trusted_days))
        device = replace(
            device,
            name=rules.name_of(session.user_agent),
            address=session.address,
            last_used_at=max(now, device.last_used_at),
        )
        self._store.put(device, session.public_id, rules.MAX_PER_ACCOUNT)
        return token

    def list(self, username: str) -> tuple[Device, ...]:
        """Return the account's known devices, the one used last first."""
        account, now = self._accounts.get(username), self._clock()
        return tuple(
            one for one in self._store.of_account(username) if rules.is_known(one, account, now)
        )

    def forget(self, username: str, public_id: str) -> None:
        """Forget one device: it is neither known nor trusted any more. Raises ``NotFound``."""
        if not self._store.remove(username, public_id):
            raise NotFound("There is no such device.", remedy="It may have been removed already.")

    def forget_all(self, username: str) -> int:
        """Forget every device of the account; return how many there were."""
        return self._store.remove_all(username)

    def _find(self, token: str | None) -> Device | None:
        if not token or len(token) > _MAX_TOKEN:
            return None
        return self._store.by_digest(digest_token(token))
