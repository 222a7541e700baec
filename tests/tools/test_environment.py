"""The environment: made once, again only when what it was made from is another."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import debian_packages
import environment as environment_module
from environment import STAMP, Environment, moved


class Recording(Environment):
    """Notes what would be made; the stamp and the decisions are the real ones."""

    def __init__(self, project: Path) -> None:
        (project / "pyproject.toml").write_text("[project]\n")
        super().__init__(str(project))
        self.made: list[object] = []

    def _create(self) -> None:
        self.made.append("created")
        python = Path(self.python)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()

    def _install(self, extras: list[str]) -> None:
        self.made.append(extras)


@pytest.fixture
def environment(tmp_path: Path) -> Recording:
    return Recording(tmp_path)


def test_it_is_made_once(environment: Recording) -> None:
    environment.ensure()
    environment.ensure()
    assert environment.made == ["created", []]


def test_an_extra_is_added_to_what_is_there(environment: Recording) -> None:
    environment.ensure()
    environment.ensure("dev")
    environment.ensure()
    environment.ensure("dev")
    assert environment.made == ["created", [], ["dev"]]


def test_a_changed_project_file_installs_again_what_was_there(environment: Recording, tmp_path: Path) -> None:
    environment.ensure("dev")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    environment.ensure()
    assert environment.made == ["created", ["dev"], ["dev"]]


def test_a_persons_own_environment_is_added_to_and_never_cleared(environment: Recording) -> None:
    python = Path(environment.python)
    python.parent.mkdir(parents=True)
    python.touch()
    environment.ensure("dev")
    assert environment.made == [["dev"]]


def test_an_environment_whose_python_is_gone_is_made_again(environment: Recording) -> None:
    environment.ensure()
    Path(environment.python).unlink()
    environment.ensure()
    assert environment.made == ["created", [], "created", []]


def test_an_environment_that_was_copied_elsewhere_is_made_again(environment: Recording, tmp_path: Path) -> None:
    environment.ensure("dev")
    stamp = Path(environment.folder) / STAMP
    stamp.write_text(stamp.read_text().replace(str(tmp_path), "/elsewhere"))
    environment.ensure()
    assert environment.made == ["created", ["dev"], "created", []]


@pytest.mark.parametrize(
    ("origin", "now", "expected"),
    [
        ("", "3.11 abc /p", False),
        ("3.11 abc /p", "3.11 abc /p", False),
        ("3.11 abc /p", "3.11 def /p", False),
        ("3.11 abc /p", "3.12 abc /p", True),
        ("3.11 abc /p q", "3.11 abc /p", True),
    ],
)
def test_only_another_python_or_another_place_makes_it_useless(origin: str, now: str, expected: bool) -> None:
    assert moved(origin, now) is expected


def test_a_plain_debian_is_told_the_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment_module, "venv_works", lambda: False)
    monkeypatch.setattr(debian_packages, "allowed", lambda: False)
    monkeypatch.setattr(sys, "executable", "/usr/bin/no-such-python3")
    with pytest.raises(SystemExit) as stopped:
        environment_module.require_venv()
    assert stopped.value.code == 2
    assert "apt-get install -y --no-install-recommends python3-venv" in capsys.readouterr().err


def test_a_program_that_is_here_needs_no_package() -> None:
    assert debian_packages.missing({"sh": "dash", "no-such-program-at-all": "some-package"}) == ["some-package"]
