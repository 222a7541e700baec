"""The one command: its words, what it says of itself, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import dev
from environment import PROJECT


def test_without_a_word_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main([]) == 0
    assert "python3 tools/dev.py demo" in capsys.readouterr().out


def test_the_help_names_every_word() -> None:
    assert dev.__doc__ is not None
    for word in dev.WORDS:
        assert f"\n    {word} " in dev.__doc__


def test_an_unknown_word_is_a_usage_error_that_names_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["dmeo"]) == 2
    message = capsys.readouterr().err
    assert "'dmeo'" in message
    assert "demo" in message


def test_an_old_python_is_named_before_anything_else_is_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert dev.main(["test"]) == 2
    assert "Python 3.11 or later" in capsys.readouterr().err


def test_the_command_needs_nothing_but_the_standard_library() -> None:
    modules = "environment, debian_packages, steps, checks, demo, dev"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, 'tools'); import {modules}"], cwd=PROJECT
    )
    assert done.returncode == 0


def test_the_ci_runs_the_command_of_the_readme() -> None:
    path = os.path.join(PROJECT, ".ci", "run")
    assert os.access(path, os.X_OK)
    with open(path, encoding="utf-8") as script, open(os.path.join(PROJECT, "README.md"), encoding="utf-8") as readme:
        assert "python3 tools/dev.py test" in script.read()
        assert "python3 tools/dev.py test" in readme.read()
