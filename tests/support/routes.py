"""From a route's pattern to a path that it matches."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

if sys.version_info >= (3, 11):
    from re import _constants as sre
    from re import _parser as parser
else:
    import sre_constants as sre
    import sre_parse as parser

# The first of these that a class of characters holds stands for it.
_CANDIDATES = "ax1-_. /"


def example(pattern: str) -> str:
    """Return one path that ``pattern`` matches completely."""
    path = _text(parser.parse(pattern))
    assert re.fullmatch(pattern.rstrip("$"), path), (pattern, path)
    return path


def _text(parsed: Iterable[tuple[Any, Any]]) -> str:
    return "".join(_one(operator, argument) for operator, argument in parsed)


def _one(operator: Any, argument: Any) -> str:  # noqa: PLR0911  # one line for each construct
    if operator is sre.LITERAL:
        return chr(argument)
    if operator is sre.ANY:
        return "a"
    if operator is sre.NOT_LITERAL:
        return next(one for one in _CANDIDATES if ord(one) != argument)
    if operator is sre.IN:
        return next(one for one in _CANDIDATES if _holds(argument, one))
    if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        least, most, repeated = argument
        return _text(repeated) * max(least, min(1, most))
    if operator is sre.SUBPATTERN:
        return _text(argument[-1])
    if operator is sre.BRANCH:
        return _text(argument[1][0])
    assert operator in (sre.AT, sre.ASSERT, sre.ASSERT_NOT), operator
    return ""


def _holds(members: list[tuple[Any, Any]], one: str) -> bool:
    negated = members[0][0] is sre.NEGATE
    text = "".join(_member(*member) for member in members if member[0] is not sre.NEGATE)
    return bool(re.fullmatch(f"[{text}]", one)) is not negated


def _member(operator: Any, argument: Any) -> str:
    if operator is sre.LITERAL:
        return re.escape(chr(argument))
    if operator is sre.RANGE:
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    assert operator is sre.CATEGORY, operator
    return {
        sre.CATEGORY_WORD: r"\w",
        sre.CATEGORY_DIGIT: r"\d",
        sre.CATEGORY_SPACE: r"\s",
        sre.CATEGORY_NOT_SPACE: r"\S",
        sre.CATEGORY_NOT_WORD: r"\W",
        sre.CATEGORY_NOT_DIGIT: r"\D",
    }[argument]
