"""Two small notebooks that take minutes to compare, as somebody might build them."""

from __future__ import annotations

import json


def notebook(*sources: str) -> bytes:
    """Return a notebook with these cells."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole).encode()


#: Each line of one is in the other thousands of times.
SLOW = notebook("a\n" * 12_000), notebook("a\nb\n" * 12_000)
