"""Adds up the JUnit reports of all test runs and says so in one line.

Fails when a test failed or when none passed. A part that did not get as far as to write its report
is the business of the exit status of ``make``.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def main(folder: Path) -> int:
    """Print a line for each report and the sum as the last one; return the exit status."""
    sums = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for report in sorted(folder.glob("*.xml")):
        part = dict.fromkeys(sums, 0)
        for suite in ET.parse(report).getroot().iter("testsuite"):
            for key in part:
                part[key] += int(suite.get(key) or 0)
        print(f"{report.stem}: {part['tests']} tests")
        for key, count in part.items():
            sums[key] += count
    failed = sums["failures"] + sums["errors"]
    passed = sums["tests"] - failed - sums["skipped"]
    print(f"{passed} passed, {failed} failed, {sums['skipped']} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
