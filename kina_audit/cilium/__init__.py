"""What findings mean for Cilium: releases, features, the ladder of modes, Helm values and ConfigMap."""
