"""Staff sign-in and access: passwords, authenticators, sessions, and management of agents.

``sign_in`` implements the steps of signing in, ``agent_account`` what agents do with their own
access, ``agent_administration`` what administrators do; ``services`` wires them.
"""
