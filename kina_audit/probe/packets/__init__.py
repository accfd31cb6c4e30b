"""Packets between two network namespaces: what a device or rule is for, not only that it can be made."""
