"""Kernels of guests and nodes, reached by one command each; nothing is written there, and no name reaches a shell."""
