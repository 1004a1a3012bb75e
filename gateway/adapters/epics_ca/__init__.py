"""Channel Access server of the gateway, on caproto.

Only `adapter` and the modules below it import the engine; `kind`, `settings`, `names` and `encoding` are plain Python,
so that listing PV names costs nothing.
"""
