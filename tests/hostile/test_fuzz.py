"""Everything that reads what others wrote comes back, or raises what it promises, whatever it is given."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.changing import changed
from fuzz.targets import TARGETS

# The same in each run: what is new is found by tools/fuzz, and refuses nobody's work.
TRIED = max(20, settings().max_examples // 5)


@pytest.mark.parametrize("name", TARGETS)
def test_examples_and_what_was_a_fault_once_are_read(name: str) -> None:
    for data in TARGETS[name].seeds:
        TARGETS[name].try_bytes(data)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=TRIED, derandomize=True)
@given(seed=st.integers(0, 2**32), which=st.integers(0, 9))
def test_examples_that_were_changed_are_read_or_refused(name: str, seed: int, which: int) -> None:
    seeds = TARGETS[name].seeds
    TARGETS[name].try_bytes(changed(seeds[which % len(seeds)], random.Random(seed)))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=TRIED, derandomize=True)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(name: str, data: bytes) -> None:
    TARGETS[name].try_bytes(data)
