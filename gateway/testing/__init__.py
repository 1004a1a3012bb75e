"""Public fakes for tests of the gateway and of drivers and adapters from other distributions."""
