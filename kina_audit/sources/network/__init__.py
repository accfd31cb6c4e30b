"""What comes over the network: HTTP within bounds and deadlines, addresses, the cache."""
