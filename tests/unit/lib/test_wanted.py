"""What one process wants and others answer, by turns in one process."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswap_replay.lib.columns import ULONGLONG, Column, column
from zswap_replay.lib.length_index import Lengths
from zswap_replay.lib.wanted import (
    ANSWERS,
    MARGIN,
    NAMES,
    NR_NAMES,
    NR_SETS,
    NR_WORDS,
    SET_SIZE,
    STOP,
    Answers,
    Wanted,
    kind_in,
    length_in,
)


@pytest.fixture
def words() -> Column:
    return column(NR_WORDS, ULONGLONG)


def answer_all(answers: Answers, length: int = 100) -> list[tuple[int, int]]:
    """Answer all that is wanted; return contents and jobs."""
    met = []
    while (job := answers.next_job()) >= 0:
        met.append((answers.content, job))
        answers.answer(job, length, 5)
    return met


def test_names_and_answers_have_their_places_in_the_memory() -> None:
    assert NAMES + 2 * NR_NAMES == ANSWERS
    assert ANSWERS + 2 * SET_SIZE * NR_SETS == NR_WORDS


@pytest.mark.parametrize(("length", "kind"), [(-1, 2), (0, 0), (1, 4), (4096, 255)])
def test_an_answer_is_taken_once_with_its_length_and_kind(words: Column, length: int, kind: int) -> None:
    wanted, answers = Wanted(words), Answers(words, 0, 1)
    wanted.want(77, 3)
    assert 3 == answers.next_job()
    assert 77 == answers.content
    answers.answer(3, length, kind)
    assert -1 == answers.next_job()
    found = wanted.take(77, 3)
    assert (length, kind) == (length_in(found), kind_in(found))
    assert -1 == wanted.take(77, 3)


def test_an_answer_is_for_its_content_and_its_job_alone(words: Column) -> None:
    wanted, answers = Wanted(words), Answers(words, 0, 1)
    wanted.want(77, 0)
    assert [(77, 0)] == answer_all(answers)
    assert [-1, -1] == [wanted.take(78, 0), wanted.take(77, 1)]
    assert 100 == length_in(wanted.take(77, 0))


@given(contents=st.lists(st.integers(0, 300), max_size=200), parts=st.integers(1, 4))
def test_all_parts_together_answer_each_name_once(contents: list[int], parts: int) -> None:
    words = column(NR_WORDS, ULONGLONG)
    wanted = Wanted(words)
    everybody = [Answers(words, part, parts) for part in range(parts)]
    for content in contents:
        wanted.want(1 + content, 1)
    met = [answer_all(each) for each in everybody]
    assert sorted({(1 + content, 1) for content in contents}) == sorted(row for each in met for row in each)
    assert max(map(len, met)) - min(map(len, met)) <= 1
    for content in set(contents):
        assert 100 == length_in(wanted.take(1 + content, 1))


def test_what_is_next_is_left_to_who_comes_to_it(words: Column) -> None:
    wanted, answers = Wanted(words), Answers(words, 0, 1)
    for content in range(100):
        wanted.want(content + 1, 0)
    assert -1 == wanted.take(51, 0)  # its number is 50
    assert list(range(50 + MARGIN, 100)) == [content - 1 for content, _ in answer_all(answers)]


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_part_stays_the_same_where_names_are_passed_over(words: Column, part: int) -> None:
    wanted, answers = Wanted(words), Answers(words, part, 3)
    for content in range(100):
        wanted.want(content + 1, 0)
    wanted.take(51, 0)
    assert {part} == {(content - 1) % 3 for content, _ in answer_all(answers)}


def test_names_end_where_nothing_of_them_is_come_to_and_go_on_where_something_is(words: Column) -> None:
    wanted, answers = Wanted(words), Answers(words, 0, 1)
    for content in range(2 * NR_NAMES):
        wanted.want(content + 1, 0)
    assert NR_NAMES == wanted.named
    assert NR_NAMES == len(answer_all(answers))
    for other in range(10**6, 10**6 + 20):  # come to without a name: each gives room for one
        wanted.take(other, 0)
        wanted.want(other + 1000, 0)
    assert NR_NAMES + 20 == wanted.named
    wanted.take(10**6 + 1019, 0)
    for content in range(2 * NR_NAMES):
        wanted.want(10**9 + content, 0)
    assert 2 * NR_NAMES + 19 == wanted.named


def test_a_list_is_looked_at_where_the_look_before_ended() -> None:
    lengths = Lengths()
    lengths.wanted = Wanted(column(NR_WORDS, ULONGLONG))
    assert 100 == lengths.wanted_from(3, 100, 60)
    assert 60 == lengths.wanted_from(3, 90, 50)
    assert 80 == lengths.wanted_from(4, 80, 50)  # another list
    assert 200 == lengths.wanted_from(4, 200, 190)  # a list whose end has moved


def test_known_lengths_are_not_wanted_and_answers_become_known(words: Column) -> None:
    lengths, answers = Lengths(), Answers(words, 0, 1)
    lengths.wanted, lengths.job = Wanted(words), 6
    lengths.add(5, 1000, 0)
    lengths.want(5)
    lengths.want(6)
    assert [(6, 6)] == answer_all(answers)
    assert not lengths.take(7)
    assert lengths.take(6)
    assert (100, 5) == (lengths.length_at(lengths.find(6)), lengths.kind_at(lengths.find(6)))


def test_who_measures_is_told_to_stop(words: Column) -> None:
    answers = Answers(words, 0, 1)
    assert not answers.is_stopped()
    words[STOP] = 1
    assert answers.is_stopped()
