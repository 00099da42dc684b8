from passgate.languages.sql.memory import MAX_NAMES, MAX_PATHS, Cursor, Memory, Prepared

CURSOR = Cursor(atoms=(), fields=(), gaps=())
STATEMENT = Prepared("SelectStmt", {})


def test_a_copy_is_apart() -> None:
    memory = Memory()
    memory.prepare("a", STATEMENT)
    other = memory.copy()
    other.prepare("b", STATEMENT)
    other.declare("c", CURSOR)
    other.shadow("t")
    assert set(memory.prepared) == {"a"}
    assert not memory.cursors
    assert not memory.shadowed


def test_names_are_forgotten_one_by_one_or_all_at_once() -> None:
    memory = Memory()
    for name in "ab":
        memory.prepare(name, STATEMENT)
        memory.declare(name, CURSOR)
    memory.deallocate("a")
    memory.close("a")
    memory.close("nosuch")
    assert (set(memory.prepared), set(memory.cursors)) == ({"b"}, {"b"})
    memory.deallocate(None)
    memory.close(None)
    assert not memory.prepared
    assert not memory.cursors


def test_a_cursor_ends_with_its_transaction_unless_it_holds() -> None:
    memory = Memory()
    memory.declare("a", CURSOR)
    memory.declare("b", CURSOR._replace(hold=True))
    memory.end_transaction(committed=True)
    assert set(memory.cursors) == {"b"}
    memory.declare("c", CURSOR._replace(hold=True))
    memory.end_transaction(committed=False)
    assert set(memory.cursors) == {"b"}


def test_prepared_statements_outlive_a_rollback() -> None:
    memory = Memory()
    memory.prepare("a", STATEMENT)
    memory.end_transaction(committed=False)
    assert set(memory.prepared) == {"a"}


def test_every_path_that_was_set_stays_possible() -> None:
    memory = Memory()
    memory.move_path(("a",))
    memory.move_path(("a",))
    memory.move_path(("b",))
    assert memory.paths == (("a",), ("b",))
    assert memory.version == 3
    memory.move_path(None)
    assert memory.paths is None
    memory.move_path(("a",))
    assert memory.paths is None


def test_bounds() -> None:
    memory = Memory()
    for number in range(MAX_PATHS + 1):
        memory.move_path((f"p{number}",))
    assert memory.paths is None
    for number in range(MAX_NAMES + 10):
        memory.prepare(f"p{number}", STATEMENT)
        memory.declare(f"c{number}", CURSOR)
        memory.shadow(f"t{number}")
    assert len(memory.prepared) == len(memory.cursors) == len(memory.shadowed) == MAX_NAMES
    memory.prepare("p1", Prepared("DeleteStmt", {}))
    assert memory.prepared["p1"].tag == "DeleteStmt"


def test_what_cannot_be_relied_on_is_forgotten() -> None:
    memory = Memory()
    memory.prepare("a", STATEMENT)
    memory.forget()
    assert not memory.prepared
    assert memory.paths is None
