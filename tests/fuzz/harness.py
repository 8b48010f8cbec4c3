"""Runs one target under atheris, in a process of its own: ``test_fuzz`` starts it.

By hand, for hours: ``python tests/fuzz/harness.py envelope CORPUS_FOLDER`` (libFuzzer's options go
behind).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent.parent))

with atheris.instrument_imports(include=["jupyter_secure"]):
    from fuzz.targets import TARGETS, WORDS


def main() -> None:
    """Write the seeds where libFuzzer looks for them, and run."""
    name, corpus, *options = sys.argv[1:]
    target, seeds = TARGETS[name]
    for number, seed in enumerate(seeds):
        Path(corpus, f"seed-{number}").write_bytes(seed)
    with tempfile.NamedTemporaryFile("w", suffix=".dict") as words:
        words.writelines(f'"{word}"\n' for word in WORDS)
        words.flush()
        atheris.Setup([sys.argv[0], f"-dict={words.name}", *options, corpus], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
