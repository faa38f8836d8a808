from producers.delivered import Delivered


def test_with_proof_every_line_up_to_the_newest_is_there() -> None:
    part = Delivered(through=70, lines=frozenset({5, 70}))
    assert [part.has(line) for line in (1, 70, 71)] == [True, True, False]


def test_without_proof_only_lines_that_were_seen_are_there() -> None:
    part = Delivered(lines=frozenset({2, 9}))
    assert [part.has(line) for line in (1, 2, 9, 10)] == [False, True, True, False]
    assert part.newest == 9


def test_a_partition_that_holds_nothing_has_no_line() -> None:
    assert not Delivered().has(1)
    assert Delivered().newest == 0
