"""The shipped tables: complete, consistent, and never laxer than meant."""

import pytest

from passgate.languages.sql import knowledge

BARE = knowledge.build_catalog()
"""A database with nothing in it but what ships with the server."""

EFFECTS = {
    "pure",
    "read",
    "relation",
    "dynamic",
    "write",
    "file",
    "network",
    "admin",
    "cancel",
    "lock",
    "sleep",
    "definer",
    "unknown",
}


def effects_of(name: str) -> set[str]:
    return {function.effect for function in BARE.functions(name, "", ())}


def test_every_function_has_a_known_kind_of_effect_and_every_effect_a_function() -> None:
    assert {function.effect for function in knowledge.functions()} <= EFFECTS
    named = {function.name for function in knowledge.functions()}
    assert {name.partition("/")[0] for name in knowledge.effects()} == named


@pytest.mark.parametrize(
    ("effect", "names"),
    [
        (
            "pure",
            "lower count sum now random unnest generate_series repeat xpath row_number jsonb_set format",
        ),
        (
            "read",
            "version current_setting pg_relation_size pg_total_relation_size has_table_privilege pg_get_viewdef currval",
        ),
        ("relation", "table_to_xml table_to_xmlschema table_to_xml_and_xmlschema"),
        ("dynamic", "query_to_xml query_to_xmlschema cursor_to_xml schema_to_xml database_to_xml ts_stat"),
        ("write", "nextval setval lo_put lo_get lo_unlink loread pg_notify lo_from_bytea"),
        (
            "file",
            "pg_read_file pg_read_binary_file pg_ls_dir pg_stat_file lo_import lo_export pg_hba_file_rules pg_ls_waldir",
        ),
        (
            "admin",
            "pg_terminate_backend pg_reload_conf pg_rotate_logfile pg_promote pg_switch_wal set_config pg_stat_reset",
        ),
        (
            "admin",
            "pg_create_logical_replication_slot pg_logical_slot_get_changes pg_logical_emit_message pg_backup_start",
        ),
        ("cancel", "pg_cancel_backend"),
        ("lock", "pg_advisory_lock pg_try_advisory_xact_lock pg_advisory_unlock_all"),
        ("sleep", "pg_sleep pg_sleep_for pg_sleep_until"),
        (
            "unknown",
            "currtid2 pg_stat_get_activity pg_export_snapshot RI_FKey_cascade_del tsvector_update_trigger",
        ),
    ],
)
def test_effects(effect: str, names: str) -> None:
    for name in names.split():
        assert effects_of(name) == {effect}, name


def test_one_overload_may_differ() -> None:
    by_arity = {f.max_args: f.effect for f in BARE.functions("ts_rewrite", "", ())}
    assert by_arity == {2: "dynamic", 3: "pure"}


def test_functions_that_only_the_server_itself_can_call_are_not_vouched_for() -> None:
    internal = [f for f in knowledge.functions() if f.arg_types and all(t == "internal" for t in f.arg_types)]
    vouched_for = {function.name for function in internal if function.effect != "unknown"}
    assert len(internal) > 50
    assert vouched_for == {"bernoulli", "system"}  # called by name in TABLESAMPLE


def test_no_volatile_function_is_pure_but_the_few_that_were_read() -> None:
    pure = {f.name for f in knowledge.functions() if f.effect == "pure" and f.volatility == "volatile"}
    listed = {f.name for f in knowledge.functions() if f.oid == 0}
    assert pure - listed <= {
        "random",
        "gen_random_uuid",
        "clock_timestamp",
        "timeofday",
        "bernoulli",
        "system",
    }


def test_what_is_random_cannot_be_made_to_tell_whether_it_was_asked() -> None:
    """With a seed of the caller's, ``coalesce(nullif(email, 'x'), random()::text)`` shows by the next ``random()`` which it was."""
    assert effects_of("setseed") == {"write"}
    assert effects_of("random") == {"pure"}


def test_functions_of_other_servers_are_known_by_name_with_any_arguments() -> None:
    (later,) = BARE.functions("uuidv7", "", ())
    assert later.accepts(0)
    assert later.accepts(9)
    assert effects_of("pg_start_backup") == {"admin"}


def test_facts_of_functions() -> None:
    (repeat,) = BARE.functions("repeat", "", ())
    assert (repeat.oid, repeat.min_args, repeat.max_args, repeat.arg_types) == (1622, 2, 2, ("text", "int4"))
    (each,) = BARE.functions("json_each", "", ())
    assert (each.out_columns, each.returns_set) == (("key", "value"), True)
    (concat,) = BARE.functions("concat", "", ())
    assert concat.max_args is None
    (count, _) = sorted(BARE.functions("count", "", ()), key=lambda f: f.min_args)
    assert count.kind == "aggregate"
    (rank, *_) = BARE.functions("row_number", "", ())
    assert rank.kind == "window"


@pytest.mark.parametrize(
    ("relation", "tag"),
    [
        ("pg_authid", "credentials"),
        ("pg_shadow", "credentials"),
        ("pg_db_role_setting", "credentials"),
        ("pg_user_mapping", "credentials"),
        ("pg_user_mappings", "credentials"),
        ("pg_hba_file_rules", "credentials"),
        ("pg_hba_file_rules", "files"),
        ("pg_stats", "statistics"),
        ("pg_statistic", "statistics"),
        ("pg_stats_ext_exprs", "statistics"),
        ("pg_statistic_ext_data", "statistics"),
        ("pg_stat_activity", "activity"),
        ("pg_largeobject", "large_objects"),
        ("pg_file_settings", "files"),
    ],
)
def test_sensitive_system_relations(relation: str, tag: str) -> None:
    found = BARE.relation(relation, "", ())
    assert found is not None
    assert found.system
    assert tag in found.tags


def test_other_relations_carry_no_tags() -> None:
    assert knowledge.tags_of("pg_class") == frozenset()
    assert knowledge.tags_of("orders") == frozenset()


def test_system_relations_have_columns_with_the_servers_numbers() -> None:
    found = BARE.relation("pg_class", "", ())
    assert found is not None
    assert found.oid == 1259
    column = found.column("relname")
    assert column is not None
    assert (column.number, column.type_name) == (2, "name")
    tables = BARE.relation("tables", "information_schema", ())
    assert tables is not None
    assert tables.column("table_name") is not None


@pytest.mark.parametrize(
    ("setting", "effect"),
    [
        ("application_name", "harmless"),
        ("DateStyle", "harmless"),
        ("TimeZone", "harmless"),
        ("extra_float_digits", "harmless"),
        ("IntervalStyle", "harmless"),
        ("bytea_output", "harmless"),
        ("standard_conforming_strings", "lexing"),
        ("client_encoding", "lexing"),
        ("backslash_quote", "lexing"),
        ("role", "privilege"),
        ("session_authorization", "privilege"),
        ("search_path", "privilege"),
        ("row_security", "privilege"),
        ("lo_compat_privileges", "privilege"),
        ("session_replication_role", "privilege"),
        ("transaction_read_only", "transaction"),
        ("default_transaction_read_only", "transaction"),
        ("statement_timeout", "resource"),
        ("work_mem", "resource"),
        ("archive_command", "unknown"),
        ("plpgsql.check_asserts", "unknown"),
        ("", "unknown"),
    ],
)
def test_settings(setting: str, effect: str) -> None:
    assert knowledge.setting_effect(setting) == effect


def test_only_six_settings_are_harmless() -> None:
    harmless = [name for name in knowledge._settings() if knowledge.setting_effect(name) == "harmless"]
    assert len(harmless) == 6


def test_types_and_operators() -> None:
    catalog = BARE
    for name in ("int4", "text", "jsonb", "timestamptz", "_int4", "regclass", "int4range", "record"):
        assert catalog.type(name, "", ()) is not None
    assert catalog.type("sql_identifier", "information_schema", ()) is not None
    assert catalog.type("integer", "", ()) is None
    assert {"=", "<>", "||", "->>", "@>", "~~"} <= catalog.builtin_operators
    assert catalog.operators("=", "", ("public",)) == ()


@pytest.mark.parametrize(
    ("extension", "function", "effect"),
    [
        ("dblink", "dblink_exec", "network"),
        ("citext", "citext_eq", "pure"),
        ("pgcrypto", "crypt", "pure"),
        ("tablefunc", "crosstab", "dynamic"),
        ("tablefunc", "normal_rand", "pure"),
        ("pageinspect", "get_raw_page", "relation"),
        ("pg_trgm", "set_limit", "admin"),
        ("postgis", "st_area", "pure"),
        ("postgis", "addgeometrycolumn", "unknown"),
        ("plpython3u", "plpython3_call_handler", "definer"),
        ("lo", "lo_import", None),
        ("somebodys", "f", None),
    ],
)
def test_functions_of_extensions(extension: str, function: str, effect: str | None) -> None:
    assert knowledge.extension_effect(extension, function) == effect


@pytest.mark.parametrize(
    ("name", "namespace", "effect"),
    [
        ("dblink", "", "network"),
        ("dblink_exec", "public", "network"),
        ("schedule", "cron", "admin"),
        ("schedule", "", "unknown"),
        ("crosstab", "", "dynamic"),
        ("http_get", "", "network"),
        ("purge_orders", "", "unknown"),
    ],
)
def test_well_known_names(name: str, namespace: str, effect: str) -> None:
    assert knowledge.well_known_effect(name, namespace) == effect


def test_a_name_alone_never_makes_a_function_harmless() -> None:
    names, prefixes = knowledge._well_known()
    assert {"pure", "read"}.isdisjoint({*names.values(), *(effect for _, effect in prefixes)})
