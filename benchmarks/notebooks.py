"""Notebooks as people have them: many cells, some prose, code with printed output, pictures.

The same seed gives the same notebook. ``MARK`` stands in it once, so that every save can be of
other content without the content being made anew.
"""

from __future__ import annotations

import base64
import json
import random
from typing import Any

MARK = b"#00000000#"

_PROSE = (
    "The model was fitted to the mean of each group.",
    "Values are measured per hospital and over time; see the residuals below.",
    "| dose / µg | response |\n|---|---|\n| 10 | 0.31 |\n| 20 | 0.58 |",
    "The naïve estimate for Zürich is $\\hat\\beta = (X^T X)^{-1} X^T y$.",
    "- weight and age as they were at the first visit\n- dose as it was given",
)
_CODE = (
    "import pandas as pd",
    "frame = pd.read_csv('data/measurements.csv', parse_dates=['taken'])",
    "frame.groupby(['hospital', 'dose']).agg({'response': ['mean', 'std', 'count']})",
    "fitted = model.fit(frame[['age', 'weight', 'dose']], frame['response'])",
    "for name, part in frame.groupby('hospital'):\n    print(name, part.response.describe())",
    "figure, axes = plt.subplots(2, 2, figsize=(9, 7), sharex=True)",
)


def body(size: int, *, pictures: bool = False) -> bytes:
    """Return the body of a PUT with a notebook of about ``size`` bytes, as JupyterLab sends it.

    With ``pictures``, most of it is some images of about 700 kB each.
    """
    generator = random.Random(size)
    cells = [_prose(generator, f"# Analysis {MARK.decode()}")]
    left = size - 600
    if pictures:
        while left > size * 0.15:
            cells.append(_picture(generator, cells))
            left -= len(json.dumps(cells[-1]))
    while left > 0:
        make = _prose if generator.random() < 0.3 else _computation
        cell = make(generator)
        cells.insert(generator.randrange(1, len(cells) + 1), cell)
        # Its name is given at the end.
        left -= len(json.dumps(cell, ensure_ascii=False)) + len(', "id": "cell-000000"')
    model = {"type": "notebook", "format": "json", "content": _notebook(cells)}
    sent = json.dumps(model, ensure_ascii=False).encode()
    assert sent.count(MARK) == 1
    return sent


def file(number: int) -> bytes:
    """Return a small notebook as it lies on the disk, to fill a folder with."""
    generator = random.Random(number)
    cells = [_prose(generator), _computation(generator)]
    return json.dumps(_notebook(cells), indent=1, ensure_ascii=False).encode() + b"\n"


def _notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number:06}"
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    language = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
    metadata = {"kernelspec": kernel, "language_info": language}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _prose(generator: random.Random, title: str = "") -> dict[str, Any]:
    text = "\n\n".join(generator.choices(_PROSE, k=generator.randrange(3, 12)))
    source = f"{title}\n\n{text}" if title else text
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _computation(generator: random.Random) -> dict[str, Any]:
    lines = (
        "  ".join(f"{generator.gauss(0, 100):12.5f}" for _ in range(6))
        for _ in range(generator.randrange(2, 40))
    )
    outputs = [{"output_type": "stream", "name": "stdout", "text": "\n".join(lines) + "\n"}]
    return _code(generator, outputs)


def _picture(generator: random.Random, cells: list[dict[str, Any]]) -> dict[str, Any]:
    image = base64.b64encode(generator.randbytes(525_000)).decode()
    data = {"image/png": image, "text/plain": "<Figure size 900x700 with 4 Axes>"}
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    return _code(generator, [output]) | {"execution_count": len(cells)}


def _code(generator: random.Random, outputs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        # As JupyterLab sends a cell that was run in it.
        "metadata": {"trusted": True},
        "source": "\n".join(generator.choices(_CODE, k=generator.randrange(1, 5))),
        "execution_count": generator.randrange(1, 500),
        "outputs": outputs,
    }
