"""A quick yes to "is this a valid notebook?", by the format's own schema.

The schema lets every cell and output be one of several kinds, so a validator tries them all, for
every cell. Here the kind is read first and only its own part of the same schema is applied, which
takes a quarter of the time. Only "yes" counts: everything else is left to nbformat, whose word
also names what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import fastjsonschema

_CELLS = {"code": "code_cell", "markdown": "markdown_cell", "raw": "raw_cell"}
_OUTPUTS = ("execute_result", "display_data", "stream", "error")
_Check = Callable[[Any], Any]


def is_surely_valid(nb: Any) -> bool:
    """Return whether ``nb`` is certainly a valid notebook of format 4; if not, ask nbformat."""
    try:
        if nb["nbformat"] != 4:
            return False
        checks = _checks(nb["nbformat_minor"])
        checks["notebook"]({**nb, "cells": []})
        ids = set()
        for cell in _list(nb["cells"]):
            kind = _CELLS[cell["cell_type"]]
            if kind == "code_cell":
                checks[kind]({**cell, "outputs": []})
                for output in _list(cell["outputs"]):
                    checks[output["output_type"]](output)
            else:
                checks[kind](cell)
            # No schema can say it: a cell's name is its own, where the minor version has names.
            if "id" in cell and cell["id"] in ids:
                return False
            ids.add(cell.get("id"))
    except (LookupError, TypeError, ValueError, AttributeError, OSError):
        return False
    return True


def _list(value: Any) -> list[Any]:
    # Other things can be looped over too, and would seem to hold nothing wrong.
    if isinstance(value, list):
        return value
    raise TypeError


@cache
def _checks(minor: int) -> dict[str, _Check]:
    """Compile the parts of one minor version's schema. Raises ``OSError`` for an unknown one."""
    text = files("nbformat.v4").joinpath(f"nbformat.v4.{int(minor)}.schema.json").read_text("utf-8")
    schema = json.loads(text)
    parts = {
        name: fastjsonschema.compile(
            {"definitions": schema["definitions"], "$ref": f"#/definitions/{name}"}
        )
        for name in (*_CELLS.values(), *_OUTPUTS)
    }
    return {"notebook": fastjsonschema.compile(schema), **parts}
