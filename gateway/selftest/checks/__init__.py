"""One check per file; `gateway.selftest.table` says in which order they run."""
