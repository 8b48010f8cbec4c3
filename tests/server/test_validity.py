"""A quick yes must be nbformat's yes."""

from __future__ import annotations

import copy
import json
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.server.validity import is_surely_valid

CELLS = [
    {"cell_type": "markdown", "metadata": {}, "source": "# Title", "id": "title"},
    {
        "cell_type": "markdown",
        "metadata": {"collapsed": True},
        "source": ["![](attachment:a.png)"],
        "attachments": {"a.png": {"image/png": "AAAA"}},
        "id": "picture",
    },
    {
        "cell_type": "raw",
        "metadata": {"format": "text/x", "name": "n", "tags": ["a", "b"], "jupyter": {}},
        "source": "raw",
        "id": "raw",
    },
    {
        "cell_type": "code",
        "metadata": {
            "scrolled": "auto",
            "trusted": True,
            "collapsed": False,
            "execution": {"iopub.status.busy": "2026-01-01T00:00:00Z"},
        },
        "source": "1 + 1",
        "execution_count": 3,
        "id": "sum",
        "outputs": [
            {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]},
            {"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}},
            {
                "output_type": "execute_result",
                "data": {"application/json": {"a": [1, None]}},
                "metadata": {},
                "execution_count": 3,
            },
            {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
        ],
    },
]


ANYTHING = [
    *(None, True, 0, -1, 1.5, 5.0, "", "x", "x\n", "a,b", "gone"),
    *([], ["x"], ["x", 1], ["a,b"], ["x", "x"]),
    *({}, {"a": 1}, {"a/b": ["x", 1]}, {"application/json\n": 1}),
]


def notebook(minor: int = 5) -> dict[str, Any]:
    """Return a notebook with every kind of cell and output."""
    cells = copy.deepcopy(CELLS)
    if minor < 5:
        for cell in cells:
            del cell["id"]
    kernel = {"name": "python3", "display_name": "Python 3"}
    language = {
        "name": "python",
        "codemirror_mode": {"name": "python"},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "pygments_lexer": "python3",
    }
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": kernel,
            "language_info": language,
            "title": "t",
            "authors": [{"name": "a"}],
            "orig_nbformat": 3,
        },
        "nbformat": 4,
        "nbformat_minor": minor,
    }


def written(content: Any) -> bytes:
    """Return it as it would be in a file."""
    return json.dumps(content).encode()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything in ``value``."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, part in inner:
        found.append((*path, key))
        if isinstance(part, (dict, list)):
            found += places(part, (*path, key))
    return found


def put(nb: Any, path: tuple[Any, ...], value: Any) -> None:
    """Put ``value`` where ``path`` leads in a notebook, or take out what is there: "gone"."""
    *way, last = path
    for key in way:
        nb = nb[key]
    if value == "gone":
        del nb[last]
    else:
        nb[last] = value


@pytest.mark.parametrize("minor", range(6))
def test_says_yes(minor: int) -> None:
    """Every kind of cell and output of every minor version is recognised as valid."""
    nbformat.validate(notebook(minor))
    assert is_surely_valid(written(notebook(minor)))


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        None,
        "notebook",
        notebook() | {"nbformat": 3},
        notebook() | {"nbformat_minor": 99},
        notebook() | {"nbformat_minor": "5"},
        notebook() | {"cells": None},
        notebook() | {"extra": 1},
        notebook() | {"cells": [CELLS[0], CELLS[0]]},
    ],
    ids=str,
)
def test_leaves_to_nbformat(content: Any) -> None:
    """Whatever is not plainly valid is not said to be."""
    assert not is_surely_valid(written(content))


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b'"\\ud800"'], ids=str)
def test_is_sure_of_no_nonsense(data: bytes) -> None:
    """What is no JSON at all is no valid notebook, and raises nothing."""
    assert not is_surely_valid(data)


@given(
    st.data(),
    st.integers(0, 6),
    st.sampled_from(ANYTHING),
)
def test_yes_is_nbformats_yes(data: st.DataObject, minor: int, value: Any) -> None:
    """Of a notebook with anything in it changed or taken out, a yes is never wrong."""
    changed = notebook(minor)
    put(changed, data.draw(st.sampled_from(places(changed))), value)
    if is_surely_valid(written(changed)):
        nbformat.validate(changed)
