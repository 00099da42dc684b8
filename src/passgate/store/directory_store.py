"""People and groups in the database."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import ColumnElement, Row, Table, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from passgate.core.directory import Content, Email, Entry, Group, Person, User
from passgate.core.errors import NameTakenError, StoreError, UnknownMemberError
from passgate.core.principal import spelt_alike
from passgate.pipeline.directory import Match, Page
from passgate.store.directory_tables import DIRECTORY_GROUPS, DIRECTORY_MEMBERS, DIRECTORY_USERS
from passgate.store.sqlite import SqliteDatabase

_BATCH = 500
"""Members looked up by one statement."""

_SUBJECT_COLUMNS = {
    "user_name": DIRECTORY_USERS.c.name_key,
    "external_id": DIRECTORY_USERS.c.external_id_key,
    "email": DIRECTORY_USERS.c.email_key,
}

_SUBJECTS: Mapping[str, Callable[[User], str]] = {
    "user_name": lambda user: user.user_name,
    "external_id": lambda user: user.external_id,
    "email": lambda user: user.email,
}


class UserStore:
    """Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def find(self, entry_id: str) -> Entry[User] | None:
        with self._database.reading() as connection:
            row = connection.execute(select(DIRECTORY_USERS).where(DIRECTORY_USERS.c.id == entry_id)).one_or_none()
        return None if row is None else _user(row)

    def page(self, matches: Sequence[Match], *, start: int, count: int) -> Page[User]:
        rows, total = _page(self._database, DIRECTORY_USERS, [_user_match(one) for one in matches], start, count)
        return Page(entries=[_user(row) for row in rows], total=total)

    def add(self, entry: Entry[User]) -> None:
        """Raises NameTakenError."""
        with self._database.writing() as connection:
            try:
                connection.execute(insert(DIRECTORY_USERS), _user_row(entry))
            except IntegrityError:
                raise _taken(entry.content.user_name) from None

    def replace(self, old: Entry[User], new: Entry[User]) -> bool:
        """False where it is not ``old`` any more. Raises NameTakenError."""
        with self._database.writing() as connection:
            try:
                done = connection.execute(
                    update(DIRECTORY_USERS).where(*_is(DIRECTORY_USERS, old)).values(_user_row(new))
                )
            except IntegrityError:
                raise _taken(new.content.user_name) from None
            return done.rowcount > 0

    def remove(self, old: Entry[User]) -> bool:
        """Out of every group too. False where it is not ``old`` any more."""
        mine = select(DIRECTORY_MEMBERS.c.group_id).where(DIRECTORY_MEMBERS.c.user_id == old.id)
        with self._database.writing() as connection:
            if not connection.execute(delete(DIRECTORY_USERS).where(*_is(DIRECTORY_USERS, old))).rowcount:
                return False
            groups = DIRECTORY_GROUPS
            connection.execute(update(groups).where(groups.c.id.in_(mine)).values(version=groups.c.version + 1))
            connection.execute(delete(DIRECTORY_MEMBERS).where(DIRECTORY_MEMBERS.c.user_id == old.id))
            return True


class GroupStore:
    """Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def find(self, entry_id: str) -> Entry[Group] | None:
        with self._database.reading() as connection:
            row = connection.execute(select(DIRECTORY_GROUPS).where(DIRECTORY_GROUPS.c.id == entry_id)).one_or_none()
        return None if row is None else self._group(row)

    def page(self, matches: Sequence[Match], *, start: int, count: int) -> Page[Group]:
        rows, total = _page(self._database, DIRECTORY_GROUPS, [_group_match(one) for one in matches], start, count)
        return Page(entries=[self._group(row) for row in rows], total=total)

    def add(self, entry: Entry[Group]) -> None:
        """Raises NameTakenError, UnknownMemberError."""
        self._write(entry, None)

    def replace(self, old: Entry[Group], new: Entry[Group]) -> bool:
        """False where it is not ``old`` any more. Raises as ``add`` does."""
        return self._write(new, old)

    def remove(self, old: Entry[Group]) -> bool:
        with self._database.writing() as connection:
            if not connection.execute(delete(DIRECTORY_GROUPS).where(*_is(DIRECTORY_GROUPS, old))).rowcount:
                return False
            connection.execute(delete(DIRECTORY_MEMBERS).where(DIRECTORY_MEMBERS.c.group_id == old.id))
            return True

    def _write(self, new: Entry[Group], old: Entry[Group] | None) -> bool:
        known = frozenset[str]() if old is None else old.content.members
        joining, leaving = sorted(new.content.members - known), sorted(known - new.content.members)
        with self._database.writing() as connection:
            try:
                if old is None:
                    connection.execute(insert(DIRECTORY_GROUPS), _group_row(new))
                elif not connection.execute(
                    update(DIRECTORY_GROUPS).where(*_is(DIRECTORY_GROUPS, old)).values(_group_row(new))
                ).rowcount:
                    return False
            except IntegrityError:
                raise _taken(new.content.display_name) from None
            users, members = DIRECTORY_USERS.c.id, DIRECTORY_MEMBERS.c
            for some in _batches(joining):
                found = connection.execute(select(users).where(users.in_(some))).scalars().all()
                if len(found) < len(some):
                    raise UnknownMemberError(f"there is no user {min(set(some) - set(found))[:60]}")
                connection.execute(insert(DIRECTORY_MEMBERS), [{"group_id": new.id, "user_id": one} for one in some])
            for some in _batches(leaving):
                connection.execute(
                    delete(DIRECTORY_MEMBERS).where(members.group_id == new.id, members.user_id.in_(some))
                )
        return True

    def _group(self, row: Row[*tuple[object, ...]]) -> Entry[Group]:
        members = select(DIRECTORY_MEMBERS.c.user_id).where(DIRECTORY_MEMBERS.c.group_id == row.id)
        with self._database.reading() as connection:
            found = connection.execute(members).scalars().all()
        group = Group(display_name=row.display_name, external_id=row.external_id, members=frozenset(found))
        return Entry(id=row.id, content=group, created=row.created, modified=row.modified, version=row.version)


class PeopleStore:
    """``subject``: which of ``user_name``, ``external_id`` and ``email`` the subjects of tokens are. Raises StoreError."""

    def __init__(self, database: SqliteDatabase, *, subject: str) -> None:
        self._database = database
        self._named_by = subject
        self._subject = _SUBJECT_COLUMNS[subject]

    def person(self, subject: str) -> Person | None:
        """Whom nobody can tell apart is nobody active: two of one e-mail address, and who is spelt otherwise by more than capitals,
        who may be another person at the provider."""
        with self._database.reading() as connection:
            rows = connection.execute(select(DIRECTORY_USERS).where(self._subject == subject.casefold())).all()
            if not rows:
                return None
            names = (
                select(DIRECTORY_GROUPS.c.display_name)
                .join(DIRECTORY_MEMBERS, DIRECTORY_MEMBERS.c.group_id == DIRECTORY_GROUPS.c.id)
                .where(DIRECTORY_MEMBERS.c.user_id == rows[0].id)
            )
            groups = connection.execute(names).scalars().all()
        (found, *others), named = rows, _user(rows[0]).content
        alone = not others and spelt_alike(subject, _SUBJECTS[self._named_by](named))
        return Person(active=alone and bool(found.active), groups=frozenset(groups))

    def subjects(self, user_ids: frozenset[str]) -> frozenset[str]:
        """Casefolded."""
        found: set[str] = set()
        with self._database.reading() as connection:
            for some in _batches(sorted(user_ids)):
                wanted = select(self._subject).where(DIRECTORY_USERS.c.id.in_(some))
                found.update(connection.execute(wanted).scalars())
        return frozenset(found)


def _is(table: Table, entry: Entry[Content]) -> tuple[ColumnElement[bool], ...]:
    return table.c.id == entry.id, table.c.version == entry.version


def _taken(name: str) -> NameTakenError:
    return NameTakenError(f"there is another one of the name {name[:60]!r}")


def _batches(ids: Sequence[str]) -> Sequence[Sequence[str]]:
    return [ids[at : at + _BATCH] for at in range(0, len(ids), _BATCH)]


def _page(
    database: SqliteDatabase, table: Table, matches: Sequence[ColumnElement[bool]], start: int, count: int
) -> tuple[Sequence[Row[*tuple[object, ...]]], int]:
    with database.reading() as connection:
        total = connection.execute(select(func.count()).select_from(table).where(*matches)).scalar_one()
        wanted = select(table).where(*matches).order_by(table.c.created, table.c.id).offset(start).limit(count)
        rows = connection.execute(wanted).all() if count else []
    return rows, total


def _user_match(match: Match) -> ColumnElement[bool]:
    users = DIRECTORY_USERS.c
    match match.attribute:
        case "name":
            return users.name_key == match.value.casefold()
        case "display_name":
            return users.display_name_key == match.value.casefold()
        case "external_id":
            return users.external_id == match.value
    return users.id == match.value


def _group_match(match: Match) -> ColumnElement[bool]:
    groups = DIRECTORY_GROUPS.c
    match match.attribute:
        case "name":
            return groups.name_key == match.value.casefold()
        case "external_id":
            return groups.external_id == match.value
    return groups.id == match.value


def _user_row(entry: Entry[User]) -> dict[str, object]:
    user = entry.content
    content = {
        "user_name": user.user_name,
        "display_name": user.display_name,
        "formatted": user.formatted,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "emails": [[email.value, email.type, email.primary] for email in user.emails],
    }
    return {
        **_entry_row(entry),
        "name_key": user.user_name.casefold(),
        "external_id": user.external_id,
        "external_id_key": user.external_id.casefold(),
        "email_key": user.email.casefold(),
        "display_name_key": user.display_name.casefold(),
        "active": int(user.active),
        "content": content,
    }


def _group_row(entry: Entry[Group]) -> dict[str, object]:
    group = entry.content
    return {
        **_entry_row(entry),
        "name_key": group.display_name.casefold(),
        "external_id": group.external_id,
        "display_name": group.display_name,
    }


def _entry_row(entry: Entry[Content]) -> dict[str, object]:
    return {"id": entry.id, "created": entry.created, "modified": entry.modified, "version": entry.version}


def _user(row: Row[*tuple[object, ...]]) -> Entry[User]:
    try:
        content: Mapping[str, str] = row.content
        emails = tuple(Email(value=value, type=kind, primary=primary) for value, kind, primary in row.content["emails"])
        user = User(
            user_name=content["user_name"],
            active=bool(row.active),
            external_id=row.external_id,
            display_name=content["display_name"],
            formatted=content["formatted"],
            given_name=content["given_name"],
            family_name=content["family_name"],
            emails=emails,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"The stored user {row.id} cannot be read: {type(error).__name__}") from error
    return Entry(id=row.id, content=user, created=row.created, modified=row.modified, version=row.version)
