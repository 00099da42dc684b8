import pytest

from passgate.masking.detectors.edges import EDGES, REACH


@pytest.mark.parametrize(
    ("edge", "text", "clear"),
    [
        ("word", "(«12»)", True),
        ("word", "a«12»", False),
        ("word", "«12»_", False),
        ("number", "see «12».", True),
        ("number", "«12»-Office", True),
        ("number", "1.«12»", False),
        ("number", "«12».5", False),
        ("number", "tel:«12»", True),
        ("number", "a,«12»", True),
        ("number", "1:«12»", False),
        ("number", "INV-«12»", False),
        ("number", "$«12»", False),
        ("number", "«12»%", False),
        ("number", "x«12»", False),
        ("number", "«12»x", False),
        ("grouped", "12 «34»", False),
        ("grouped", "«34» 56", False),
        ("grouped", "12-«34»", False),
        ("grouped", "no «34» no", True),
        ("unlabelled", "order «12»", False),
        ("unlabelled", "Invoice-No: «12»", False),
        ("unlabelled", "ORDER_ID=«12»", False),
        ("unlabelled", "reorder «12»", True),
        ("unlabelled", "the card «12»", True),
        ("unlabelled", "1.«12»", False),
        ("unlabelled_group", "order «12»", False),
        ("unlabelled_group", "99 «12»", False),
        ("unlabelled_group", "or «12»", True),
        ("mailbox", "to «bob@x.org»谢", True),
        ("mailbox", "我«bob@x.org»", True),
        ("mailbox", "жж«bob@x.org»", False),
        ("mailbox", "ж«bob@x.org»", False),
        ("mailbox", "b«ob@x.org»", False),
        ("mailbox", "«bob@x.or»g", False),
        ("token", "KEY=«ab»", True),
        ("token", "/«ab»", False),
        ("token", "«ab»=", False),
        ("token", "'«ab»'", True),
        ("setting", "password=«x»;", True),
        ("setting", "password={«pw»}", False),
        ("setting", "password={«p4w»}", True),
        ("setting", "password=«x»,", False),
        ("setting", "password=«x»(", False),
        ("value", "password: «x»,", True),
        ("value", "password = «x»(", False),
        ("mailbox", "<«a@b.io»>", True),
        ("mailbox", "x.«a@b.io»", False),
        ("mailbox", "é«a@b.io»", False),
        ("mailbox", "«a@b.io»_", False),
        ("address", "ip «10.0.0.1».", True),
        ("address", "«10.0.0.1»:5432", True),
        ("address", "«10.0.0.1».5", False),
        ("address", "4.«10.0.0.1»", False),
        ("address", "v«10.0.0.1»", False),
        ("address", "-«10.0.0.1»", False),
        ("address", "«10.0.0.1»x", False),
        ("address", "«fe80::1»:5432", False),
        ("address", "version «10.0.0.1»", False),
        ("address", "«10.0.0.1»-ab", False),
        ("mailbox", "postgres://app:«pw@db.x.org»", False),
        ("mailbox", "smtp://a%40b.org:«pw@db.x.org»", False),
        ("mailbox", "https://«0123456789abcdef0123456789abcdef@x.org»", False),
        ("mailbox", "https://«bob@x.org»", True),
        ("mailbox", "see https://x.org/ or to:«bob@x.org»", True),
        ("card", "5113 «12» 51AA", False),
        ("card", "51AA «12»", False),
        ("card", "«12» 51AA ", False),
        ("card", "«12» 1227 123", True),
        ("card", "card «12» FADE ", True),
        ("grouped", "905C «12»", False),
        ("grouped", "CODE «12»", True),
        ("value", ":param password: «a»", False),
        ("value", "password: «a»", True),
        ("cookie", "cookies.py,sha256=«a»", False),
        ("cookie", "Cookie: shop=«a»", True),
    ],
)
def test_edges(edge: str, text: str, clear: bool) -> None:
    start = len(text.split("«", maxsplit=1)[0].encode())
    end = start + len(text.split("«")[1].split("»", maxsplit=1)[0].encode())
    data = text.replace("«", "").replace("»", "").encode()
    assert EDGES[edge](data, start, end, 0, len(data)) is clear


@pytest.mark.parametrize("edge", EDGES)
def test_a_cell_ends_where_it_ends(edge: str) -> None:
    """What the next cell begins with is nobody's neighbour."""
    data = b"x1@3412345x"
    assert EDGES[edge](data, 4, 10, 4, 10)


@pytest.mark.parametrize("edge", sorted(EDGES))
def test_no_check_looks_further_than_it_says(edge: str) -> None:
    check, reach = EDGES[edge], REACH[edge]
    for before in (b"", b"a", b" ", b"order "):
        for near in (b".5", b",a", b"-a", b":1", b" 1", b"a1", b"%,", b"(x", b"/:", b"=,"):
            known = before + b"12" + near[:reach]
            start = len(before)
            answers = {
                check(known + beyond, start, start + 2, 0, len(known + beyond)) for beyond in (b"", b"7", b".", b"z")
            }
            assert len(answers) == 1
