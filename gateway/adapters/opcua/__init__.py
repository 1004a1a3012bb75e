"""OPC UA server of the gateway, on asyncua.

Only `adapter` and the modules below it import the engine; `kind`, `settings`, `nodes` and `units` are plain Python, so
that listing NodeIds costs nothing.
"""
