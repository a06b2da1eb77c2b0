"""The figure of incident notices: how many recipients each one has reached."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from privacydesk.domain.figures import Figure, FigureName, Line
from privacydesk.domain.incidents import Incident, IncidentProgress


def incident_figure(notices: Iterable[tuple[Incident, IncidentProgress]], zone: ZoneInfo) -> Figure:
    """Return a line for each notice, by the day of its release and the incident's name."""
    return Figure(
        FigureName.INCIDENTS,
        tuple(Line(_label(incident, zone), _values(progress)) for incident, progress in notices),
    )


def _label(incident: Incident, zone: ZoneInfo) -> str:
    released_at = incident.released_at
    day = "" if released_at is None else f"{released_at.astimezone(zone).date()} "
    return day + incident.name


def _values(progress: IncidentProgress) -> tuple[int, ...]:
    reached = progress.told + progress.failed - progress.read - progress.unreached
    return progress.read, progress.unreached, reached, progress.waiting
