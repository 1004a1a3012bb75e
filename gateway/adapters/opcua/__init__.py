"""OPC UA server of the gateway, on asyncua.

From the wire inwards: `network` (connections, secure channels), `security` (who somebody is and may), `services`
(sessions and what they can ask), `notifications` (from a new value to bytes for a subscriber), `conditions` (alarms and
events), `models` (companion specifications), `address_space` (the nodes of a site), `engine` (corrections of asyncua).

Only `adapter` and the packages below it import the engine; `kind`, `settings`, `node_ids` and `address_space.units` are
plain Python, so that listing NodeIds costs nothing.
"""
