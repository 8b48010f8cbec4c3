"""The sessions of one run of the server, and the vault that is open while there are any."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.login.sealing import Sealing
from jupyter_secure.errors import Conflict, NotFound, StateUnusable, WrongCredentials, WrongKey
from jupyter_secure.identity import sessions as rules
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.sessions import Session, SessionPolicy, SessionStore
from jupyter_secure.locks import NOBODY, Actor
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

#: "Seen" is written no more often than this, as each time costs a write to the disk.
TOUCH_SECONDS = 30
_MAX_TOKEN, _MAX_ADDRESS, _MAX_USER_AGENT = 128, 64, 256


class Sessions:
    """Begins, finds and ends sessions; safe for several threads. Methods block for a moment."""

    def __init__(
        self,
        *,
        store: SessionStore,
        vault: Vault,
        policy: SessionPolicy,
        run_id: str,
        clock: Clock,
        stays_open: bool = False,
        passphrases: Passphrases | None = None,
    ) -> None:
        """``passphrases`` are those that were given in the sessions, and end with them.

        ``stays_open``: a key file opened the vault, which then does not wait for sessions.
        """
        self._store = store
        self._vault = vault
        self._passphrases = passphrases or Passphrases()
        self._policy = policy
        self._run_id = run_id
        self._clock = clock
        #: Whether the vault stays open without a session, until the server ends.
        self.stays_open = stays_open
        # Held while the vault is opened for a session or sealed for want of one, so that neither
        # happens in the middle of the other.
        self._lock = threading.RLock()
        #: Says whether something other than a session needs an open vault; it never opens one.
        self.needed_elsewhere: Callable[[], bool] = lambda: False
        #: Seals the vault after the last session.
        self.sealing = Sealing(vault, self._lock, self._needed)
        #: Told of each session that ended but by ``end``, and of the limit that it reached, if any.
        self.on_end: Callable[[Session, str], None] = lambda *_: None
        # What was begun here and live at the last look. Another process may end a session by
        # removing its row, and begin none by adding one.
        self._known: dict[str, Session] = {}

    def begin(
        self,
        username: str,
        root: RootKey,
        address: str,
        user_agent: str,
        generation: int | None = None,
    ) -> tuple[str, Session]:
        """Open the vault and begin a session; return the cookie's token and the session.

        The token is always new, so a value planted in the browser before the login is worthless.
        ``generation`` is the account's when its password was checked; ``WrongCredentials`` if it is
        another by now. Raises ``StateUnusable``, and then there is no session and the vault is as
        it was.
        """
        now = self._clock()
        token = rules.new_token()
        session = Session(
            id_digest=rules.digest_token(token),
            public_id=secrets.token_hex(8),
            username=username,
            created_at=now,
            last_seen_at=now,
            elevated_until=None,
            address=_storable(address, _MAX_ADDRESS),
            user_agent=_storable(user_agent, _MAX_USER_AGENT),
            run_id=self._run_id,
        )
        with self._lock:
            try:
                # What servers that were killed left behind goes here.
                self._store.remove_created_before(now - timedelta(hours=self._policy.max_hours))
                self._vault.unseal(root)
                if not self._store.add(session, generation):
                    raise WrongCredentials
            except BaseException as error:
                self.sealing.look()
                if isinstance(error, WrongKey):
                    raise StateUnusable(
                        "vault.json is another vault's than when this server started.",
                        remedy="Put the right one back, or restart the server.",
                    ) from None
                raise
            self._known[session.public_id] = session
            self.sealing.not_now()
        return token, session

    def authenticate(self, token: str) -> Session | None:
        """Return the live session of this run that ``token`` belongs to, or ``None``."""
        if len(token) > _MAX_TOKEN:
            return None
        digest, now = rules.digest_token(token), self._clock()
        session = self._store.by_digest(digest)
        if session is None:
            session = self._by_previous(digest, now)
        if session is None or session.public_id not in self._known:
            return None
        return session if rules.is_live(session, self._policy, now) else None

    def _by_previous(self, digest: bytes, now: datetime) -> Session | None:
        """Return the session whose token was changed some seconds ago: as it was, un-elevated.

        It keeps the old digest, so that nothing that compares digests takes it for the present one.
        """
        session = self._store.by_previous_digest(digest)
        if session is None or not rules.in_grace(session, now):
            return None
        return replace(session, id_digest=digest, elevated_until=None)

    def touch(self, session: Session, address: str) -> None:
        """Start the idle limit anew: a person did something. Never revives what has ended."""
        now = self._clock()
        quiet = now - session.last_seen_at
        # Where the idle limit is short, half a minute would be most or all of it.
        at_least = min(
            timedelta(seconds=TOUCH_SECONDS), timedelta(minutes=self._policy.idle_minutes) / 10
        )
        if quiet >= at_least and rules.is_live(session, self._policy, now):
            self._store.touch(session.public_id, now, _storable(address, _MAX_ADDRESS))

    def elevate(self, session: Session) -> tuple[str, Session]:
        """Lift ``session`` for ``elevation_minutes``; the caller has checked a second factor.

        Returns and raises what :meth:`rotate` does: a token that was stolen before does not become
        an elevated one.
        """
        return self._rotate(
            session, self._clock() + timedelta(minutes=self._policy.elevation_minutes)
        )

    def rotate(self, session: Session) -> tuple[str, Session]:
        """Give ``session`` another token; return that, for its cookie, and the session.

        The one before finds it for ``GRACE`` more, un-elevated, and then nothing. Raises
        ``NotFound`` if it has ended, ``Conflict`` if its token was changed meanwhile.
        """
        return self._rotate(session, None)

    def _rotate(self, session: Session, until: datetime | None) -> tuple[str, Session]:
        self.require_current(session)
        token, now = rules.new_token(), self._clock()
        digest = rules.digest_token(token)
        if not self._store.rotate(session, digest, now, until):
            self.require(session.public_id, session.username)
            raise _changed_elsewhere()
        rotated = self._store.by_digest(digest)
        if rotated is None:
            raise NotFound("The session has ended.", remedy="Log in again.")
        return token, rotated

    def require_current(self, session: Session) -> None:
        """Raise ``Conflict`` unless the token that found ``session`` is its present one.

        ``NotFound`` if it has ended. The store is asked: a request may have waited since the gate
        let it in, behind many logins, and its session may have been ended or stepped up meanwhile.
        """
        if rules.is_superseded(session) or self._store.by_digest(session.id_digest) is None:
            self.require(session.public_id, session.username)
            raise _changed_elsewhere()

    def lower(self, session: Session) -> None:
        """End the elevation of ``session``: what it locks now is locked for it as well."""
        self._store.elevate(session.public_id, self._clock())

    def actor(self, session: Session | None) -> Actor:
        """Return ``session`` as the locks see it."""
        if session is None:
            return NOBODY
        elevated = self.elevated_seconds_left(session) > 0
        return Actor(session.username, elevated, session.public_id)

    def seconds_left(self, session: Session) -> int:
        """Return the seconds until the session ends by either limit."""
        return rules.seconds_left(session, self._policy, self._clock())

    def elevated_seconds_left(self, session: Session) -> int:
        """Return for how many more seconds the session counts as elevated; 0 if it does not."""
        return rules.elevated_seconds_left(session, self._policy, self._clock())

    def live(self, username: str | None = None) -> tuple[Session, ...]:
        """Return the live sessions of this run, of one account or of all."""
        now = self._clock()
        return tuple(
            session
            for session in self._store.of_run(self._run_id)
            if session.public_id in self._known
            and username in (None, session.username)
            and rules.is_live(session, self._policy, now)
        )

    def require(self, public_id: str, username: str | None) -> Session:
        """Return the live session of ``username``, or of anyone, with that id; or ``NotFound``.

        Another account's session is not found either: whether it exists is nobody's business.
        """
        for session in self.live(username):
            if session.public_id == public_id:
                return session
        raise NotFound("There is no such session.", remedy="It may have ended already.")

    def end(self, public_id: str) -> tuple[Session, ...]:
        """End one session; return it, and whatever else turned out to have ended."""
        with self._lock:
            self._store.remove(public_id)
            return self._sweep(public_id)

    def end_all(
        self, username: str | None = None, *, keep: str | None = None
    ) -> tuple[Session, ...]:
        """End the sessions of one account, or all of this run, but ``keep``; return what ended."""
        with self._lock:
            self._store.remove_many(
                [
                    session.public_id
                    for session in self._store.of_run(self._run_id)
                    if username in (None, session.username) and session.public_id != keep
                ]
            )
            return self.sweep()

    def sweep(self) -> tuple[Session, ...]:
        """Notice what has ended, by a limit or by another's hand; seal the vault after the last.

        Returns the sessions that were live at the last look and are not now. Call it every few
        seconds: it is one read.
        """
        return self._sweep("")

    def _rows(self) -> tuple[Session, ...]:
        """Return this run's sessions; where the database cannot be read, as they were last seen.

        So that limits, sockets and keys end on time then too. Requests are refused meanwhile.
        """
        try:
            return self._store.of_run(self._run_id)
        except StateUnusable:
            return tuple(self._known.values())

    def _sweep(self, known_of: str) -> tuple[Session, ...]:
        with self._lock:
            now = self._clock()
            live: dict[str, Session] = {}
            limits: dict[str, str] = {}
            for session in self._rows():
                known = session.public_id in self._known
                if known and rules.is_live(session, self._policy, now):
                    live[session.public_id] = session
                else:
                    limits[session.public_id] = rules.limit_reached(session, self._policy, now)
            with suppress(StateUnusable):
                self._store.remove_many(limits)
            ended = tuple(one for public_id, one in self._known.items() if public_id not in live)
            self._known = live
            self._passphrases.keep_only(live)
            for session in ended:
                if session.public_id != known_of:
                    self.on_end(session, limits.get(session.public_id, ""))
            self.sealing.look()
            return ended

    def _needed(self) -> bool:
        return bool(self._known) or self.stays_open or self.needed_elsewhere()


def _changed_elsewhere() -> Conflict:
    return Conflict(
        "This session was confirmed in another tab just now.",
        why="Its cookie has changed meanwhile.",
        remedy="Try again.",
    )


def _storable(text: str, limit: int) -> str:
    """Return what a client said of itself, cut short, and text that a database takes."""
    return text[:limit].encode(errors="replace").decode().replace("\0", "")
