"""What was saved, kept as versions, and found again. Whether someone may is asked before."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.content.saves import Origin, Saved
from jupyter_secure.app.history.backlog import Backlog, Told, Waiting
from jupyter_secure.app.history.notebook_keys import NotebookKeys
from jupyter_secure.errors import CorruptFile, NotFound, PassphraseRequired, SecureError
from jupyter_secure.history import thinning
from jupyter_secure.history.notebook_key import NotebookKey
from jupyter_secure.history.repository import Repository
from jupyter_secure.history.thinning import Retention
from jupyter_secure.history.version import Kind, Version
from jupyter_secure.identity.clock import Clock
from jupyter_secure.locks import Actor
from jupyter_secure.vault.envelope import Header
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.vault import Vault


@dataclass(frozen=True)
class Damaged:
    """What is wrong with a version, or with all of a notebook's where ``number`` is ``None``."""

    file_id: bytes
    path: str
    number: int | None
    error: SecureError


@dataclass
class Verified:
    """What was found: ``versions`` of ``notebooks`` read, and ``under_passphrase`` that were not.

    Of those the passphrase was not given.
    """

    notebooks: int = 0
    versions: int = 0
    under_passphrase: int = 0
    damaged: list[Damaged] = field(default_factory=list)


class Histories:
    """Keeps and finds versions; safe for several threads. Every method takes a moment of disk.

    Each raises ``VaultSealed``, ``StateUnusable`` where the repository cannot be used,
    ``CorruptFile`` for what was damaged, and ``PassphraseRequired`` under a sealed lock.
    """

    def __init__(
        self,
        *,
        repository: Repository,
        vault: Vault,
        passphrases: Passphrases,
        clock: Clock,
        retention: Retention,
    ) -> None:
        self._repository = repository
        self.keys = NotebookKeys(repository, vault, passphrases)
        self._backlog = Backlog(self._write)
        self._clock = clock
        self._retention = retention

    def keep(self, saved: Saved, origin: Origin) -> None:
        """Keep what was saved, unless the newest version holds just that.

        What was kept by itself and is then saved by hand counts as saved by hand from then on.
        """
        self._backlog.keep_now(Waiting(saved, origin, self._clock()))

    def keep_soon(self, saved: Saved, origin: Origin, told: Told) -> None:
        """Do so in a moment, and then tell ``told`` of it, or of why it was not kept."""
        # One of its own: that of the session is wiped with it, and that may be sooner.
        passphrase = saved.passphrase and saved.passphrase.copy()

        def done(one: Saved, failed: BaseException | None) -> None:
            if passphrase is not None:
                passphrase.wipe()
            told(one, failed)

        waiting = replace(saved, passphrase=passphrase)
        self._backlog.add(Waiting(waiting, origin, self._clock(), done))

    def settle(self, file_id: bytes | None = None) -> None:
        """Keep what is to be kept of one notebook, or of all, before this returns."""
        self._backlog.settle(file_id)

    def settle_within(self, seconds: float) -> None:
        """Keep what is to be kept before this returns, if it does not take longer than that."""
        self._backlog.settle_within(seconds)

    def is_settled(self) -> bool:
        """Tell, at once, whether nothing is to be kept."""
        return self._backlog.is_settled()

    def _write(self, waiting: Sequence[Waiting]) -> None:
        last = waiting[-1].saved
        key = self.keys.find_or_make(last.file_id, last.actor.session, last.passphrase)

        def following(newest: Version | None) -> list[tuple[Version, bytes | None]]:
            found: list[tuple[Version, bytes | None]] = []
            for one in waiting:
                saved, kind = one.saved, one.origin.kind
                same = newest is not None and key.is_digest(saved.content, newest.digest)
                if newest is None or not same or kind is Kind.RESTORED:
                    newest = _next(newest, one, key)
                    found.append((newest, saved.content))
                elif newest.kind is Kind.AUTOMATIC and kind is Kind.MANUAL:
                    newest = newest.marked(kind)
                    found[-1:] = [(newest, found[-1][1] if found else None)]
            return found

        self._repository.keep(last.file_id, key, following)

    def versions(
        self, file_id: bytes, actor: Actor, most: int | None = None, *, before: int | None = None
    ) -> list[Version]:
        """Return a notebook's versions, newest first; none if it has no history.

        At most so many, and only those with a number below ``before``, where these are given.
        """
        self.settle(file_id)
        key = self.keys.find(file_id, actor.session)
        if key is None:
            return []
        found = self._repository.versions(file_id, key, before=before)
        return list(islice(found, most))

    def content(self, file_id: bytes, number: int, actor: Actor) -> bytes:
        """Return what one version holds. Raises ``NotFound``."""
        return self.version(file_id, number, actor)[1]

    def version(self, file_id: bytes, number: int, actor: Actor) -> tuple[Version, bytes]:
        """Return one version and what it holds. Raises ``NotFound``."""
        return self._repository.read(self._key(file_id, actor), file_id, number)

    def header(self, file_id: bytes) -> Header | None:
        """Return the header of a notebook's sealed key; ``None`` without a history."""
        self.settle(file_id)
        return self.keys.header(file_id)

    def resealing(
        self, file_id: bytes, session: str, passphrase: PassphraseKey | None
    ) -> Callable[[], None]:
        """See ``NotebookKeys.resealing``; what was saved before is under the key of before."""
        self.settle(file_id)
        return self.keys.resealing(file_id, session, passphrase)

    def said(self, file_id: bytes) -> Iterator[Version]:
        """Yield what is said of a notebook's versions, newest first, without asking any key.

        Nobody vouches for it; what is opened is vouched for.
        """
        return self._repository.versions(file_id)

    def deleted(self, live: Collection[bytes]) -> list[Version]:
        """Return the newest version of every notebook that is not among the ``live`` file ids."""
        self.settle()
        gone = (one for one in self._repository.newest() if one.file_id not in live)
        return sorted(gone, key=lambda version: version.at, reverse=True)

    def withhold(self, file_id: bytes, owner: str) -> None:
        """Let nobody but ``owner`` have a deleted notebook's versions, which was private."""
        if self.header(file_id) is not None:
            self._repository.set_private_owner(file_id, owner)

    def came_back(self, file_id: bytes) -> None:
        """Leave it to the locks again who may have the versions: the notebook is there again."""
        self._repository.set_private_owner(file_id, None)

    def private_owner(self, file_id: bytes) -> str | None:
        """Return whose private notebook it was when it was deleted, if it was one."""
        return self._repository.private_owner(file_id)

    def thin(self, file_id: bytes) -> int:
        """Drop the automatic versions that have aged; return how many went."""
        found = list(self._repository.versions(file_id))
        staying = thinning.kept(found, self._retention, self._clock())
        if len(staying) == len(found):
            return 0
        return self._repository.retain(file_id, [version.number for version in staying])

    def thin_all(self, file_ids: Iterable[bytes] | None = None) -> int:
        """Thin out these notebooks' histories, or all; one that is damaged stays as it is."""
        went = 0
        for file_id in self._repository.file_ids() if file_ids is None else file_ids:
            with contextlib.suppress(CorruptFile):
                went += self.thin(file_id)
        return went

    def tidy(self, *, everything: bool = False) -> int:
        """Take less space; return how many bytes were freed. Raises ``StateUnusable``."""
        return self._repository.tidy(everything=everything)

    def verify(
        self,
        session: str = "",
        progress: Callable[[Verified], None] = lambda _: None,
        *,
        of: Iterable[bytes] | None = None,
        found: Verified | None = None,
    ) -> Verified:
        """Read every version of these notebooks, or of all; add to ``found`` what comes of it.

        What is damaged is told of, not raised.
        """
        self.settle()
        found = Verified() if found is None else found
        for file_id in self._repository.file_ids() if of is None else of:
            path = ""
            try:
                path = next((one.path for one in self._repository.versions(file_id)), "")
                key = self.keys.find(file_id, session)
                if key is None:
                    raise CorruptFile(
                        "The key of this history is missing.",
                        remedy="Restore the folder `keys` in history.git from a backup.",
                    )
                found.notebooks += 1
                for number, error in self._repository.check(key, file_id):
                    found.versions += 1
                    if error is not None:
                        found.damaged.append(Damaged(file_id, path, number, error))
                    progress(found)
            except PassphraseRequired:
                found.under_passphrase += 1
            except SecureError as error:
                found.damaged.append(Damaged(file_id, path, None, error))
        return found

    def _key(self, file_id: bytes, actor: Actor) -> NotebookKey:
        self.settle(file_id)
        key = self.keys.find(file_id, actor.session)
        if key is None:
            raise NotFound("There is no earlier version.", remedy="None was kept of this file.")
        return key


def _next(newest: Version | None, one: Waiting, key: NotebookKey) -> Version:
    saved = one.saved
    return Version(
        file_id=saved.file_id,
        number=1 if newest is None else newest.number + 1,
        path=saved.path,
        account=saved.actor.username or "",
        # The clock may have been set back since.
        at=one.at if newest is None else max(one.at, newest.at),
        kind=one.origin.kind,
        size=len(saved.content),
        digest=key.digest(saved.content),
        restored=one.origin.restored,
        flags=int(saved.flags),
    )
