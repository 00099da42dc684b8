"""People and groups in the database."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from passgate.core.directory import Email, Entry, Group, Person, User
from passgate.core.errors import NameTakenError, StoreError, UnknownMemberError
from passgate.pipeline.directory import Match
from passgate.store.directory_store import GroupStore, PeopleStore, UserStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW

ADA = User(
    user_name="Ada@Example.com",
    external_id="00uX",
    display_name="Ada",
    formatted="Ada B",
    given_name="Ada",
    family_name="B",
    emails=(Email(value="ada@home.example", type="home"), Email(value="ADA@work.example", type="work", primary=True)),
)


def user(entry_id: str = "u1", content: User = ADA, version: int = 1) -> Entry[User]:
    return Entry(id=entry_id, content=content, created=NOW, modified=NOW, version=version)


def group(entry_id: str = "g1", name: str = "eng", members: tuple[str, ...] = (), version: int = 1) -> Entry[Group]:
    content = Group(display_name=name, external_id="x", members=frozenset(members))
    return Entry(id=entry_id, content=content, created=NOW, modified=NOW, version=version)


def test_a_user_is_kept_found_changed_and_gone(database: SqliteDatabase) -> None:
    store = UserStore(database)
    store.add(user())
    assert store.find("u1") == user()
    changed = user(content=replace(ADA, active=False), version=2)
    assert store.replace(user(), changed)
    assert not store.replace(user(), changed)  # it is not the old one any more
    assert store.find("u1") == changed
    assert not store.remove(user())
    assert store.remove(changed)
    assert store.find("u1") is None


def test_a_name_is_the_same_in_capitals(database: SqliteDatabase) -> None:
    users, groups = UserStore(database), GroupStore(database)
    users.add(user())
    other = replace(ADA, user_name="other")
    users.add(user("u2", other))
    with pytest.raises(NameTakenError):
        users.add(user("u3", replace(ADA, user_name="ADA@example.COM")))
    with pytest.raises(NameTakenError):
        users.replace(user("u2", other), user("u2", ADA, version=2))
    groups.add(group())
    groups.add(group("g2", "ops"))
    with pytest.raises(NameTakenError):
        groups.add(group("g3", "ENG"))
    with pytest.raises(NameTakenError):
        groups.replace(group("g2", "ops"), group("g2", "Eng", version=2))


def test_pages_are_counted_in_all(database: SqliteDatabase) -> None:
    users = UserStore(database)
    for number in range(5):
        users.add(user(f"u{number}", User(user_name=f"n{number}", external_id=f"E{number % 2}", display_name="Same")))
    page = users.page([], start=1, count=2)
    assert ([entry.id for entry in page.entries], page.total) == (["u1", "u2"], 5)
    assert (users.page([], start=0, count=0).entries, users.page([], start=9, count=2).entries) == ([], [])

    def found(*matches: tuple[str, str]) -> list[str]:
        wanted = [Match(attribute=attribute, value=value) for attribute, value in matches]
        return [entry.id for entry in users.page(wanted, start=0, count=10).entries]

    assert found(("name", "N3")) == ["u3"]
    assert found(("external_id", "E1")) == ["u1", "u3"]
    assert found(("external_id", "e1")) == []  # a directory's own ids are exact
    assert found(("display_name", "sAME"), ("id", "u4")) == ["u4"]


def test_a_group_has_members_who_are_known(database: SqliteDatabase) -> None:
    users, groups = UserStore(database), GroupStore(database)
    for number in range(3):
        users.add(user(f"u{number}", User(user_name=f"n{number}")))
    first = group(members=("u0", "u1"))
    groups.add(first)
    assert groups.find("g1") == first
    with pytest.raises(UnknownMemberError, match="nobody"):
        groups.replace(first, group(members=("u0", "nobody"), version=2))
    assert groups.find("g1") == first  # nothing of it
    second = group(members=("u1", "u2"), version=2)
    assert groups.replace(first, second)
    assert not groups.replace(first, second)
    assert groups.find("g1") == second
    assert [e.id for e in groups.page([Match(attribute="name", value="ENG")], start=0, count=9).entries] == ["g1"]
    for attribute, value in (("external_id", "x"), ("id", "g1")):
        assert groups.page([Match(attribute=attribute, value=value)], start=0, count=9).total == 1
    assert users.remove(user("u2", User(user_name="n2")))
    left = groups.find("g1")
    assert left is not None
    assert (left.content.members, left.version) == ({"u1"}, 3)
    assert not groups.remove(second)
    assert groups.remove(left)
    assert (groups.find("g1"), groups.find("g2")) == (None, None)


def test_a_person_is_known_by_what_tokens_say(database: SqliteDatabase) -> None:
    users, groups = UserStore(database), GroupStore(database)
    users.add(user())
    groups.add(group(members=("u1",)))
    groups.add(group("g2", "Ops Team", members=("u1",)))
    active = Person(active=True, groups=frozenset({"eng", "Ops Team"}))
    for subject, named in (("user_name", "ADA@EXAMPLE.com"), ("external_id", "00UX"), ("email", "ada@WORK.example")):
        people = PeopleStore(database, subject=subject)
        assert people.person(named) == active
        assert people.person("eve") is None
        assert people.subjects(frozenset({"u1", "u9"})) == {named.casefold()}
    users.replace(user(), user(content=replace(ADA, active=False), version=2))
    assert PeopleStore(database, subject="user_name").person("ada@example.com") == replace(active, active=False)


def test_two_who_cannot_be_told_apart_are_nobody_active(database: SqliteDatabase) -> None:
    users = UserStore(database)
    users.add(user())
    users.add(user("u2", replace(ADA, user_name="other")))
    person = PeopleStore(database, subject="email").person("ada@work.example")
    assert person is not None
    assert not person.active


@pytest.mark.parametrize("subject", ["user_name", "external_id", "email"])
def test_who_is_spelt_in_other_letters_is_nobody_active(database: SqliteDatabase, subject: str) -> None:
    """Else another account of the provider would have this person's groups."""
    user = User(user_name="Fiona@x", external_id="Fiona@x", emails=(Email(value="Fiona@x"),))
    UserStore(database).add(Entry(id="u1", content=user, created=NOW, modified=NOW, version=1))
    person = PeopleStore(database, subject=subject).person
    assert [found and found.active for found in map(person, ("fiona@x", "FIONA@X", "\ufb01ona@x", "eve@x"))] == [
        True,
        True,
        False,
        None,
    ]


def test_a_user_that_cannot_be_read_is_an_error(database: SqliteDatabase) -> None:
    UserStore(database).add(user())
    with database.writing() as connection:
        connection.execute(text("UPDATE directory_users SET content = '{}'"))
    with pytest.raises(StoreError, match="u1 cannot be read"):
        UserStore(database).find("u1")


def test_many_members(database: SqliteDatabase) -> None:
    users, groups = UserStore(database), GroupStore(database)
    ids = tuple(f"u{number:04}" for number in range(1100))
    for one in ids:
        users.add(user(one, User(user_name=one)))
    groups.add(group(members=ids))
    assert groups.replace(group(members=ids), group(members=ids[:1], version=2))
    found = groups.find("g1")
    assert found is not None
    assert found.content.members == {ids[0]}
    assert len(PeopleStore(database, subject="user_name").subjects(frozenset(ids))) == 1100
