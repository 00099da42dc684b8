from passgate.core.finding import FindingClass, Span
from passgate.masking.memo import SpanMemo

SPANS = (Span(start=0, end=4, type="EMAIL", class_=FindingClass.PII),)


def test_what_was_put_is_there_until_nobody_asked_for_it_in_a_whole_generation() -> None:
    memo = SpanMemo(max_texts=2)
    digests = [memo.digest(b"", bytes([n])) for n in range(6)]
    memo.put(digests[0], SPANS)
    memo.put(digests[1], ())
    memo.put(digests[2], ())
    assert memo.get(digests[0]) == SPANS
    memo.put(digests[3], ())
    assert memo.get(digests[0]) == SPANS
    assert memo.get(digests[1]) is None
    assert memo.get(digests[5]) is None


def test_context_and_value_are_told_apart_and_each_memo_has_its_own_key() -> None:
    memo = SpanMemo()
    assert len({memo.digest(b"", b"ab"), memo.digest(b"a", b"b"), memo.digest(b"ab", b"")}) == 3
    assert memo.digest(b"a", b"b") == memo.digest(b"a", b"b")
    assert memo.digest(b"a", b"b") != SpanMemo().digest(b"a", b"b")
