"""Staff sign-in: passwords, authenticators, sessions, and who has access at all.

``gate`` handles signing in, ``account`` an agent's own access, ``people`` what an administrator
changes for everybody; ``doors`` wires them.
"""
