from __future__ import annotations

import shlex
import tempfile
from pathlib import Path

import pytest

from jupyter_secure.app.setup import traces


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({}, "~/.ipython"),
        ({"IPYTHONDIR": ""}, "~/.ipython"),
        ({"IPYTHONDIR": "~/mine"}, "~/mine"),
        ({"IPYTHONDIR": "/elsewhere"}, "/elsewhere"),
    ],
)
def test_folder_of_ipython(variables: dict[str, str], folder: str) -> None:
    """IPython's folder is looked for where IPython looks."""
    expected = Path(folder).expanduser()
    assert traces.ipython_dir(variables) == expected
    assert traces.ipython_history(variables).is_relative_to(expected)
    assert traces.ipython_settings(variables).is_relative_to(expected)


def test_finds_what_others_left(account_home: Path) -> None:
    """Copies of notebooks in any folder, and IPython's history, are named with a remedy."""
    work = account_home / "work"
    documents = work / "deep" / ".virtual_documents"
    (documents / ".virtual_documents").mkdir(parents=True)
    (work / ".jupyter_ystore.db").touch()
    (work / "a.ipynb").touch()
    history = traces.ipython_history()
    history.parent.mkdir(parents=True)
    history.touch()
    debugger = Path(tempfile.gettempdir()) / "ipykernel_123"
    debugger.mkdir(parents=True)
    found = list(traces.find(work))
    # What lies inside one that was found is found with it.
    assert [one.path for one in found] == [
        history,
        debugger,
        work / ".jupyter_ystore.db",
        documents,
    ]
    assert all(str(one.path) in one.remedy for one in found)
    assert history.exists()
    assert traces.DEBUGGER_OFF in found[1].remedy
    assert "extension disable jupyter_lsp" in found[-1].remedy


def test_a_remedy_is_safe_to_paste(account_home: Path) -> None:
    """The command that is suggested names one folder, whatever that is called."""
    documents = account_home / "work" / "a; touch b $(c)" / ".virtual_documents"
    documents.mkdir(parents=True)
    (found,) = traces.find(account_home / "work")
    command = found.remedy.splitlines()[0].partition(": ")[2]
    assert shlex.split(command) == ["rm", "-r", str(documents)]


def test_finds_nothing(account_home: Path) -> None:
    """Where nothing was left, and where there is no folder, nothing is found."""
    assert list(traces.find(account_home)) == []
    assert list(traces.find(account_home / "nowhere")) == []
