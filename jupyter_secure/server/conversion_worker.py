"""The process in which one notebook is converted; ``server.conversion`` starts it.

A process of its own, because converters write plaintext into temporary folders, change into them,
start other programs, and put what those say into errors and logs. Here the temporary folder is a
private one, errors are named and not quoted, and everything ends with the conversion.

Input: a pickled dict. Output: a line of JSON, then the bytes of the result and of its files.
"""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import signal
import sys
from typing import Any, BinaryIO

from jupyter_secure.app.notebook_libraries import without_addresses
from jupyter_secure.crypto.memory import protect_process

NO_EXPORTER, FAILED = "no-exporter", "failed"
_PR_SET_PDEATHSIG = 1


def convert(request: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """Return what there is to say of the result, and its bytes."""
    without_addresses()
    import nbformat
    from nbconvert.exporters.base import ExporterNameError, get_exporter
    from traitlets.config import Config

    config = Config(request["config"])
    # Where Jupyter's own would look for templates: this process is somewhere else. A template is a
    # program, and that folder is served as a rule: who may write there and not run code must not
    # convert with one. Nor draw with Inkscape, which reads what a picture tells it to.
    places = [request["templates"]] if request["runs_code"] else []
    config.TemplateExporter.setdefault("extra_template_basedirs", places)
    if not request["runs_code"]:
        config.SVG2PDFPreprocessor.enabled = False
    try:
        exporter = get_exporter(request["format"])(config=config)
    except ExporterNameError:
        return {"error": NO_EXPORTER}, []
    if request["sanitize_html"] is not None:
        exporter.sanitize_html = request["sanitize_html"]
    notebook = nbformat.from_dict(json.loads(request["notebook"]))
    output, resources = exporter.from_notebook_node(notebook, resources=request["resources"])
    files = dict(resources.get("outputs") or {})
    parts = [output.encode() if isinstance(output, str) else output, *files.values()]
    head = {
        "mimetype": exporter.output_mimetype,
        "extension": resources["output_extension"],
        "files": [os.path.basename(name) for name in files],
        "sizes": [len(part) for part in parts],
    }
    return head, parts


def safe_words(error: Exception) -> str:
    """Return what may be told of ``error``: never what a program said about the notebook."""
    name = type(error).__name__
    about_this_machine = (
        isinstance(error, ImportError)
        # A program that is missing. Not one of the kinds derived from it: LaTeX's quotes the text.
        or (type(error) is OSError and error.errno is None)
        or name == "PandocMissing"
        or str(error).startswith("Playwright is not installed")
    )
    return f"{name}: {error}" if about_this_machine else name


def main(source: BinaryIO, target: BinaryIO) -> None:
    """Convert what ``source`` holds, and write what comes of it to ``target``."""
    request = pickle.load(source)  # noqa: S301  # from the server that started this process
    try:
        head, parts = convert(request)
    except Exception as error:  # noqa: BLE001  # whatever a converter raises over wild input
        head, parts = {"error": FAILED, "message": safe_words(error)}, []
    target.write(json.dumps(head).encode() + b"\n")
    target.writelines(parts)
    target.flush()


def _end_with_the_server() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    # What is printed by anyone goes nowhere: the answer has its own descriptor.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.path[:] = [path for path in sys.path if path not in ("", os.getcwd())]
    _end_with_the_server()
    protect_process()
    main(sys.stdin.buffer, answer)
