from __future__ import annotations

import pytest

from pkgindex.errors import Rejected
from pkgindex.sources.aptjobs import Step, steps

JOB = """\
VERSION 3
APT::Architecture=amd64
CommandLine::AsString=apt-get%20install%20tpkg

tpkg 1.0-1 all none < 2.0-1 all same /srv/a repo/tpkg_2.0-1_all.deb
tpkg 1.0-1 all none < 2.0-1 all same **CONFIGURE**
other 1:3.0~rc1-1 all none > - - none **REMOVE**
"""


@pytest.mark.parametrize("job", [JOB, "VERSION 3\n\n" + JOB.split("\n\n")[1]])
def test_steps_are_what_changes_files(job: str) -> None:
    assert list(steps(job, "job")) == [Step("tpkg", "/srv/a repo/tpkg_2.0-1_all.deb"), Step("other")]


@pytest.mark.parametrize(
    ("job", "why"),
    [("", "begins with ''"), ("VERSION 2\n\n", "VERSION 2"), ("VERSION 3\nA=b\n", "cut short"),
     ("VERSION 3\n\ntpkg 1.0-1 < 2.0-1 /srv/tpkg.deb\n", "step 1 has 5 words"), ("/srv/tpkg.deb\n", "tpkg.deb")],
)
def test_what_is_no_job_of_that_version_is_refused(job: str, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        list(steps(job, "job"))
