"""Receipts: signed statements on how requests ended, and the Merkle tree that logs them.

A receipt is a SCITT transparent statement (RFC 9943): a COSE_Sign1 that says how a request ended,
and with it a COSE receipt (RFC 9942) which proves that the statement is an entry of the desk's log,
a Merkle tree as of RFC 9162. It can be verified offline, by anybody who has the desk's public keys.
"""
