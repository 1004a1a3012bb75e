"""pvAccess server of the gateway, on p4p, which is installed with the extra `pva`.

Only `adapter` and the modules below it import the engine; `kind`, `settings`, `names`, `pvi_tree` and `probe` do not.
"""
