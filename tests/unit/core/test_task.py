"""What the sessions of a task share."""

from passgate.core.task import Task


def test_a_fact_of_the_store_is_in_force() -> None:
    task = Task(id="t", kept=frozenset({"a"}))
    assert task.tags == task.kept == {"a"}
    before = task.tags
    task.keep("a")
    assert task.tags is before, "who has seen it must not look again"
    task.keep("b")
    assert task.tags == task.kept == {"a", "b"}


def test_a_fact_on_its_way_to_the_store_is_in_force_and_not_kept() -> None:
    task = Task(id="t")
    task.tags |= {"a"}
    assert "a" not in task.kept
    before = task.tags
    task.keep("a")
    assert (task.kept, task.tags is before) == ({"a"}, True)


def test_counters_are_known_here_at_once_and_told_once() -> None:
    task = Task(id="t", counters={"rows": 5})
    task.count("rows", 2)
    task.count("tokens", 9)
    assert task.counters == {"rows": 7, "tokens": 9}
    assert task.take_uncounted() == {"rows": 2, "tokens": 9}
    task.count("rows", 1)
    task.counted({"rows": 107, "masked": 3})  # the store had the 7, and somebody else's 100
    assert task.counters == {"rows": 108, "masked": 3}
    assert task.uncounted == {"rows": 1}
