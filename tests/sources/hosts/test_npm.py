from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pkgindex.errors import Rejected
from pkgindex.sources.hosts import npm
from sources.hosts.databases import packages


def module(directory: Path, folder: str, version: str = "1.0.0", **more: Any) -> None:
    place = directory / "node_modules" / folder
    place.mkdir(parents=True, exist_ok=True)
    name = folder.rpartition("node_modules/")[2]
    (place / "package.json").write_text(json.dumps({"name": name, "version": version, **more}))
    (place / "index.js").write_text("x")


def listed(directory: Path, **entries: dict[str, Any]) -> None:
    found = {f"node_modules/{folder}": entry for folder, entry in entries.items()}
    (directory / "node_modules/.package-lock.json").write_text(json.dumps({"lockfileVersion": 3, "packages": found}))


def test_a_directory_is_read_by_its_list_with_every_version_of_a_package(tmp_path: Path) -> None:
    app = tmp_path / "srv/app"
    module(app, "@scope/a", "2.0.0", description="an a", dependencies={"b": "^1.2.0", "old": "npm:b@~0.9"}, license="MIT")
    module(app, "b", "1.2.3")
    module(app, "@scope/a/node_modules/b", "0.9.1")
    module(app, "left-over")
    listed(app, **{"@scope/a": {"version": "2.0.0"}, "b": {"version": "1.2.3", "dev": True},
                   "@scope/a/node_modules/b": {"version": "0.9.1"}, "../../../etc": {"version": "6"}})
    (app / "package.json").write_text(json.dumps({"dependencies": {"@scope/a": "*"}}))
    (database,) = npm.databases(str(tmp_path), ["srv/app"])
    a, b = packages(database)
    assert (a.name, b.name) == ("@scope/a", "b")
    assert [release.version for release in b.releases] == ["0.9.1", "1.2.3"]
    fields = a.releases[0].fields
    assert (fields["summary"], fields["license"], fields["requested"]) == ("an a", "MIT", "true")
    assert fields["depend.dependencies"] == "b ^1.2.0\nold npm:b@~0.9"
    assert [release.fields["requested"] for release in b.releases] == ["false", "false"]
    assert b.releases[1].fields["dev"] == "true"
    written = [alternative.written for relation in a.releases[0].relations["depends"] for alternative in relation]
    assert written == ["b (>= 1.2.0)", "b (<< 2.0.0-0)", "b (>= 0.9.0)", "b (<< 0.10.0-0)"]
    assert a.files[""] == [b"/srv/app/node_modules/@scope/a/index.js", b"/srv/app/node_modules/@scope/a/package.json"]
    assert b.files[""] == [
        b"/srv/app/node_modules/@scope/a/node_modules/b/index.js",
        b"/srv/app/node_modules/@scope/a/node_modules/b/package.json",
        b"/srv/app/node_modules/b/index.js",
        b"/srv/app/node_modules/b/package.json",
    ]


def test_the_global_directory_has_no_list_and_is_walked(tmp_path: Path) -> None:
    module(tmp_path / "usr/lib", "npm", "10.0.0")
    module(tmp_path / "usr/lib", "npm/node_modules/@s/inner", "1.0.0")
    (tmp_path / "usr/lib/node_modules/.bin").mkdir()
    (tmp_path / "usr/lib/node_modules/no-package").mkdir()
    (database,) = npm.databases(str(tmp_path))
    inner, outer = packages(database)
    assert (inner.name, outer.name) == ("@s/inner", "npm")
    assert [package.releases[0].fields["requested"] for package in (inner, outer)] == ["false", "true"]


def test_peers_and_what_is_optional_are_told_apart(tmp_path: Path) -> None:
    module(
        tmp_path, "a", dependencies={"b": "1", "c": "1"}, optionalDependencies={"c": "1"},
        peerDependencies={"d": "*", "e": "*"}, peerDependenciesMeta={"e": {"optional": True}},
    )
    (package,) = packages(npm.databases(str(tmp_path))[0])
    named = {
        kind: sorted({alternative.name for relation in relations for alternative in relation})
        for kind, relations in package.releases[0].relations.items()
    }
    assert named == {"depends": ["b", "d"], "recommends": ["c"], "suggests": ["e"]}


def test_a_torn_package_is_named_alone_and_a_torn_list_as_a_whole(tmp_path: Path) -> None:
    module(tmp_path, "a")
    module(tmp_path, "b")
    listed(tmp_path, a={}, b={})
    (tmp_path / "node_modules/a/package.json").write_text('{"name": "a", ')
    look = npm.databases(str(tmp_path))[0].look()
    assert look.packages["b"].read().releases[0].version == "1.0.0"
    with pytest.raises(Rejected, match=r"node_modules/a/package\.json"):
        look.packages["a"].read()
    (tmp_path / "node_modules/.package-lock.json").write_text('{"packages": {"node_mod')
    with pytest.raises(Rejected, match=r"\.package-lock\.json.*npm install"):
        npm.databases(str(tmp_path))[0].look()


def test_the_same_directory_under_two_names_is_one_database(tmp_path: Path) -> None:
    module(tmp_path / "srv/app", "a")
    os.symlink("app", tmp_path / "srv/link")
    assert len(npm.databases(str(tmp_path), ["/srv/app/", "srv/*", "srv/app/node_modules"])) == 1
