-- Functions, procedures, aggregates and window functions: one row per overload.
-- What stands between dollar signs is replaced by a condition on n (pg_namespace), p (pg_proc).
SELECT p.oid,
       n.nspname,
       p.proname,
       p.prokind,
       p.pronargs - p.pronargdefaults - (p.provariadic <> 0)::int,
       CASE WHEN p.provariadic = 0 THEN p.pronargs END,
       (SELECT coalesce(json_agg(t.typname ORDER BY a.position), '[]')
          FROM unnest(p.proargtypes) WITH ORDINALITY AS a(type, position)
          JOIN pg_catalog.pg_type t ON t.oid = a.type),
       r.typname,
       (SELECT coalesce(json_agg(a.name ORDER BY a.position), '[]')
          FROM unnest(p.proargnames, p.proargmodes) WITH ORDINALITY AS a(name, mode, position)
         WHERE a.mode IN ('o', 'b', 't')),
       p.proretset,
       p.provolatile,
       l.lanname,
       l.lanpltrusted,
       p.prosecdef,
       pg_catalog.pg_get_userbyid(p.proowner),
       coalesce((SELECT e.extname
                   FROM pg_catalog.pg_depend d
                   JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
                  WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                    AND d.objid = p.oid
                    AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                    AND d.deptype = 'e'), '')
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  JOIN pg_catalog.pg_type r ON r.oid = p.prorettype
 WHERE $scope$
 ORDER BY n.nspname, p.proname, p.oid
