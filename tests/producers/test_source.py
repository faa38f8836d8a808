import gzip
import io
from pathlib import Path

import pytest

from producers.source import file_source, stream_source
from tideline.errors import InputError


def test_the_same_content_is_the_same_source_however_it_is_packed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.tsv", tmp_path / "b"
    plain.write_bytes(b"tweet_id\n1\n")
    packed.write_bytes(gzip.compress(b"tweet_id\n") + gzip.compress(b"1\n"))
    first, second = file_source(plain), file_source(packed)
    assert first.id == second.id == "b553bad891ac3cd8"
    assert b"".join(second.chunks()) == b"tweet_id\n1\n"
    assert (second.size, second.position) == (11, 11)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        file_source(tmp_path / "none.tsv")
    assert str(caught.value) == (
        f"cannot read {tmp_path}/none.tsv: No such file or directory; give readable data, plain or gzip"
    )


def test_a_damaged_archive_is_found_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "half.gz"
    path.write_bytes(gzip.compress(b"tweet_id\n" * 1000)[:-9])
    with pytest.raises(InputError, match="end-of-stream marker"):
        file_source(path)


def test_standard_input_is_a_new_source_each_time_unless_it_is_named() -> None:
    def stream() -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(gzip.compress(b"x\n")))

    first, second, named = stream_source(stream()), stream_source(stream()), stream_source(stream(), "today")
    assert first.id != second.id
    assert named.id == "today"
    assert not named.resumable
    assert b"".join(named.chunks()) == b"x\n"
