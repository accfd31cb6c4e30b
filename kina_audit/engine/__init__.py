"""The engine: (KernelConfig, Profile) to findings. Called ``engine`` because ``kina_audit.audit`` is the function."""
