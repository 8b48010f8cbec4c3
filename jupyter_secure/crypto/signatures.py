"""What a signature that does not verify is called.

Verifying is python-fido2's business, on the same library; who calls it needs the name to tell a
wrong signature from a key that is none.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature

__all__ = ["InvalidSignature"]
