"""Proofs of what ``docs/dialogs.md`` promises of all flows, before any conversation runs one.

The reader has already refused local faults (unknown names, missing outcomes). Here the graphs are
walked.
"""

from __future__ import annotations

from collections.abc import Mapping

from privacydesk.dialog.checks.coverage import check_coverage
from privacydesk.dialog.checks.filling import check_filling
from privacydesk.dialog.checks.history import check_history
from privacydesk.dialog.checks.proof import check_proof
from privacydesk.dialog.checks.reaching import check_reaching
from privacydesk.dialog.checks.texts import CatalogKeys, check_texts
from privacydesk.dialog.faults import DialogFault
from privacydesk.dialog.schema import Flow


def check(flows: Mapping[str, Flow], catalog_keys: CatalogKeys) -> tuple[DialogFault, ...]:
    """Return every fault of a desk's flows, by file and line; empty if all is proved.

    Args:
        flows: all flows, as ``read_flows`` returned them.
        catalog_keys: locale to key to the placeholders of its sentence.
    """
    return _sorted(
        *check_reaching(flows),
        *check_proof(flows),
        *check_filling(flows),
        *check_coverage(flows),
        *check_texts(flows, catalog_keys),
    )


def check_against(
    old_flows: Mapping[str, Flow], new_flows: Mapping[str, Flow]
) -> tuple[DialogFault, ...]:
    """Return the steps and flows that a new version removed without a ``moved:`` entry."""
    return _sorted(*check_history(old_flows, new_flows))


def _sorted(*faults: DialogFault) -> tuple[DialogFault, ...]:
    # A called flow is walked once per caller; each of its faults is reported once.
    return tuple(sorted(set(faults)))
