"""What lies on this machine: files, folders, standard input, the running kernel and its modules, programs."""
