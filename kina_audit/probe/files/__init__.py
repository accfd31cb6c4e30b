"""File systems and devices, and what /proc and /sys show of the kernel."""
