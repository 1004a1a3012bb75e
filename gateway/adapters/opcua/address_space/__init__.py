"""The nodes of a site."""
