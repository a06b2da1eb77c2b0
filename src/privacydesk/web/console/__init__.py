"""The console: the web application of agents, supervisors, administrators and auditors."""
