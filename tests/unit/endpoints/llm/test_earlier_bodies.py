"""What a turn repeats is found, however it grew; what is remembered is bounded."""

import json

from hypothesis import given
from hypothesis import strategies as st

from passgate.endpoints.llm.earlier_bodies import MAX_BYTES, MAX_LINKS, EarlierBodies, Likeness


def turn(*messages: str, **after: object) -> bytes:
    """As SDKs write it: what follows the messages is the same each time."""
    said = [{"role": "user", "content": message} for message in messages]
    return json.dumps({"max_tokens": 9, "messages": said, "model": "m", "tools": ["t" * 500], **after}).encode()


def whole(body: bytes, known: dict[str, bytes], like: Likeness | None) -> bytes:
    """What a reader makes of what is recorded."""
    if like is None:
        return body
    new, base = body[like.begin : len(body) - like.end], known[like.call]
    return base[: like.begin] + new + base[len(base) - like.end :]


def test_of_the_next_turn_only_the_new_message_is_new() -> None:
    earlier = EarlierBodies()
    first, second = turn("a" * 2000), turn("a" * 2000, "and then?")
    assert earlier.take("C1", first) is None
    like = earlier.take("C2", second)
    assert like is not None
    assert like.call == "C1"
    assert len(second) - like.begin - like.end < 60
    assert whole(second, {"C1": first}, like) == second


def test_the_same_again_is_nothing_new() -> None:
    earlier = EarlierBodies()
    body = turn("a" * 2000)
    earlier.take("C1", body)
    assert earlier.take("C2", body) == Likeness(call="C1", begin=len(body), end=0)


def test_two_conversations_in_turns_are_each_their_own() -> None:
    earlier = EarlierBodies()
    one, other = turn("1" * 3000), turn("2" * 3000)
    earlier.take("A1", one)
    assert earlier.take("B1", other) is None
    for number, (base, name) in enumerate(((one, "A"), (other, "B"), (one, "A"))):
        like = earlier.take(f"{name}{number + 2}", base[:-1] + b',"x":1}')
        assert like is not None
        assert like.call.startswith(name)


def test_small_and_unlike_bodies_are_recorded_whole() -> None:
    earlier = EarlierBodies()
    assert earlier.take("C1", b"x" * 1023) is None
    assert earlier.take("C2", b"x" * 1023) is None
    assert earlier.take("C3", b"y" + b"x" * 5000) is None
    assert earlier.take("C4", b"z" + b"x" * 5000) is None


def test_what_is_remembered_is_bounded() -> None:
    earlier = EarlierBodies()
    third = MAX_BYTES // 3
    for name in "abcd":
        earlier.take(name, name.encode() * third)
    assert earlier.take("e", b"a" * third) is None  # forgotten
    found = earlier.take("f", b"d" * third)
    assert found is not None
    assert found.call == "d"
    huge = b"h" * (MAX_BYTES + 1)
    assert earlier.take("g", huge) is None
    assert earlier.take("h", huge) is None


def test_now_and_then_one_is_recorded_whole() -> None:
    earlier = EarlierBodies()
    body = turn("a" * 2000)
    found = [earlier.take(str(number), body) is None for number in range(2 * MAX_LINKS + 4)]
    assert [number for number, alone in enumerate(found) if alone] == [0, MAX_LINKS + 1, 2 * MAX_LINKS + 2]


PART = st.sampled_from([b"a" * 1500, b"b" * 40_000, b"c", b"", b"d" * 16_384, b"e" * 16_385, b"aab"])


@given(st.lists(st.lists(PART, max_size=4), max_size=8))
def test_every_body_can_be_put_together_again(bodies: list[list[bytes]]) -> None:
    earlier, known = EarlierBodies(), {}
    for number, parts in enumerate(bodies):
        body = b"".join(parts)
        like = earlier.take(str(number), body)
        assert whole(body, known, like) == body
        known[str(number)] = body
