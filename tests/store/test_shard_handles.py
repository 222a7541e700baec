"""A shard that is open several times in one process."""

from __future__ import annotations

import json
from pathlib import Path

from pkgindex.config import Settings
from pkgindex.packer.pack import Target, pack
from pkgindex.packer.publish import Head
from pkgindex.packer.submissions import Submission
from pkgindex.store.local import LocalBackend
from pkgindex.store.shards import ShardFile


def test_a_connection_that_is_closed_costs_no_other_its_answer(tmp_path: Path) -> None:
    file = tmp_path / "stars.json"
    file.write_text(json.dumps([{"name": f"star{number}", "version": "1"} for number in range(5)]))
    (tmp_path / "sky").mkdir()
    backend = LocalBackend(str(tmp_path / "sky"))
    pack(Target(backend, "sky", Settings(loose_packages_max=0)), [Submission(str(file), "stars.json")])
    shard = Head(backend, "sky").manifest.shards_of("text")[0]
    first, second = ShardFile(backend, shard), ShardFile(backend, shard)
    first.close()
    second.expect_whole_read()
    assert second.row("SELECT count(*) FROM packages") == (5,)
