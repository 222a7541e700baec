"""`pkgindex which`, and the program that a shell calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pkgindex.cli.main import main

PROJECT = Path(__file__).resolve().parents[2]
DISTRIBUTION = [
    {"name": "ripgrep", "version": "13", "files": ["/usr/bin/rg"]},
    {"name": "git", "version": "2", "files": ["/usr/bin/git", "/usr/share/git"]},
    {"name": "net-tools", "version": "1", "files": ["/sbin/ifconfig"]},
    {"name": "busybox", "version": "1", "files": ["/sbin/ifconfig", "/bin/odd\x1bname"]},
    {"name": "evil;reboot", "version": "1", "files": ["/usr/bin/tempting"]},
    *[{"name": f"many{number}", "version": "1", "files": ["/usr/bin/common"]} for number in range(9)],
]
HOST = [{"name": "net-tools", "version": "1", "installed": "true", "files": ["/sbin/ifconfig"]}]
PROGRAM = "import sys; from pkgindex.cli.which import main; code = main(); sys.exit(code)"


class Host:
    """A home directory with an index of a distribution and of a host."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {"HOME": str(root), "PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT),
                            "PKGINDEX_INDEX": str(root / "index"), "PKGINDEX_SPOOL": str(root / "spool"),
                            "PKGINDEX_CACHE": str(root / "cache"), "XDG_CONFIG_HOME": str(root / "config")}

    def quick(self, *words: str, code: str = PROGRAM, **changes: str) -> tuple[int, str, str]:
        """What `pkgindex-which` comes to."""
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True,
                              env={**self.environment, **changes}, errors="surrogateescape")
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    host = Host(tmp_path_factory.mktemp("host"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in host.environment.items():
            patch.setenv(name, value)
        for repo, packages in (("debian", DISTRIBUTION), ("host-dpkg", HOST)):
            file = host.root / f"{repo}.json"
            file.write_text(json.dumps(packages))
            assert main(["--quiet", "init", repo]) == 0
            assert main(["submit", repo, str(file)]) == 0
        assert main(["--quiet", "pack"]) == 0
    return host


@pytest.fixture
def ask(host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """What `pkgindex which` comes to."""
    for name, value in host.environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        return main(["which", *words]), *capfd.readouterr()

    return run


IFCONFIG = """\
host-dpkg/net-tools: /sbin/ifconfig  (installed)
debian/busybox: /sbin/ifconfig
debian/net-tools: /sbin/ifconfig
"""
MEANT = """\
ifconfg: command not found; did you mean
  ifconfig, of package net-tools (installed)
  ifconfig, of package busybox: apt install busybox
"""
SAID = [
    (["rg"], 0, "debian/ripgrep: /usr/bin/rg\n", ""),
    (["ifconfig"], 0, IFCONFIG, ""),
    (["gti"], 1, "", "pkgindex: no package has a command 'gti'; near it: git\n"),
    (["frobnicate"], 1, "", "pkgindex: no package has a command 'frobnicate'\n"),
    (["--handler", "rg"], 127, "", "rg: command not found; package ripgrep has it: apt install ripgrep\n"),
    (["--handler", "ifconfig"], 127, "",
     "ifconfig: command not found; package net-tools, which is installed, has it as /sbin/ifconfig\n"),
    (["--handler", "gti"], 127, "", "gti: command not found; did you mean\n  git, of package git: apt install git\n"),
    (["--handler", "ifconfg"], 127, "", MEANT),
    (["--handler", "frobnicate"], 127, "", "frobnicate: command not found\n"),
    (["--handler", "tempting"], 127, "", "tempting: command not found; package evil;reboot has it\n"),
    (["--handler", "common"], 127, "", "common: command not found; these packages have it:\n" + "".join(
        [f"  many{number}: apt install many{number}\n" for number in range(6)]) + "  and 3 more\n"),
    (["--handler", "--", "--rg"], 127, "", "--rg: command not found\n"),
    (["--handler", "odd\x1bname"], 127, "", "odd\\x1bname: command not found; package busybox has it: apt install busybox\n"),
]


@pytest.mark.parametrize(("words", "code", "out", "err"), SAID, ids=lambda value: str(value)[:24])
def test_both_programs_say_the_same(host: Host, ask, words: list[str], code: int, out: str, err: str) -> None:  # type: ignore[no-untyped-def]
    assert ask(*words) == (code, out, err)
    assert host.quick(*words) == (code, out, err)


def test_a_program_is_told_all_of_it(ask) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = ask("--json", "ifconfig")
    hits = json.loads(out)["hits"]
    assert code == 0 and [(hit["repo"], hit["package"], hit["installed"]) for hit in hits] == [
        ("host-dpkg", "net-tools", True), ("debian", "busybox", False), ("debian", "net-tools", False)]
    code, out, _ = ask("--json", "gti")
    assert code == 1 and json.loads(out)["near"] == [
        {"repo": "debian", "generation": 2, "package": "git", "path": "/usr/bin/git", "command": "git", "installed": False,
         "steps": 1}]
    assert ask("--limit", "1", "ifconfig")[1].count("\n") == 1
    assert ask("--repo", "debian", "ifconfig")[1].startswith("busybox: /sbin/ifconfig\n")


def test_a_shell_waits_for_no_import(host: Host) -> None:
    assert host.quick("rg")[0] == 0  # the lists are kept from here on
    heavy = {"click", "sqlite3", "zstandard", "msgpack", "typing", "re", "collections", "json", "tomllib"}
    code = f"""import os, sys
os._exit = lambda code: sys.stderr.write(' '.join(sys.modules))
{PROGRAM}"""
    for words in (["rg"], ["--handler", "rg"], ["--handler", "gti"]):
        answer = host.quick(*words, code=code)
        loaded = set(answer[2].split())
        assert "pkgindex.format.commands" in loaded
        assert not heavy & loaded, words


def test_where_things_are_is_found_as_by_any_command(host: Host) -> None:
    (host.root / "config/pkgindex").mkdir(parents=True, exist_ok=True)
    file = host.root / "config/pkgindex/pkgindex.toml"
    for content in (f'index = "{host.root}/index"', f"index = '''{host.root}/index'''"):
        file.write_text(content)
        assert host.quick("rg", PKGINDEX_INDEX="")[:2] == (0, "debian/ripgrep: /usr/bin/rg\n")
    file.unlink()
    assert host.quick("rg", "--index", str(host.root / "nowhere"))[0] == 3
    assert host.quick("rg", PKGINDEX_CONFIG="/no/such.toml")[0] == 2


@pytest.mark.parametrize("index", ["/no/such/place", "x" * 300])
def test_a_shell_hears_of_no_trouble_with_the_index(host: Host, index: str) -> None:
    assert host.quick("--handler", "rg", PKGINDEX_INDEX=index) == (127, "", "rg: command not found\n")


def test_a_mistake_is_explained(host: Host) -> None:
    for words in ([], ["a", "b"], ["--nonsense", "a"]):
        code, out, err = host.quick(*words)
        assert (code, out) == (2, "") and err.startswith("pkgindex: ")
    assert host.quick("--help")[1].startswith("Usage: pkgindex which ")


def test_a_link_of_the_host_is_followed_to_who_has_what_it_leads_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                    capfd: pytest.CaptureFixture[str]) -> None:
    """As update-alternatives sets it: `vi` to `/usr/bin/vim.basic`."""
    (tmp_path / "env/bin").mkdir(parents=True)
    (tmp_path / "env/bin/real").write_text("#!/bin/sh\n")
    (tmp_path / "env/bin/real").chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/linked").symlink_to(tmp_path / "env/bin/real")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    for name in ("index", "spool", "cache"):
        monkeypatch.setenv(f"PKGINDEX_{name.upper()}", str(tmp_path / name))
    package = {"name": "tool", "version": "1", "files": [f"{tmp_path}/env/bin/real"], "fields": {"installed": "true"}}
    (tmp_path / "tool.json").write_text(json.dumps(package))
    assert main(["--quiet", "init", "host-pip", "--ordering", "pep440"]) == 0
    assert main(["submit", "host-pip", str(tmp_path / "tool.json")]) == 0
    assert main(["--quiet", "pack"]) == 0
    capfd.readouterr()
    assert main(["which", "linked"]) == 0
    assert capfd.readouterr().out == f"tool: {tmp_path}/env/bin/real  (installed)\n"


@pytest.mark.parametrize("word", ["", "/usr/bin/rg"])
def test_what_is_no_name_of_a_command_is_said(ask, word: str) -> None:  # type: ignore[no-untyped-def]
    code, out, err = ask(word)
    assert (code, out) == (2, "") and "pkgindex owner" in err
