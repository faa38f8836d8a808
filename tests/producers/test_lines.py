from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from producers.lines import Block, blocks, gathered, split_lines


def lines_of(*chunks: bytes, limit: int = 1_000) -> list[tuple[bytes, int]]:
    return list(split_lines(chunks, limit))


def test_a_last_line_needs_no_end() -> None:
    assert lines_of(b"a\nb") == [(b"a", 1), (b"b", 1)]


def test_an_empty_line_is_a_line_and_the_end_of_the_file_is_none() -> None:
    assert lines_of(b"a\n\nb\n") == [(b"a", 1), (b"", 0), (b"b", 1)]


def test_nothing_has_no_lines() -> None:
    assert lines_of() == []


def test_one_carriage_return_belongs_to_the_end_of_the_line() -> None:
    assert lines_of(b"a\r\nb\r\r\nc\rd\ne\r") == [(b"a", 1), (b"b\r", 2), (b"c\rd", 3), (b"e", 1)]


def test_an_end_of_line_cut_by_a_chunk_is_still_one() -> None:
    assert lines_of(b"a\r", b"\nb") == [(b"a", 1), (b"b", 1)]


def test_of_a_long_line_the_start_is_kept_and_its_length_told() -> None:
    assert lines_of(b"abcdef\nok\nab", b"cd", b"ef", b"gh\n1234567", limit=3) == [
        (b"abc", 6),
        (b"ok", 2),
        (b"abc", 8),
        (b"123", 7),
    ]


@given(st.binary(), st.lists(st.integers(0, 40)))
def test_chunks_make_no_difference(content: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(content), *(cut for cut in cuts if cut <= len(content))})
    chunks = [content[low:high] for low, high in pairwise(places)]
    ends = content.split(b"\n")
    expected = [line[:-1] if line.endswith(b"\r") else line for line in (ends if ends[-1] else ends[:-1])]
    assert [line for line, _ in split_lines(chunks)] == expected


def test_a_block_has_the_number_of_its_first_line_and_what_is_whole_of_a_chunk() -> None:
    assert list(blocks([b"a\nb\nc", b"d\n\ne", b"f"])) == [
        Block(0, b"a\nb\n"),
        Block(2, b"cd\n\n"),
        Block(4, b"ef"),
    ]


def test_a_line_that_was_cut_is_a_block_of_its_own() -> None:
    assert list(blocks([b"a\nbcd", b"efg", b"h\ni\n", b"jklm"], limit=3)) == [
        Block(0, b"a\n"),
        Block(1, b"bcd", 7),
        Block(2, b"i\n"),
        Block(3, b"jkl", 4),
    ]


def test_parts_of_a_block_have_so_many_lines_at_most() -> None:
    assert list(Block(5, b"a\nb\n\nd").parts(2)) == [Block(5, b"a\nb\n"), Block(7, b"\nd")]
    assert list(Block(5, b"a\nb\n").parts(2)) == [Block(5, b"a\nb\n")]


def test_small_chunks_are_joined_unless_the_next_one_is_not_there_yet() -> None:
    chunks = [b"a", b"b", b"c", b"d"]
    assert list(gathered(chunks, lambda: True, size=3)) == [b"abc", b"d"]
    assert list(gathered(chunks, lambda: False, size=3)) == chunks
