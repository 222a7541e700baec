from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.packer import inverter
from pkgindex.packer.inverter import Inverter

held = st.lists(st.sets(st.text("abc\udc80", max_size=2), max_size=5), max_size=20)


@given(packages=held, entries_max=st.integers(0, 30), keys_max=st.integers(0, 6))
def test_what_is_inverted_is_the_same_whatever_fits_into_memory(
    packages: list[set[str]], entries_max: int, keys_max: int
) -> None:
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(inverter, "ENTRIES_IN_MEMORY_MAX", entries_max)
        patch.setattr(inverter, "KEYS_IN_MEMORY_MAX", keys_max)
        inverted = Inverter(f"{directory}/shard", "I")
        for number, keys in enumerate(packages, 1):
            inverted.add(number, keys)
        found = [(key, list(numbers)) for key, numbers in inverted.lists()]
        inverted.close()
        assert os.listdir(directory) == []
    expected = {key: [number for number, keys in enumerate(packages, 1) if key in keys] for keys in packages for key in keys}
    assert found == sorted(expected.items())


def test_little_stays_in_memory_and_much_goes_to_runs(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inverter, "ENTRIES_IN_MEMORY_MAX", 3)
    inverted = Inverter(f"{tmp_path}/shard", "Q")
    inverted.add_each([("a", 1), ("b", 1 << 40), ("c", 1)])
    assert os.listdir(str(tmp_path)) == []
    inverted.add_each([("a", 2)])
    assert os.listdir(str(tmp_path)) == ["shard.run0"]
    assert [(key, list(numbers)) for key, numbers in inverted.lists()] == [("a", [1, 2]), ("b", [1 << 40]), ("c", [1])]
    inverted.close()
