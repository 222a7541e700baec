from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from pkgindex.errors import NotFound, Rejected
from pkgindex.sources.hosts import pip
from pkgindex.sources.hosts.database import HostPackage
from sources.hosts.databases import packages

SITE = "lib/python3.11/site-packages"


def dist(root: Path, name: str = "Zope.Interface", version: str = "5.0", site: str = SITE, **files: str) -> Path:
    folder = root / site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True, exist_ok=True)
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: it does\n"
    contents = {
        "METADATA": f"{head}Requires-Dist: six>=1\n\nLong.\n",
        "RECORD": f'zope/__init__.py,sha256=x,1\n"a, b.py",,\n../../../bin/zope,,\n{folder.name}/METADATA,,\n',
        "INSTALLER": "pip\n",
        **{key.replace("_json", ".json"): text for key, text in files.items()},
    }
    for part, text in contents.items():
        (folder / part).write_text(text)
    return folder


def only(root: Path) -> HostPackage:
    (database,) = pip.databases(str(root))
    (package,) = packages(database)
    return package


def test_a_package_is_found_by_its_normal_name_with_its_files(tmp_path: Path) -> None:
    os.utime(dist(tmp_path, REQUESTED=""), (0, 0))
    package = only(tmp_path)
    assert package.name == "zope-interface"
    fields = package.releases[0].fields
    assert fields == {
        "summary": "it does", "title": "Zope.Interface", "depend.requires-dist": "six>=1", "installed": "true",
        "installed-at": "1970-01-01T00:00:00Z", "requested": "true", "installer": "pip",
    }
    assert package.texts[""] == ("it does", "Long.")
    site = f"/{SITE}".encode()
    assert package.files[""] == [
        b"/bin/zope", site + b"/Zope.Interface-5.0.dist-info/METADATA", site + b"/a, b.py", site + b"/zope/__init__.py",
    ]


def test_whether_it_was_asked_for_is_known_of_those_who_say_so_alone(tmp_path: Path) -> None:
    asked = []
    others = ({"INSTALLER": "uv"}, {"INSTALLER": "debian"}, {"INSTALLER": "poetry", "REQUESTED": ""})
    for files in ({}, {"REQUESTED": ""}, *others):
        folder = dist(tmp_path, **files)
        asked.append(only(tmp_path).releases[0].fields.get("requested"))
        (folder / "REQUESTED").unlink(missing_ok=True)
    assert asked == ["false", "true", "false", None, None]


def test_a_working_copy_says_where_it_is_without_a_password(tmp_path: Path) -> None:
    origin = {"url": "https://joe:secret@example.org/x.git", "dir_info": {"editable": True}}
    dist(tmp_path, direct_url_json=json.dumps(origin))
    fields = only(tmp_path).releases[0].fields
    assert (fields["origin"], fields["editable"]) == ("https://example.org/x.git", "true")
    assert "secret" not in repr(only(tmp_path))


def test_eggs_are_read_as_folders_and_as_files(tmp_path: Path) -> None:
    site = tmp_path / "usr/lib/python3/dist-packages"
    folder = site / "old_tool-1.2.egg-info"
    folder.mkdir(parents=True)
    (folder / "PKG-INFO").write_text("Metadata-Version: 1.1\nName: old-tool\nVersion: 1.2\nDescription: one\n        |two\n")
    (folder / "requires.txt").write_text("six>=1\n\n[test:python_version>='3']\npytest\n\n[:python_version<'3']\nenum34\n")
    (folder / "installed-files.txt").write_text("../tool.py\nPKG-INFO\n")
    (site / "older-1.egg-info").write_text("Metadata-Version: 1.0\nName: older\nVersion: 1\n")
    (database,) = pip.databases(str(tmp_path))
    tool, older = packages(database)
    assert (tool.name, older.name, older.files) == ("old-tool", "older", {"": []})
    assert tool.files[""] == [
        b"/usr/lib/python3/dist-packages/old_tool-1.2.egg-info/PKG-INFO", b"/usr/lib/python3/dist-packages/tool.py",
    ]
    assert tool.texts[""].description == "one\ntwo"
    assert tool.releases[0].fields["depend.requires-dist"].split("\n")[1:] == [
        "pytest ; (python_version>='3') and extra == 'test'", "enum34 ; (python_version<'3')",
    ]


def test_what_pip_has_moved_away_is_not_there(tmp_path: Path) -> None:
    folder = dist(tmp_path)
    folder.rename(folder.with_name(f"~{folder.name[1:]}"))
    (database,) = pip.databases(str(tmp_path))
    assert database.look() == ({}, [])


@pytest.mark.parametrize(("part", "text"), [
    ("METADATA", ""), ("METADATA", "Name: other\nVersion: 5.0\n"), ("METADATA", "torn"), ("RECORD", '"a'),
    ("direct_url.json", "{"),
])
def test_a_torn_file_is_named_and_costs_no_other(tmp_path: Path, part: str, text: str) -> None:
    (dist(tmp_path) / part).write_text(text)
    dist(tmp_path, "six", "1.0")
    (database,) = pip.databases(str(tmp_path))
    look = database.look()
    assert look.packages["six"].read().name == "six" and look.troubles == []
    with pytest.raises(Rejected, match=r"Zope\.Interface-5\.0\.dist-info"):
        look.packages["zope-interface"].read()


def test_an_installer_that_has_not_signed_yet_is_at_work(tmp_path: Path) -> None:
    folder = dist(tmp_path)
    (database,) = pip.databases(str(tmp_path))
    assert database.busy() == ""
    (folder / "INSTALLER").unlink()
    assert "has just been begun" in database.busy()
    long_ago = time.time() - 2 * pip.UNFINISHED_SECONDS
    os.utime(folder, (long_ago, long_ago))
    assert database.busy() == ""


def test_environments_are_those_of_the_system_of_the_settings_and_the_root_itself(tmp_path: Path) -> None:
    for place in ("usr/lib/python3/dist-packages", "usr/local/lib/python3.11/dist-packages", f"srv/a/{SITE}", f"srv/b/{SITE}"):
        dist(tmp_path, site=place)
    os.symlink("usr/lib", tmp_path / "lib")
    os.symlink("lib", tmp_path / "srv/a/lib64")
    found = {database.place: database for database in pip.databases(str(tmp_path), ["/srv/a", f"srv/*/{SITE}"])}
    assert [os.path.relpath(place, tmp_path) for place in found] == ["srv/a", "srv/b", "usr", "usr/local"]
    assert len(found[f"{tmp_path}/srv/a"].watched) == 1
    assert [database.place for database in pip.databases(f"{tmp_path}/srv/b")] == [f"{tmp_path}/srv/b"]
    assert len({database.repo for database in found.values()}) == 4


def test_an_environment_that_went_is_not_an_empty_one(tmp_path: Path) -> None:
    dist(tmp_path)
    (database,) = pip.databases(str(tmp_path))
    before = database.state()
    (tmp_path / "lib").rename(tmp_path / "away")
    with pytest.raises(NotFound):
        database.state()
    (tmp_path / "away").rename(tmp_path / "lib")
    assert database.state() == before


def test_a_version_in_two_interpreters_is_one_release_with_the_files_of_both(tmp_path: Path) -> None:
    for python in ("3.10", "3.11"):
        dist(tmp_path, "six", "1.0", f"lib/python{python}/site-packages", RECORD="six.py,,\n")
    package = only(tmp_path)
    assert len(package.releases) == 1
    assert package.files[""] == [b"/lib/python3.10/site-packages/six.py", b"/lib/python3.11/site-packages/six.py"]
