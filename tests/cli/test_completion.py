"""Completion, by the shells themselves where they are installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.terminals import PROMPT, typed_at
from pkgindex.cli import completion

Ask = Callable[..., Any]

# (what is typed, what is offered for its last word)
TYPED = [
    ("ow", {"owner"}),
    ("sync d", {"dpkg"}),
    ("--repo", set()),
    ("show zlib", {"zlib1g"}),
    ("why curl zlib1", {"zlib1g"}),
    ("owner --repo to", {"tools"}),
    ("deps --kind pre", {"pre-depends"}),
    ("deps --kind depends,rec", {"depends,recommends"}),
    ("history ", {"debian", "tools"}),
    ("pack debian t", {"tools"}),
    ("files --repo tools ", {"rocket"}),
    ("init x --partition b", {"bucket"}),
    ("owner --js", {"--json", "--jsonl"}),
    ("completion f", {"fish"}),
    ("search dep", {"depends:"}),
    ("search zlib", {"zlib1g"}),
    ("search web zlib", {"zlib1g"}),
    ("search built-u", {"built-using:"}),
    ("search orphan:", {"yes", "no"}),
    ("search kind:pre", {"pre-depends"}),
    ("search repo:to", {"tools"}),
    ("search depends:zlib", {"zlib1g"}),
    ("search -p 'depends:zlib", {"depends:zlib1g"}),
    ("search 'web <depends:zlib", {"web <depends:zlib1g"}),
    ("search smf.fmri:", set()),
]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `pkgindex` in it, as it is called when it is installed."""
    folder = tmp_path_factory.mktemp("programs")
    program = folder / "pkgindex"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m pkgindex.cli.main "$@"\n')
    program.chmod(0o755)
    return folder


def environment(place: Any, programs: Path) -> dict[str, str]:
    return {**place.environment, "PATH": f"{programs}:{place.environment['PATH']}"}


BASH = """
eval "$(pkgindex completion bash)"
while IFS= read -r line; do
    COMP_LINE="pkgindex $line" COMP_POINT=$((9 + ${#line})) COMPREPLY=()
    _pkgindex_completion pkgindex
    (IFS=$'\t'; echo "${COMPREPLY[*]}")
done
"""


@pytest.mark.skipif(not shutil.which("bash"), reason="NOT TESTED: completion in bash, which is not installed here")
def test_bash_offers_commands_repositories_and_packages(place: Any, programs: Path) -> None:
    typed = "".join(f"{line}\n" for line, _ in TYPED)
    done = subprocess.run(["bash", "-c", BASH], input=typed, env=environment(place, programs), capture_output=True, text=True)
    assert done.stderr == ""
    offered = [set(filter(None, line.split("\t"))) for line in done.stdout.splitlines()]
    assert dict(zip([line for line, _ in TYPED], offered, strict=True)) == dict(TYPED)


# What is typed and then completed by TAB, and what stands there then. bash ends a word at a colon.
PRESSED = [
    ("pkgindex search built-u", "pkgindex search built-using:"),
    ("pkgindex search depends:zlib", "pkgindex search depends:zlib1g "),
    ("pkgindex search web depends:zlib", "pkgindex search web depends:zlib1g "),
    ("pkgindex search 'web depends:zlib", "pkgindex search 'web depends:zlib1g' "),
    ("pkgindex show zlib", "pkgindex show zlib1g "),
    ("pkgindex search orphan:y", "pkgindex search orphan:yes "),
]


# Each keeps what stands at its prompt when Ctrl-T is pressed, and ends.
STARTS = {
    "bash": """PS1='{prompt}'
bind -x '"\\C-t": printf "%s" "$READLINE_LINE" > {kept}; exit'
eval "$(pkgindex completion bash)"
""",
    "zsh": """PS1='{prompt}'
autoload -Uz compinit; compinit -u -d {kept}.dump
keep() {{ print -rn -- "$BUFFER" > {kept}; exit }}
zle -N keep; bindkey '^T' keep
eval "$(pkgindex completion zsh)"
""",
}


@pytest.mark.parametrize("shell", STARTS)
@pytest.mark.parametrize(("typed", "shown"), PRESSED, ids=lambda text: text)
def test_a_shell_completes_at_its_prompt(
    place: Any, programs: Path, tmp_path: Path, shell: str, typed: str, shown: str
) -> None:
    if not shutil.which(shell):
        pytest.skip(f"NOT TESTED: completion in {shell}, which is not installed here")
    kept, start = tmp_path / "kept", tmp_path / ".zshrc"
    start.write_text(STARTS[shell].format(prompt=PROMPT, kept=kept))
    command = ["bash", "--noprofile", "--rcfile", str(start), "-i"] if shell == "bash" else ["zsh", "-d", "-i"]
    typed_at(*command, keys=f"{typed}\t\x14".encode(), environment={**environment(place, programs), "ZDOTDIR": str(tmp_path)})
    assert kept.read_text() == shown


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_every_shell_has_a_script_that_it_can_read(ask: Ask, shell: str) -> None:
    script = ask("completion", shell)
    assert script.code == 0 and b"_PKGINDEX_COMPLETE" in script.out and script.err == ""
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=script.out, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")


FISH = [
    ("show zlib", {"zlib1g"}),
    ("search dep", {"depends:"}),
    ("search depends:zlib", {"depends:zlib1g"}),
    ("search web orphan:", {"orphan:yes", "orphan:no"}),
]


@pytest.mark.skipif(not shutil.which("fish"), reason="NOT TESTED: completion in fish, which is not installed here")
def test_fish_offers_fields_and_packages(place: Any, programs: Path) -> None:
    lines = "".join(f"complete -C 'pkgindex {line}'; echo END\n" for line, _ in FISH)
    done = subprocess.run(["fish", "-c", f"pkgindex completion fish | source\n{lines}"], env=environment(place, programs),
                          capture_output=True, text=True)
    offered = [set(part.split()) for part in done.stdout.split("END\n")[:-1]]
    assert (offered, done.stderr) == ([words for _, words in FISH], "")


@pytest.mark.parametrize("where", ["--index /no/such", "--index /etc/hostname", "--index {empty}"])
def test_where_there_is_no_index_nothing_is_offered_and_nothing_said(started: Ask, tmp_path: Path, where: str) -> None:
    line = f"pkgindex {where.format(empty=tmp_path)} show z"
    answer = started(COMP_WORDS=line, COMP_CWORD="4", _PKGINDEX_COMPLETE="bash_complete")
    assert (answer.out.strip(), answer.err) == (b"", "")


def test_a_setting_that_is_wrong_is_not_told_while_typing(started: Ask) -> None:
    answer = started(COMP_WORDS="pkgindex show z", COMP_CWORD="2", _PKGINDEX_COMPLETE="bash_complete",
                     PKGINDEX_CONFIG="/no/such.toml")
    assert (answer.out.strip(), answer.err) == (b"", "")


def test_no_more_is_offered_than_anyone_reads(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "WORDS_MAX", 3)
    found = completion.words("package", "", {"index": str(place.root / "index"), "repo": ("debian",)})
    assert found == ["adduser", "apache2", "apache2-bin"]
