"""What the last lines of a test run say."""

from __future__ import annotations

from pathlib import Path

import checks
from checks import Count


def test_the_report_is_counted_over_all_its_suites(tmp_path: Path) -> None:
    report = tmp_path / "tests.xml"
    report.write_text(
        '<testsuites><testsuite tests="7" failures="1" errors="1" skipped="2"/>'
        '<testsuite tests="3" failures="0" errors="0" skipped="0"/></testsuites>'
    )
    assert checks.read_report(str(report)) == Count(passed=6, failed=2, skipped=2)


def test_a_run_that_left_no_report_has_failed(tmp_path: Path) -> None:
    assert checks.read_report(str(tmp_path / "none.xml")) == Count(0, 1, 0)


def test_a_report_cut_short_has_failed(tmp_path: Path) -> None:
    report = tmp_path / "tests.xml"
    report.write_text('<testsuites><testsuite tests="7"')
    assert checks.read_report(str(report)) == Count(0, 1, 0)
