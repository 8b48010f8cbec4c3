"""From the root key to the data key of one file.

Specified in ``docs/reference/file-format.md``, "Sealed file". The epoch and the vault id stand in
the file itself, so the root key and the file suffice to open it.
"""

from __future__ import annotations

import hmac

from jupyter_secure.crypto import aead, kdf
from jupyter_secure.vault.envelope import Core, Header
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.stanza import FINGERPRINT_BYTES, Derivation, Stanza


def derive_wrap_key(root: RootKey, vault_id: bytes, epoch: int) -> bytes:
    """Return the key that wraps data keys in one epoch of one vault."""
    return root.derive(b"jsec/file-wrap/v1" + vault_id + epoch.to_bytes(8, "big"))


def fingerprint(wrap_key: bytes | bytearray) -> bytes:
    """Return the 8 bytes by which a file names its wrap key."""
    return kdf.hkdf(wrap_key, purpose=b"jsec/key-id/v1", length=FINGERPRINT_BYTES)


def root_key_fits(root: RootKey, header: Header) -> bool:
    """Tell whether this root key sealed a file, without any ``vault.json``: for recovery."""
    wrap_key = derive_wrap_key(root, header.vault_id, header.stanza.epoch)
    return hmac.compare_digest(fingerprint(wrap_key), header.stanza.fingerprint)


def wrap(
    wrap_key: bytes | bytearray,
    epoch: int,
    key_fingerprint: bytes,
    core: Core,
    key: bytes,
    derivation: Derivation | None = None,
) -> Stanza:
    """Wrap a file's data key for its header; bound to everything else the header says.

    With a ``derivation`` the key comes here wrapped by that of a passphrase.
    """
    unfilled = Stanza(epoch, key_fingerprint, b"", derivation)
    wrapped = aead.seal(wrap_key, _wrap_context(core, unfilled), key)
    return Stanza(epoch, key_fingerprint, wrapped, derivation)


def unwrap(wrap_key: bytes | bytearray, key_fingerprint: bytes, header: Header) -> bytes:
    """Return what ``wrap`` was given: a file's data key, or that under a passphrase still.

    Raises ``InvalidSeal`` if any byte of the header was changed.
    """
    if not hmac.compare_digest(key_fingerprint, header.stanza.fingerprint):
        raise aead.InvalidSeal
    return aead.open_sealed(
        wrap_key, _wrap_context(header.core, header.stanza), header.stanza.wrapped
    )


def rewrap(header: Header, old: RootKey, new: RootKey, epoch: int) -> Header:
    """Return the header of the same file under another root key, its data key as it was.

    For a file under a passphrase, which keeps its data key from us. Raises ``InvalidSeal`` if the
    header was altered or is not of ``old``.
    """
    old_key = derive_wrap_key(old, header.vault_id, header.stanza.epoch)
    new_key = derive_wrap_key(new, header.vault_id, epoch)
    key = unwrap(old_key, fingerprint(old_key), header)
    stanza = wrap(new_key, epoch, fingerprint(new_key), header.core, key, header.stanza.derivation)
    return Header(header.core, stanza)


def data_context(core: Core) -> bytes:
    """Return the context that binds the payload to its header."""
    return b"jsec/data/v1" + bytes(core)


def _wrap_context(core: Core, stanza: Stanza) -> bytes:
    return b"jsec/wrap/v1" + bytes(core) + stanza.head
