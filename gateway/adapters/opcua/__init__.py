"""OPC UA server of the gateway, on asyncua.

From the wire inwards: `network` (connections, secure channels), `conditions` (alarms), `services` (sessions and what
they can ask), `models` (companion specifications), `notifications` (from a new value to bytes for a subscriber),
`events` (what happened, and who wants to hear of it), `security` (who somebody is and may), `address_space` (the nodes
of a site), `engine` (corrections of asyncua). Each imports only from those behind it.

Only `adapter` and the packages below it import the engine; `kind`, `settings`, `limits`, `node_ids` and
`address_space.units` are plain Python, so that listing NodeIds costs nothing.
"""
