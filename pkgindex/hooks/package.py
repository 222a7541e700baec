"""RPM's hook is a package: its file triggers run in every transaction, by whatever program it was asked for.

They are Lua, which RPM brings itself: so they run in a root without a shell too.
"""

from __future__ import annotations

import os
from hashlib import sha256
from tempfile import TemporaryDirectory

from pkgindex.errors import BadInput
from pkgindex.hooks import programs
from pkgindex.hooks.catalog import words
from pkgindex.hooks.hookfile import ABSENT, CURRENT, DIGEST_DIGITS, OLDER
from pkgindex.hooks.place import Place, program_in
from pkgindex.hooks.texts import VERSION, text

NAME = "pkgindex-hooks"
# Where distributions keep RPM's database; what rpm itself says is that of this host, and not of an image.
DATABASES = ("/usr/lib/sysimage/rpm", "/var/lib/rpm")


def spec(place: Place) -> str:
    """What rpmbuild makes the package of."""
    known = {**words(place, "rpm"), "PACKAGE": NAME, "VERSION": str(VERSION)}
    return text("rpm.spec", {**known, "DIGEST": _release(place)})


def look(place: Place) -> str:
    """Whether the package is installed, as a state of a file."""
    # Where there is no database, a question would make one.
    if not program_in("/", ["rpm"]) or not os.path.isdir(place.below(_database(place))):
        return ABSENT
    found = programs.answer(*_rpm(place), "-q", "--qf", "%{VERSION}-%{RELEASE}", NAME)
    if found is None:
        return ABSENT
    return CURRENT if found == f"{VERSION}-{_release(place)}" else OLDER


def install(place: Place) -> None:
    """Build the package and install it, over any other version of it."""
    if not program_in("/", ["rpmbuild"]):
        raise BadInput("rpmbuild is not on this host: install it (rpm-build, on Debian rpm), or build the package "
                       "elsewhere from what 'pkgindex hooks install rpm --dry-run' prints")
    with TemporaryDirectory(prefix="pkgindex-hooks-") as scratch:
        path = os.path.join(scratch, f"{NAME}.spec")
        with open(path, "w", encoding="utf-8") as file:
            file.write(spec(place))
        programs.run("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {scratch}", "--define", f"_rpmdir {scratch}",
                     "--define", "_rpmfilename %{name}.rpm", path)
        programs.run(*_rpm(place), "-U", "--replacepkgs", "--oldpackage", os.path.join(scratch, f"{NAME}.rpm"))


def remove(place: Place) -> None:
    programs.run(*_rpm(place), "-e", NAME)


def triggers(place: Place) -> list[str]:
    """The scripts of the installed package."""
    found = programs.run(*_rpm(place), "-q", "--qf", "[%{TRANSFILETRIGGERSCRIPTS}\f]", NAME)
    return found.split("\f")[:-1]


def _rpm(place: Place) -> list[str]:
    return ["rpm", "--root", place.root, "--dbpath", _database(place)]


def _database(place: Place) -> str:
    there = (path for path in DATABASES if os.path.isdir(place.below(path)) and os.listdir(place.below(path)))
    return next(there, "") or programs.run("rpm", "--eval", "%{_dbpath}").strip()


def _release(place: Place) -> str:
    """What changes when the triggers do."""
    return sha256(text("drop.lua", words(place, "rpm")).encode()).hexdigest()[:DIGEST_DIGITS]
