"""What lies in a git repository: revisions, a file's history, what a checkout is of."""
