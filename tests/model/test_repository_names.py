from __future__ import annotations

import pytest

from pkgindex.model.names import is_repository_name


@pytest.mark.parametrize("name", ["debian", "debian-12.main", "0ad", "a", "x" * 64, "a..b", "a_b-"])
def test_a_lower_case_name_is_a_repository_name(name: str) -> None:
    assert is_repository_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "-x", "_x", "Debian", "a/b", "a\n", "a\0", "x" * 65, "é", "lost+found", "a b"]
)
def test_what_could_leave_the_folder_or_hide_is_no_repository_name(name: str) -> None:
    assert not is_repository_name(name)
