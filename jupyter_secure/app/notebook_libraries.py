"""What is done before nbformat, nbdime or nbconvert is imported in a process of our own."""

from __future__ import annotations

import sys


def without_addresses() -> None:
    """Leave out a grammar of web addresses, if nothing has imported it yet.

    jsonschema has it compiled at every start, which takes between one second and six, for a kind of
    check that no schema of notebooks asks for. Where it is not installed, jsonschema lets it be.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # "not there"
