"""Kernel packages and archives: read forward, never unpacked to disk; one module a container."""
