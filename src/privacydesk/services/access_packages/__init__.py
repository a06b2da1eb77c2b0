"""The access package: what the account service returned, as a file that a person can read.

    answer ─► masking (rules.yaml) ─► page, tables, JSON ─► one ZIP ─► sealed in parts

Nothing here reads or writes anything but its own rules and template; ``packages`` offers the file
and hands it out.
"""
