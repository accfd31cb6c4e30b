"""The immutable Report and its JSON contract."""
