"""Try a feature on the kernel that runs. Everything happens in a child in namespaces of its own; see `keeper`."""
