"""Numbers as Prometheus reads them, and the pages they stand on."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.service.metrics import Counter, Gauge, Histogram, exposition, labelled
from pkgindex.service.pages import Page, answered

BOUNDS = (0.5, 1.0, 2.5)
PAGES = {"/here": lambda: Page(200, "yes\n"), "/later": lambda: Page(503, "not yet\n")}


@given(st.lists(st.floats(0, 5) | st.sampled_from(BOUNDS)))
def test_a_bucket_counts_all_that_is_at_most_its_bound(values: list[float]) -> None:
    histogram = Histogram("h", "Seen.", BOUNDS)
    for value in values:
        histogram.see(value)
    said = dict(line.rsplit(" ", 1) for line in histogram.lines() if line[0] != "#")
    assert {bound: int(said[f'h_bucket{{le="{bound:g}"}}']) for bound in BOUNDS} == {
        bound: sum(value <= bound for value in values) for bound in BOUNDS}
    assert int(said['h_bucket{le="+Inf"}']) == int(said["h_count"]) == len(values)
    assert float(said["h_sum"]) == pytest.approx(sum(values))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"))))
def test_a_counter_counts_by_its_labels(seen: list[tuple[str, str]]) -> None:
    counter = Counter("c_total", "Seen.", ("one", "two"))
    for values in seen:
        counter.add(*values)
    expected = [f'c_total{{one="{one}",two="{two}"}} {seen.count((one, two))}' for one, two in sorted(set(seen))]
    assert list(counter.lines())[2:] == expected


@given(st.text())
def test_a_label_is_one_line_and_reads_back(value: str) -> None:
    text = labelled([("name", value)])
    assert "\n" not in text
    inside = text.removeprefix('{name="').removesuffix('"}')
    assert re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], inside) == value


def test_the_text_as_a_whole() -> None:
    counter = Counter("c_total", "Counted.")
    counter.add()
    assert exposition([counter, Gauge("g", "Looked at.", lambda: 7)]) == (
        "# HELP c_total Counted.\n# TYPE c_total counter\nc_total 1\n# HELP g Looked at.\n# TYPE g gauge\ng 7\n"
    )


@pytest.mark.parametrize(
    ("request_line", "status", "body"),
    [
        ("GET /here HTTP/1.1", 200, "yes\n"), ("GET /here?x=1 HTTP/1.0", 200, "yes\n"), ("HEAD /here HTTP/1.1", 200, ""),
        ("GET /later HTTP/1.1", 503, "not yet\n"), ("GET /gone HTTP/1.1", 404, "there are /here, /later\n"),
        ("POST /here HTTP/1.1", 405, "GET and HEAD are answered\n"), ("INDEX|a|", 400, "this is not HTTP/1\n"),
        ("GET /here HTTP/2", 400, "this is not HTTP/1\n"), ("", 400, "this is not HTTP/1\n"),
    ],
)
def test_a_request_is_answered_by_its_first_line(request_line: str, status: int, body: str) -> None:
    head, _, found = answered(PAGES, f"{request_line}\r\nHost: x\r\n\r\n".encode()).decode().partition("\r\n\r\n")
    assert head.split(" ")[1] == str(status)
    assert found == body


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(request_bytes: bytes) -> None:
    assert answered(PAGES, request_bytes).startswith(b"HTTP/1.1 ")
