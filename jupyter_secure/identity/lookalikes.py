"""Names that look alike: of two accounts nobody should have to guess which is which.

After Unicode Technical Standard 39, section 4 (skeletons), with the letters that are drawn alike in
the common fonts, not its whole table: names are chosen by an owner, and what is held off here is
the slip, or the owner who was talked into a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Cyrillic, Greek, Armenian and other letters → the Latin ones they are drawn like, in lower case.
_LIKE = str.maketrans(
    {
        **dict(zip("аеорсухіјѕһԁԛԝӏкмтвнпгьԍ", "aeopcyxijshdqwlkmtbhnrbg", strict=True)),
        **dict(zip("αορικτυχνγωηβϲϳε", "aopiktuxvywnbcje", strict=True)),
        **dict(zip("օոսհցքզյ", "onuhgpqj", strict=True)),
        **dict(zip("ıɑɡɩʋʏꞵ01", "iagiuybol", strict=True)),
        "đ": "d",
        "ł": "l",
        "|": "l",
    }
)
_PAIRS = (("rn", "m"), ("vv", "w"))
# Accents and dots of letters; in other scripts such marks are vowels.
_ACCENT = re.compile("[\u0300-\u036f]")


def skeleton(name: str) -> str:
    """Return what a normalised name looks like; equal for names that could be taken for another.

    It is never shown, and no name by itself: only good for comparing.
    """
    # A dot more or less is overlooked; and a capital I, which is kept as "i", looks like an "l".
    text = _ACCENT.sub("", unicodedata.normalize("NFKD", name)).translate(_LIKE).replace("i", "l")
    for pair, one in _PAIRS:
        text = text.replace(pair, one)
    return " ".join(text.split())


def lookalike(name: str, others: Iterable[str]) -> str | None:
    """Return the one of ``others`` that ``name`` is, or could be taken for."""
    wanted = skeleton(name)
    return next((one for one in others if one == name or skeleton(one) == wanted), None)
