"""`pkgindex preview`: what packages will add, replace and overwrite, before any is unpacked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pkgindex.cli.call import FOUND, NOTHING, Call
from pkgindex.cli.declare import JSON, JSONL, Argument, Command, Option
from pkgindex.cli.output import Output
from pkgindex.errors import BadInput
from pkgindex.model.paths import shown
from pkgindex.query.index import Index
from pkgindex.query.unpacking.preview import (
    BREAKS,
    CONFLICTS,
    DISAPPEARS,
    DIVERTED,
    HIDES,
    LEAVES,
    OVERWRITES,
    REMOVES,
    TAKES,
    Finding,
    Preview,
    Previews,
)
from pkgindex.sources.aptjobs import Step, steps
from pkgindex.sources.deb import read_archive
from pkgindex.sources.hosts import managers
from pkgindex.sources.hosts.files import read
from pkgindex.sources.hosts.tree import Tree

FINDINGS_SHOWN_MAX = 10
# How each finding reads; {other} is a package with its version.
WORDS = {
    OVERWRITES: "overwrites {path} of {other}, which it does not replace",
    CONFLICTS: "conflicts with {other}",
    BREAKS: "breaks {other}",
    TAKES: "takes {path} from {other}",
    LEAVES: "leaves {path} to {other}, which replaces it",
    REMOVES: "removes {other}, with which it conflicts and which it replaces",
    DISAPPEARS: "leaves nothing of {other}, which disappears",
    DIVERTED: "puts {path} at {place}, for the sake of {other}",
    HIDES: "writes {path} over {place} of {other}, the same file by another name",
}


def run(call: Call, debs: tuple[str, ...], job: str | None, root: str | None, of: str | None, files: bool) -> int:
    if bool(debs) is bool(job):
        raise BadInput("name the packages that are to be unpacked, or a job of apt with --job")
    wanted = [Step("", deb) for deb in debs] if job is None else list(steps(_text(job), job))
    # Where a repository is named and no root, it is another host's, whose disk is not at hand.
    tree = Tree(root or "/") if root or not of else None
    repo = of or managers.named("dpkg", root or "/", call.settings)[0].repo
    refused = 0
    with Index(call.settings.index, (repo,)) as index:
        snapshot = index.snapshot(repo)
        previews = Previews(snapshot, tree, deconfigures=job is not None)

        def hits() -> Iterator[dict[str, Any]]:
            nonlocal refused
            for step in wanted:
                found = previews.unpack(read_archive(step.file)) if step.file else previews.remove(step.package)
                refused += found.refused
                yield {"repo": repo, "generation": snapshot.generation, **_hit(found, step.file, files)}

        call.output.hits(call.command, hits(), _lines, lambda: ())
    if not wanted:
        call.output.say(f"{job} unpacks and removes nothing")
    return NOTHING if refused else FOUND


def _text(job: str) -> str:
    return read(job).decode("utf-8", "surrogateescape")


def _hit(preview: Preview, file: str, files: bool) -> dict[str, Any]:
    lists = {"adds": preview.adds, "again": preview.again, "drops": preview.drops}
    return {
        "package": preview.package,
        "before": preview.before,
        "version": preview.version,
        "file": file,
        "refused": preview.refused,
        **{name: len(paths) for name, paths in lists.items()},
        "findings": list(map(_finding, preview.findings)),
        **({"files": {name: list(map(shown, paths)) for name, paths in lists.items()}} if files else {}),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {**finding._asdict(), "path": shown(finding.path), "place": shown(finding.place)}


def _lines(output: Output, hits: Iterable[dict[str, Any]]) -> Iterator[str]:
    for hit in hits:
        name = output.paint(hit["package"], "name")
        versions = " -> ".join(output.safe(hit[each] or "none") for each in ("before", "version"))
        if not hit["file"] and not hit["before"]:
            yield f"{name}: is not installed, nothing to remove"
            continue
        yield f"{name} {versions}: {_counts(hit)}{'; dpkg will refuse it' if hit['refused'] else ''}"
        yield from _found(output, hit["findings"])
        for sign, paths in zip("+~-", hit.get("files", {}).values(), strict=False):
            yield from (f"  {sign} {output.safe(path)}" for path in paths)


def _counts(hit: dict[str, Any]) -> str:
    words = {"adds": "more", "again": "again", "drops": "less"}
    said = [f"{hit[name]:,} {word}" for name, word in words.items() if hit[name]]
    return f"files: {', '.join(said)}" if said else "no files"


def _found(output: Output, findings: list[dict[str, Any]]) -> Iterator[str]:
    """The findings, what is refused first, some of each kind."""
    for kind, words in WORDS.items():
        mine = [finding for finding in findings if finding["kind"] == kind]
        for finding in mine[:FINDINGS_SHOWN_MAX]:
            other = f"{finding['package']} {finding['version']}".strip()
            line = words.format(path=finding["path"], place=finding["place"], other=_somebody(other))
            yield f"  {output.paint(line, 'bad' if finding['refused'] else 'match')}"
        if len(mine) > FINDINGS_SHOWN_MAX:
            yield f"  and {len(mine) - FINDINGS_SHOWN_MAX:,} more like this"


def _somebody(package: str) -> str:
    return "the administrator" if package == ":" else package


COMMAND = Command(
    "preview",
    run,
    """What Debian packages will add, replace and overwrite, before any is unpacked.

    The packages are taken one after the other, as dpkg would with 'dpkg --unpack DEB...', and its rules are followed:
    Replaces, Conflicts, Breaks, diversions, configuration files. What it would refuse is said, and what it would not
    notice: a file that has another package's under another name, /bin/x and /usr/bin/x. --job takes a file as apt writes
    it for hooks (DPkg::Pre-Install-Pkgs, version 3).

    The host is the repository that 'pkgindex sync dpkg' follows it with, and its disk; with --repo alone any other
    repository, without a disk. The exit code is 1 when dpkg would refuse a package.""",
    (Argument("debs", "[DEB]...", required=False, many=True, completes="file"),),
    (
        Option("job", ("--job",), "A job of apt.", "text", "FILE", completes="file"),
        Option("root", ("--root",), "Where the host's file system is, if not at /.", "text", "DIR", completes="directory"),
        Option("of", ("--repo",), "The repository of what is installed.", "text", "REPO", completes="repository"),
        Option("files", ("--files",), "Every file that comes (+), comes again (~) and goes (-)."),
        JSON,
        JSONL,
    ),
    (
        ("preview ./tool_2.0_amd64.deb ./tool-data_2.0_all.deb", "what two packages will do here"),
        ("preview --repo debian --files ./tool_2.0_amd64.deb", "against all packages of a distribution"),
    ),
)
