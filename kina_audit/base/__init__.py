"""What every room stands on: bounds, files, JSON and TOML within them, packaged data, worker processes."""
