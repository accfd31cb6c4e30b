"""Feature profiles: what a feature asks of a kernel, read from TOML."""
