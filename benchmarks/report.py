"""The results as lines on a terminal, as a page, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from benchmarks.measuring import Row
from benchmarks.timing import Ratio, Series, ratio


def line(row: Row) -> str:
    """Return one row for the terminal."""
    times = "   ".join(f"{name} {_value(one.median, row.unit)}" for name, one in row.series.items())
    ratios = "   ".join(f"÷ {name} {_ratio(one)}" for name, one in _ratios(row).items())
    return f"{row.what:40} {times}   {ratios}"


def page(rows: Sequence[Row], facts: Mapping[str, str]) -> str:
    """Return everything as Markdown."""
    lines = [
        "# Results",
        "",
        "Written by `python -m benchmarks --write`. Medians, and in brackets the least and the "
        "most; ratios with the interval that 95 of 100 repetitions should fall into.",
        "",
        *(f"- {name}: {value}" for name, value in facts.items()),
        "",
        *table(rows),
    ]
    return "\n".join(lines) + "\n"


def table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of a Markdown table."""
    names = list(max(rows, key=lambda row: len(row.series)).series) if rows else []
    head = ["", *names, *(f"{names[-1]} ÷ {name}" for name in names[:-1])]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        ratios = _ratios(row)
        cells = [row.what]
        cells += [
            _series(row.series[name], row.unit) if name in row.series else "–" for name in names
        ]
        cells += [f"**{_ratio(ratios[one])}**" if one in ratios else "–" for one in names[:-1]]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def as_json(rows: Sequence[Row], facts: Mapping[str, str]) -> str:
    """Return everything, each single value included."""
    measured = {
        row.what: {
            "unit": row.unit,
            "values": {name: one.seconds for name, one in row.series.items()},
            "ratios": {name: vars(one) for name, one in _ratios(row).items()},
        }
        for row in rows
    }
    return json.dumps({"facts": dict(facts), "measured": measured}, indent=1, ensure_ascii=False)


def _ratios(row: Row) -> dict[str, Ratio]:
    *others, ours = row.series
    return {name: ratio(row.series[ours], row.series[name]) for name in others}


def _series(series: Series, unit: str) -> str:
    least, most = _value(series.least, unit), _value(series.most, unit)
    return f"{_value(series.median, unit)} ({least}–{most})"


def _value(number: float, unit: str) -> str:
    return f"{number:.1f} {unit}" if unit != "s" else _time(number)


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.{0 if seconds >= 0.1 else 1}f} ms"


def _ratio(found: Ratio) -> str:
    return f"{found.value:.2f} ({found.low:.2f}–{found.high:.2f})"
