"""Bounded, incremental decompression: libraries do the work, this room gives them one interface and limits."""
