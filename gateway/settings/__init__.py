"""From the YAML file to validated settings: every finding at once, each with its line and its remedy."""
