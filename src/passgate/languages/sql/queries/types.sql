-- Types other than the row types of relations. What stands between dollar signs is replaced by a condition on n, t.
-- The last column holds the OIDs of user-written functions that run when a value is made from text.
SELECT t.oid,
       n.nspname,
       t.typname,
       t.typtype,
       coalesce(b.typname, ''),
       (SELECT coalesce(json_agg(DISTINCT f.oid::bigint), '[]')
          FROM pg_catalog.pg_proc f
         WHERE f.oid >= 16384
           AND (f.oid = t.typinput
                OR f.oid IN (SELECT d.refobjid
                               FROM pg_catalog.pg_constraint k
                               JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
                                    AND d.objid = k.oid AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                              WHERE k.contypid = t.oid)))
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
 WHERE t.typtype <> 'c' AND ($scope$)
 ORDER BY n.nspname, t.typname
