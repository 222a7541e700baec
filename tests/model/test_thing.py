"""A package one thing at a time."""

from __future__ import annotations

from hypothesis import given

from format.strategies import packages
from pkgindex.model import thing as model
from pkgindex.model.package import KINDS, Alternative, Package, Release, Text
from pkgindex.model.thing import PATH_TYPES, Thing, things

RELEASE = Release(
    "1", "all",
    {"summary": "s", "tag": "a\nb", "license": "GPL", "driver": "name=e1000 alias='x y'\nbroken=' z", "path.link": "/l",
     "depend.require": "pkg:/a\npkg:/b"},
    {"depends": ((Alternative("a", "", ">=", "1"), Alternative("b")),)},
)  # fmt: skip


def test_a_package_is_made_of_things() -> None:
    package = Package("p", {("1", "all"): RELEASE}, {"": [b"/l", b"/x/f\0g"]}, {"": Text("s", "d")})
    assert list(things(package)) == [
        Thing("package", (("name", "p"),)),
        Thing("release", (("version", "1"), ("arch", "all"))),
        Thing("text", (("summary", "s"),)),
        Thing("set", (("tag", "a"), ("tag", "b"))),
        Thing("license", (("license", "GPL"),)),
        Thing("driver", (("driver.name", "e1000"), ("alias", "x y"))),
        Thing("driver", (("broken", "'"),)),
        Thing("depend", (("depend.require", "pkg:/a"),)),
        Thing("depend", (("depend.require", "pkg:/b"),)),
        Thing("depend", (("depends", "a"), ("kind", "depends"), ("relation", "a (>= 1)"))),
        Thing("depend", (("depends", "b"), ("kind", "depends"), ("relation", "b"))),
        Thing("text", (("description", "d"),)),
        Thing("link", (("file", "/l"), ("basename", "l"), ("dir", "/"))),
        Thing("file", (("file", "/x/f\ng"), ("basename", "f\ng"), ("dir", "/x"))),
    ]


@given(packages)
def test_things_come_once(package: Package) -> None:
    found = list(things(package))
    assert len(found) == len(set(found))


@given(packages)
def test_who_asks_for_one_kind_of_thing_gets_those_of_all(package: Package) -> None:
    fields = dict.fromkeys(field for release in package.releases.values() for field in release.fields)
    apart = [model.name_thing(package), *model.releases(package), *model.texts(package), *model.relations(package, KINDS),
             *[thing for field in fields for thing in model.attribute(package, field)]]  # fmt: skip
    assert set(apart) == set(things(package, files=False))


@given(packages)
def test_an_attribute_is_found_by_its_field(package: Package) -> None:
    for thing in things(package, files=False):
        for field, _ in thing.values:
            if thing.type in ("set", "license", *model.ACTIONS):
                assert thing in model.attribute(package, field)


def test_what_types_paths_have_is_no_thing() -> None:
    release = Release(fields=dict.fromkeys(PATH_TYPES, "/x"))
    assert list(model.attributes(release)) == []
