import json
from pathlib import Path

from deltalake import DeltaTable

from bench.rivals.tables.compaction import copy_table, write_small_files
from bench.rivals.tables.compaction_ways import written_after


def test_each_file_has_a_commit_of_its_own(tmp_path: Path) -> None:
    write_small_files(tmp_path / "t", 3)
    table = DeltaTable(str(tmp_path / "t"))
    assert (table.version(), len(table.file_uris()), table.count()) == (2, 3, 3000)


def test_what_is_done_to_a_copy_does_not_change_the_table(tmp_path: Path) -> None:
    source, target = tmp_path / "t", tmp_path / "copy"
    write_small_files(source, 3)
    before = {file: file.read_bytes() for file in source.rglob("*") if file.is_file()}
    copy_table(source, target)
    for file in (target / "_delta_log").iterdir():
        file.write_text("changed")
    assert {file: file.read_bytes() for file in source.rglob("*") if file.is_file()} == before


def test_bytes_written_are_those_of_files_that_later_commits_added(tmp_path: Path) -> None:
    log = tmp_path / "_delta_log"
    log.mkdir()
    for version, actions in enumerate(
        (
            [{"add": {"size": 1000}}],
            [{"add": {"size": 5}}, {"remove": {"size": 1000}}, {"commitInfo": {}}],
            [{"add": {"size": 7}}],
        )
    ):
        (log / f"{version:020}.json").write_text("\n".join(map(json.dumps, actions)))
    assert written_after(str(tmp_path), 0) == 12
