"""What the repository of a host's database is called: `host-dpkg`, `host-pip-srv-app-venv`.

Invariant: two databases have two names, also where a place has no name that fits: then its checksum stands at the end.
"""

from __future__ import annotations

import os
import re
from hashlib import blake2b

_FIT = re.compile(r"[a-z0-9._]+(?:/[a-z0-9._]+)*")
_UNFIT = re.compile(r"[^a-z0-9._]+")
_PLACE_CHARACTERS_MAX = 40


def repository(manager: str, root: str, place: str = "") -> str:
    """The repository of *manager*'s database in *place*, a path below *root*; both are left out where they say nothing.

    >>> repository("dpkg", "/"), repository("pip", "/", "srv/app/venv"), repository("dpkg", "/srv/images/web")
    ('host-dpkg', 'host-pip-srv-app-venv', 'host-dpkg-srv-images-web')
    >>> repository("npm", "/", "home/Joe Doe/app")
    'host-npm-home-oe-oe-app-1c2f74'
    """
    where = os.path.normpath("/".join(("", os.path.abspath(root), place))).strip("/")
    return f"host-{manager}-{_slug(where)}" if where else f"host-{manager}"


def _slug(place: str) -> str:
    if _FIT.fullmatch(place) and len(place) <= _PLACE_CHARACTERS_MAX:
        return place.replace("/", "-")
    mark = blake2b(os.fsencode(place), digest_size=3).hexdigest()
    return f"{_UNFIT.sub('-', place).strip('-.')[-_PLACE_CHARACTERS_MAX:].strip('-.')}-{mark}"
