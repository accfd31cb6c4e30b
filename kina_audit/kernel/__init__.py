"""What a kernel says about itself: its config text, its version, the value of each symbol."""
