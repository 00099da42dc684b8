-- Tables, partitioned and foreign tables, views, materialized views, sequences, composite types.
-- What stands between dollar signs is replaced by a condition on n (pg_namespace), c (pg_class).
SELECT c.oid,
       n.nspname,
       c.relname,
       c.relkind,
       c.relrowsecurity,
       EXISTS (SELECT FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename <> '_RETURN'),
       EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
       (SELECT coalesce(json_agg(json_build_array(a.attname, a.attnum, t.typname, t.oid::bigint, a.attnotnull,
                                                  a.attidentity <> '' OR a.attgenerated <> '',
                   -- What a generated column is computed of. Of whom it depends, the column or its expression, is a matter of the version.
                   CASE WHEN a.attgenerated = '' THEN '[]'
                        ELSE (SELECT coalesce(json_agg(DISTINCT s.attname), '[]')
                                FROM pg_catalog.pg_depend p
                                JOIN pg_catalog.pg_attribute s ON s.attrelid = c.oid AND s.attnum = p.refobjsubid
                               WHERE p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND p.refobjid = c.oid
                                 AND p.refobjsubid NOT IN (0, a.attnum)
                                 AND (p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                      AND p.objid = c.oid AND p.objsubid = a.attnum
                                      OR p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
                                      AND p.objid IN (SELECT e.oid FROM pg_catalog.pg_attrdef e
                                                       WHERE e.adrelid = c.oid AND e.adnum = a.attnum))) END)
                                 ORDER BY a.attnum), '[]')
          FROM pg_catalog.pg_attribute a
          JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       -- A key of a plain table that others inherit from is not unique over what a statement on it reaches.
       CASE WHEN c.relkind <> 'p' AND EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid) THEN '[]'
            ELSE (SELECT coalesce(json_agg(json_build_array(i.indisprimary,
                         (SELECT json_agg(a.attname ORDER BY k.position)
                            FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, position)
                            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
                           WHERE k.position <= i.indnkeyatts)) ORDER BY i.indexrelid), '[]')
                    FROM pg_catalog.pg_index i
                   WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
                     AND i.indpred IS NULL AND i.indexprs IS NULL) END,
       (SELECT coalesce(json_agg(json_build_array(
                   (SELECT json_agg(a.attname ORDER BY k.position)
                      FROM unnest(f.conkey) WITH ORDINALITY AS k(number, position)
                      JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number),
                   fn.nspname, fc.relname,
                   (SELECT json_agg(a.attname ORDER BY k.position)
                      FROM unnest(f.confkey) WITH ORDINALITY AS k(number, position)
                      JOIN pg_catalog.pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number),
                   f.confdeltype, f.confupdtype) ORDER BY f.oid), '[]')
          FROM pg_catalog.pg_constraint f
          JOIN pg_catalog.pg_class fc ON fc.oid = f.confrelid
          JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
         WHERE f.conrelid = c.oid AND f.contype = 'f'),
       (SELECT coalesce(json_agg(h.inhparent::bigint ORDER BY h.inhseqno), '[]')
          FROM pg_catalog.pg_inherits h
         WHERE h.inhrelid = c.oid),
       CASE WHEN c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            -- With an empty path every name comes out qualified; CASE holds the order.
            THEN CASE WHEN (SELECT pg_catalog.set_config('search_path', '', true)) = ''
                      THEN pg_catalog.pg_get_viewdef(c.oid) END END
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND ($scope$)
 ORDER BY n.nspname, c.relname
