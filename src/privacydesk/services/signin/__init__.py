"""How staff get in: passwords, authenticators, sessions, and who is let in at all.

``gate`` is the way in, ``account`` what staff do about their own access, ``people`` what an
administrator does about everybody's; ``doors`` wires them.
"""
