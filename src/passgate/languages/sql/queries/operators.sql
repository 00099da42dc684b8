-- User-defined operators, with the OID of the function that each calls.
SELECT n.nspname, o.oprname, coalesce(l.typname, ''), coalesce(r.typname, ''), o.oprcode::oid
  FROM pg_catalog.pg_operator o
  JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
  LEFT JOIN pg_catalog.pg_type l ON l.oid = o.oprleft
  LEFT JOIN pg_catalog.pg_type r ON r.oid = o.oprright
 WHERE o.oid >= 16384 AND o.oprcode <> 0
 ORDER BY n.nspname, o.oprname, o.oid
