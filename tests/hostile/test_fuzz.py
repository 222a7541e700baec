"""Everything that reads what others wrote comes back, or raises what it promises, whatever it is given."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.changing import changed
from fuzz.target import Expected
from fuzz.targets import TARGETS

# Some inputs are given to several readers: how many of these refuse an example of another one's.
ELSE = {"forward": 1, "reverse": 1, "shard parts": 3}
# The same in each run: what is new is found by tools/fuzz, and refuses nobody's work.
TRIED = max(20, settings().max_examples // 5)


@pytest.mark.parametrize("name", TARGETS)
def test_the_first_example_of_each_is_sound(name: str) -> None:
    """What is refused at once leads nowhere, however often it is changed."""
    met = Expected.met
    TARGETS[name].try_bytes(TARGETS[name].seeds[0])
    assert Expected.met - met == ELSE.get(name, 0)


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
