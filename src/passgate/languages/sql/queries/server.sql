-- The server's version number, and every schema that can be named.
SELECT pg_catalog.current_setting('server_version_num'),
       (SELECT json_agg(n.nspname ORDER BY n.nspname) FROM pg_catalog.pg_namespace n)
