"""The key of one notebook's history, and what is derived from it.

Each notebook has its own, random one, which lies beside the versions as a sealed file of the vault:
a lock with a passphrase holds for old versions as it does for the notebook. And the same chunk in
two notebooks is two different ciphertexts.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import zlib

from jupyter_secure.crypto import aead, kdf
from jupyter_secure.crypto.siv import KEY_BYTES as SIV_KEY_BYTES
from jupyter_secure.crypto.siv import Siv
from jupyter_secure.errors import CorruptFile
from jupyter_secure.history.chunks import MAX_BYTES, Cutter

KEY_BYTES = 32
ID_BYTES = 16
_CONTEXT = b"jsec/history/chunk/v1"
# Small chunks of notebooks hold little but these words: a preset dictionary (RFC 1950, section 2.2)
# halves them. It is a part of the format and never changes.
_DICTIONARY = (
    b'  {\n   "cell_type": "markdown",\n   "id": "",\n   "metadata": {},\n   "source": [\n    "'
    b'   "output_type": "display_data"\n   "text/html": [\n   "text/plain": [\n   "image/png": "'
    b'   "output_type": "execute_result"\n   "output_type": "error",\n   "traceback": [\n'
    b'\\n",\n    "\n   ]\n  },\n  {\n   "cell_type": "code",\n   "execution_count": null,\n'
    b'{"cell_type":"markdown","id":"","metadata":{},"source":""},{"output_type":"error","ename":"",'
    b'"evalue":"","traceback":["{"output_type":"display_data","metadata":{},"data":{"text/html":"'
    b'<div>\\n<table border=\\"1\\" class=\\"dataframe\\">\\n  <thead>\\n    <tr style=\\"'
    b'text-align: right;\\">\\n      <th></th>\\n      <td>","image/png":"iVBORw0KGgo","text/'
    b'plain":"'
    b'{"output_type":"execute_result","execution_count":null,"metadata":{},"data":{"text/plain":"'
    b'"}],"source":"import numpy as np\\nimport pandas as pd\\nimport matplotlib.pyplot as plt\\n'
    b"from "
    b'"},{"cell_type":"code","execution_count":null,"id":"","metadata":{"trusted":true},"outputs":[{"'
    b'name":"stdout","output_type":"stream","text":"'
    b'   "id": "'
    b'",\n   "metadata": {},\n   "outputs": [\n    {\n     "name": "stdout",\n     "output_type": '
    b'"stream",\n     "text": [\n      "\\n",\n      "'
)


class NotebookKey:
    """Seals and opens chunks of one notebook, and vouches for its versions.

    After a change of the root key a history goes on under a new key, and what was kept before opens
    with the ones before.
    """

    def __init__(self, key: bytes, *before: bytes) -> None:
        """Take ``KEY_BYTES`` of uniformly random bytes, and the keys before, if there were any."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"The key of a history has {KEY_BYTES} bytes, not {len(key)}.")
        self._before = tuple(NotebookKey(one) for one in before)
        self.cut = Cutter(kdf.hkdf(key, purpose=b"jsec/history/cut/v1")).cut
        self._naming = kdf.hkdf(key, purpose=b"jsec/history/id/v1")
        self._vouching = kdf.hkdf(key, purpose=b"jsec/history/mac/v1")
        self._siv = Siv(kdf.hkdf(key, purpose=b"jsec/history/seal/v1", length=SIV_KEY_BYTES))

    def name(self, chunk: bytes) -> bytes:
        """Return the ``ID_BYTES`` under which a chunk is known in memory, without sealing it."""
        return hashlib.blake2b(chunk, key=self._naming, digest_size=ID_BYTES).digest()

    def seal(self, chunk: bytes) -> bytes:
        """Return a chunk compressed and sealed; the same chunk gives the same bytes."""
        deflate = zlib.compressobj(level=6, wbits=-15, zdict=_DICTIONARY)
        return self._siv.seal(deflate.compress(chunk) + deflate.flush(), _CONTEXT)

    def open(self, sealed: bytes) -> bytes:
        """Return the chunk; raises ``CorruptFile`` if it is not one of this notebook."""
        inflate = zlib.decompressobj(wbits=-15, zdict=_DICTIONARY)
        try:
            chunk = inflate.decompress(self._siv.open_sealed(sealed, _CONTEXT), MAX_BYTES + 1)
        except aead.InvalidSeal:
            for key in self._before:
                with contextlib.suppress(CorruptFile):
                    return key.open(sealed)
            raise damaged() from None
        except zlib.error:
            raise damaged() from None
        if len(chunk) > MAX_BYTES or not inflate.eof:
            raise damaged()
        return chunk

    def digest(self, data: bytes) -> bytes:
        """Return the keyed digest of a whole version, 32 bytes: HMAC-SHA-256 (RFC 2104)."""
        return hmac.digest(self._vouching, b"content\0" + data, "sha256")

    def is_digest(self, data: bytes, digest: bytes) -> bool:
        """Say whether ``digest`` is that of ``data``, under this key or one before."""
        same = hmac.compare_digest(self.digest(data), digest)
        return same or any(key.is_digest(data, digest) for key in self._before)

    def vouch(self, text: bytes) -> bytes:
        """Return the MAC of what is said of a version, 32 bytes."""
        return hmac.digest(self._vouching, b"version\0" + text, "sha256")

    def vouches(self, text: bytes, mac: bytes) -> bool:
        """Say whether ``mac`` is that of ``text``, under this key or one before."""
        same = hmac.compare_digest(self.vouch(text), mac)
        return same or any(key.vouches(text, mac) for key in self._before)


def damaged() -> CorruptFile:
    """Return the error for a version that is not what was kept."""
    return CorruptFile(
        "This version cannot be opened.",
        why="The history was damaged, or altered from outside.",
        remedy="Open another version; the others are kept apart from it.",
    )
