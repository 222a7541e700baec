from __future__ import annotations

from pkgindex.service.backoff import FIRST_SECONDS, SECONDS_MAX, Backoff


def test_each_failure_in_a_row_doubles_the_wait_up_to_a_limit() -> None:
    backoff = Backoff()
    waits = [backoff.failed("debian", 0.0) for _ in range(2000)]
    assert waits[:4] == [FIRST_SECONDS * factor for factor in (1, 2, 4, 8)]
    assert waits[-1] == max(waits) == SECONDS_MAX


def test_a_repository_is_left_alone_until_its_time_is_over_and_no_other_is() -> None:
    backoff = Backoff()
    assert backoff.next_over(10.0) is None
    backoff.failed("debian", 10.0)
    assert backoff.holds("debian", 10.5) and not backoff.holds("fedora", 10.5)
    assert backoff.next_over(10.5) == 0.5
    assert not backoff.holds("debian", 11.0) and backoff.next_over(11.0) is None


def test_success_forgets_the_failures() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.failed("debian", 0.0)
    backoff.succeeded("debian")
    assert not backoff.holds("debian", 0.0)
    assert backoff.failed("debian", 0.0) == FIRST_SECONDS
