-- User-defined casts, with the OID of the function that each calls; casts without a function run no code of the user's.
SELECT s.typname, t.typname, c.castfunc, c.castcontext
  FROM pg_catalog.pg_cast c
  JOIN pg_catalog.pg_type s ON s.oid = c.castsource
  JOIN pg_catalog.pg_type t ON t.oid = c.casttarget
 WHERE c.oid >= 16384 AND c.castfunc <> 0
 ORDER BY c.oid
