"""Which language a page speaks: the best that the browser asks for and we have, else English."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

#: English is what the templates are written in; each other one has a folder in ``locale/``.
ENGLISH = "en"
TRANSLATED = ("de",)
_LONGEST_HEADER = 512


def wanted(accept_language: str) -> str:
    """Return the language for a browser that sends ``accept_language`` (RFC 9110, 12.5.4)."""
    best, best_weight = ENGLISH, 0.0
    for part in accept_language[:_LONGEST_HEADER].split(","):
        tag, _, parameter = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        # The first of equals wins: people list what they prefer first.
        if weight > best_weight and language in (ENGLISH, *TRANSLATED):
            best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


@cache
def texts(language: str) -> NullTranslations:
    """Return the texts of one of our languages."""
    if language == ENGLISH:
        return NullTranslations()
    folder = files("jupyter_secure.server") / "locale" / language / "LC_MESSAGES"
    compiled = folder / "pages.mo"
    with compiled.open("rb") as file:
        return GNUTranslations(file)


def in_language(language: str, text: str) -> str:
    """Return ``text`` in ``language``; as it is where there is no translation."""
    return texts(language).gettext(text) if text else text
