"""The console: what agents, supervisors, administrators and auditors work with."""
