"""By the format that conda documents; it is not on the systems that these tests run on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pkgindex.errors import Rejected
from pkgindex.sources.hosts import conda
from sources.hosts.databases import packages

HISTORY = """\
==> 2026-01-02 03:04:05 <==
# cmd: /opt/conda/bin/conda create -n x python=3.11 numpy
# conda version: 24.1.0
+defaults/linux-64::python-3.11.7-h955ad1f_0
# update specs: ['python=3.11', 'conda-forge::numpy[version=">=1.20"]']
==> 2026-01-03 03:04:05 <==
# remove specs: ['numpy']
"""


def record(prefix: Path, name: str, version: str = "1.0", build: str = "py_0", **more: object) -> Path:
    meta = prefix / "conda-meta"
    meta.mkdir(parents=True, exist_ok=True)
    path = meta / f"{name}-{version}-{build}.json"
    path.write_text(json.dumps({"name": name, "version": version, "build": build, "subdir": "linux-64", **more}))
    return path


def test_an_environment_is_read_with_its_files_and_what_was_asked_for(tmp_path: Path) -> None:
    prefix = tmp_path / "opt/conda/envs/x"
    path = record(
        prefix, "python", "3.11.7", "h955ad1f_0", license="PSF-2.0", size=123, channel="https://example.org/linux-64",
        depends=["libffi >=3.4,<3.5", "openssl >=3.0.12,<4.0a0", "tzdata", "__glibc >=2.17,<3.0.a0"], constrains=["pip >=23"],
        files=["bin/python3.11", "lib/python3.11/os.py"],
    )
    record(prefix, "numpy", depends=["python >=3.11,<3.12.0a0", "blas * *mkl", "zlib 1.2|1.3"])
    (prefix / "conda-meta/history").write_text(HISTORY)
    os.utime(path, (0, 0))
    (database,) = conda.databases(str(tmp_path))
    numpy, python = packages(database)
    (release,) = python.releases
    assert (release.version, release.architecture) == ("3.11.7", "linux-64")
    expected = {"license": "PSF-2.0", "size": "123", "installed": "true", "installed-at": "1970-01-01T00:00:00Z",
                "requested": "true", "depend.constrains": "pip >=23"}
    assert expected.items() <= release.fields.items()
    assert python.files["linux-64"] == [
        b"/opt/conda/envs/x/bin/python3.11", b"/opt/conda/envs/x/lib/python3.11/os.py",
    ]
    assert numpy.releases[0].fields["requested"] == "false"
    written = [[alternative.written for alternative in relation] for relation in numpy.releases[0].relations["depends"]]
    assert written == [["python (>= 3.11)"], ["python (<< 3.12.0a0)"], ["blas"], ["zlib (= 1.2)", "zlib (= 1.3)"]]


def test_a_torn_record_is_named_and_costs_no_other(tmp_path: Path) -> None:
    torn = record(tmp_path, "torn")
    torn.write_text(torn.read_text()[:20])
    record(tmp_path, "whole")
    record(tmp_path, "other").rename(tmp_path / "conda-meta/stranger-1.0-py_0.json")
    (tmp_path / "conda-meta/nonsense.json").write_text("{}")
    look = conda.databases(str(tmp_path))[0].look()
    assert look.packages["whole"].read().name == "whole"
    for name in ("torn", "stranger"):
        with pytest.raises(Rejected, match=name):
            look.packages[name].read()
    assert [trouble.package for trouble in look.troubles] == [""]


def test_environments_are_found_where_installers_put_them_and_where_the_settings_say(tmp_path: Path) -> None:
    for place in ("opt/conda", "opt/conda/envs/a", "srv/b", "srv/b/envs/c"):
        record(tmp_path / place, "python")
    (tmp_path / "opt/conda/envs/broken").mkdir()
    found = [os.path.relpath(database.place, tmp_path) for database in conda.databases(str(tmp_path), ["/srv/*"])]
    assert found == ["opt/conda/conda-meta", "srv/b/conda-meta", "opt/conda/envs/a/conda-meta", "srv/b/envs/c/conda-meta"]
