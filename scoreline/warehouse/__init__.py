"""Raw files, stream tables and running measures: the only package that imports duckdb."""
