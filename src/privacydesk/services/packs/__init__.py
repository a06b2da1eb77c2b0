"""Packs of evidence: what an auditor or a regulator is given, as a page, a PDF or a CSV file.

    records, audit ──► one module a kind of pack ──► Pack ──► page, PDF, CSV

A pack is built once, in one language, and every table names where its figures come from. It holds
no content, apart from a case file that was asked for with words, for a reason.
"""
