"""Every check of this project, in one table: what `dev.py test` and the CI run.

A check that fails does not keep later ones from running; the last line counts the tests, and the exit code is 1 when
anything failed.
"""

from __future__ import annotations

import os
import sys
import time
import xml.etree.ElementTree as ElementTree
from typing import NamedTuple

from environment import Environment
from steps import line, step

# A core more than this costs more in start-up than it gives.
WORKERS_MAX = 8


class Result(NamedTuple):
    name: str
    passed: bool
    seconds: float
    remark: str = ""


class Count(NamedTuple):
    passed: int
    failed: int
    skipped: int


def run(environment: Environment, arguments: list[str], *, every: bool = False) -> int:
    """All checks; *arguments* go to pytest, *every* adds its long batteries. The exit code."""
    results = [timed(name, environment, command) for name, command in quick_checks(environment).items()]
    tests, count = run_tests(environment, arguments, every=every)
    results.append(tests)
    print()
    for result in results:
        line(f"{result.name}  {result.remark}", result.seconds, failed=not result.passed)
    print(f"\n{count.passed} passed, {count.failed} failed")
    return 0 if all(result.passed for result in results) else 1


def quick_checks(environment: Environment) -> dict[str, list[str]]:
    return {
        "style (ruff)": [environment.python, "-m", "ruff", "check"],
        "types (mypy --strict)": [environment.python, "-m", "mypy"],
        "layers (import contracts)": [environment.program("lint-imports")],
    }


def timed(name: str, environment: Environment, command: list[str]) -> Result:
    start = time.monotonic()
    passed = step(name, command, cwd=environment.project)
    return Result(name, passed, time.monotonic() - start)


def run_tests(environment: Environment, arguments: list[str], *, every: bool) -> tuple[Result, Count]:
    report = os.path.join(environment.project, ".cache", "tests.xml")
    os.makedirs(os.path.dirname(report), exist_ok=True)
    if os.path.exists(report):
        os.unlink(report)
    start = time.monotonic()
    code = environment.run(
        *("-m", "pytest", f"--junitxml={report}", f"--numprocesses={workers()}"),
        *([] if every else ["-m", "not slow"]),
        *arguments,
        env={**os.environ, "HYPOTHESIS_PROFILE": "all" if every else "quick"},
    )
    count = read_report(report)
    remark = f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped"
    return Result("tests, doctests", code == 0, time.monotonic() - start, remark), count


def workers() -> int:
    return min(WORKERS_MAX, len(os.sched_getaffinity(0)))


def read_report(path: str) -> Count:
    """What a JUnit file counts; a test run that wrote none has failed once."""
    try:
        suites = list(ElementTree.parse(path).getroot().iter("testsuite"))
    except (FileNotFoundError, ElementTree.ParseError) as error:
        print(f"pytest left no report ({error})", file=sys.stderr)
        return Count(0, 1, 0)

    def total(attribute: str) -> int:
        return sum(int(suite.get(attribute, "0")) for suite in suites)

    failed, skipped = total("failures") + total("errors"), total("skipped")
    return Count(total("tests") - failed - skipped, failed, skipped)
