"""What lies beyond the tables: databases, schemas, tablespaces, foreign servers and tables, publications, subscriptions."""

from passgate.core.action import VerbClass
from passgate.languages.sql.expressions import decides
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.statements.creating import new_relation
from passgate.languages.sql.statements.meaning import Meaning, read_statement, states
from passgate.languages.sql.statements.objects import plain, with_effect
from passgate.languages.sql.statements.session import apply_setting
from passgate.languages.sql.statements.tables import stored_scope, table_definition
from passgate.languages.sql.tree import Node, unwrap
from passgate.languages.sql.walk import Walk


def _act(walk: Walk, verb: str, verb_class: VerbClass, kind: str, name: str, effect: str = "") -> Meaning:
    walk.found.act(verb, verb_class, plain(kind, name, effect=effect))
    return Meaning(verb, verb_class)


# -- databases and schemas ------------------------------------------------------------------------------------------------


@states("CreatedbStmt", "dbname options")
def create_database(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """TEMPLATE copies every row of another database, LOCATION and the like reach beyond it: with options it is administration."""
    walk.found.fact("sql.concurrently")
    plain_one = "options" not in node
    return _act(
        walk, "create", VerbClass.DDL if plain_one else VerbClass.ADMIN, "database", node.get("dbname", ""), "additive"
    )


@states("AlterDatabaseStmt", "dbname options")
@states("AlterDatabaseRefreshCollStmt", "dbname")
def alter_database(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "alter", VerbClass.ADMIN, "database", node.get("dbname", ""), "destructive")


@states("AlterDatabaseSetStmt", "dbname setstmt")
def alter_database_set(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """A setting for every later session of a database."""
    remembered = len(walk.found.remember)
    apply_setting(walk, node["setstmt"])
    del walk.found.remember[remembered:]
    return _act(walk, "alter", VerbClass.ADMIN, "database", node.get("dbname", ""), "destructive")


@states("DropdbStmt", "dbname missing_ok options")
def drop_database(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    walk.found.fact("sql.concurrently")
    return _act(walk, "drop", VerbClass.DDL, "database", node.get("dbname", ""), "destructive")


@states("CreateSchemaStmt", "schemaname authrole schemaElts if_not_exists")
def create_schema(walk: Walk, node: Node, memory: Memory) -> Meaning:
    """It may make objects inside at once."""
    name = node.get("schemaname", node.get("authrole", {}).get("rolename", ""))
    meaning = _act(walk, "create", VerbClass.DDL, "schema", name, "additive")
    for wrapped in node.get("schemaElts", ()):
        read_statement(walk, *unwrap(wrapped), memory)
    return meaning


# -- tablespaces ----------------------------------------------------------------------------------------------------------


@states("CreateTableSpaceStmt", "tablespacename owner location options")
def create_tablespace(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    walk.found.act("create", VerbClass.EGRESS, plain("file", node.get("location", "")))
    return _act(walk, "create", VerbClass.EGRESS, "tablespace", node.get("tablespacename", ""))


@states("DropTableSpaceStmt", "tablespacename missing_ok")
def drop_tablespace(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "drop", VerbClass.EGRESS, "tablespace", node.get("tablespacename", ""), "destructive")


@states("AlterTableSpaceOptionsStmt", "tablespacename options isReset")
def alter_tablespace(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "alter", VerbClass.EGRESS, "tablespace", node.get("tablespacename", ""))


@states("AlterTableMoveAllStmt", "orig_tablespacename objtype roles new_tablespacename nowait")
def move_all(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "alter", VerbClass.EGRESS, "tablespace", node.get("orig_tablespacename", ""), "maintenance")


# -- foreign data ---------------------------------------------------------------------------------------------------------


@states("CreateFdwStmt", "fdwname func_options options")
def create_wrapper(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "create", VerbClass.EGRESS, "server", node.get("fdwname", ""))


@states("AlterFdwStmt", "fdwname func_options options")
def alter_wrapper(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "alter", VerbClass.EGRESS, "server", node.get("fdwname", ""))


@states("CreateForeignServerStmt", "servername servertype version fdwname if_not_exists options")
def create_server(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "create", VerbClass.EGRESS, "server", node.get("servername", ""))


@states("AlterForeignServerStmt", "servername version options has_version")
def alter_server(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "alter", VerbClass.EGRESS, "server", node.get("servername", ""))


@states("CreateForeignTableStmt", "base servername options")
def create_foreign_table(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    made = new_relation(walk, node["base"]["relation"])
    walk.found.act("create", VerbClass.EGRESS, made)
    table_definition(walk, node["base"])
    return _act(walk, "create", VerbClass.EGRESS, "server", node.get("servername", ""))


@states("CreateUserMappingStmt", "user servername if_not_exists options")
def create_user_mapping(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "create", VerbClass.EGRESS, "server", node.get("servername", ""))


@states("AlterUserMappingStmt", "user servername options")
def alter_user_mapping(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "alter", VerbClass.EGRESS, "server", node.get("servername", ""))


@states("DropUserMappingStmt", "user servername missing_ok")
def drop_user_mapping(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "drop", VerbClass.EGRESS, "server", node.get("servername", ""), "destructive")


@states("ImportForeignSchemaStmt", "server_name remote_schema local_schema list_type table_list options")
def import_schema(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    walk.found.act("import_schema", VerbClass.ADMIN, plain("schema", node.get("local_schema", "")))
    return _act(walk, "import_schema", VerbClass.EGRESS, "server", node.get("server_name", ""))


# -- logical replication --------------------------------------------------------------------------------------------------


@states("CreatePublicationStmt", "pubname options pubobjects for_all_tables for_all_sequences")
def create_publication(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """Whoever subscribes reads every row of its tables."""
    _published(walk, node)
    return _act(walk, "create", VerbClass.ADMIN, "publication", node.get("pubname", ""))


@states("AlterPublicationStmt", "pubname options pubobjects for_all_tables for_all_sequences action")
def alter_publication(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    _published(walk, node)
    return _act(walk, "alter", VerbClass.ADMIN, "publication", node.get("pubname", ""))


def _published(walk: Walk, node: Node) -> None:
    for wrapped in node.get("pubobjects", ()):
        one = wrapped["PublicationObjSpec"]
        if "pubtable" in one:
            relation = one["pubtable"]["relation"]
            walk.found.act("alter", VerbClass.ADMIN, with_effect(walk.object(relation), "destructive"))
            decides(walk, one["pubtable"].get("whereClause"), stored_scope(walk, relation))


@states("CreateSubscriptionStmt", "subname conninfo publication options")
def create_subscription(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    walk.found.fact("sql.concurrently")
    return _act(walk, "create", VerbClass.EGRESS, "subscription", node.get("subname", ""))


@states("AlterSubscriptionStmt", "kind subname conninfo publication options")
def alter_subscription(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "alter", VerbClass.EGRESS, "subscription", node.get("subname", ""))


@states("DropSubscriptionStmt", "subname missing_ok behavior")
def drop_subscription(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _act(walk, "drop", VerbClass.EGRESS, "subscription", node.get("subname", ""), "destructive")
