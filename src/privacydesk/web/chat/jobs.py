"""Running message frames on the desk, for the socket and its HTTP equivalent alike."""

from __future__ import annotations

from privacydesk.services.api import Desk, Session
from privacydesk.web.chat.frame_parser import Choose, HandIn, JobFrame, Send


async def run_job(desk: Desk, session: Session, frame: JobFrame) -> int:
    """Pass a frame to the desk; return the offset of the resulting event."""
    if isinstance(frame, Send):
        return await desk.say(session, id=frame.id, text=frame.text, offset=frame.offset)
    if isinstance(frame, Choose) and frame.choices:
        return await desk.choose_several(
            session, id=frame.id, choices=frame.choices, offset=frame.offset
        )
    if isinstance(frame, HandIn):
        return await desk.hand_in(session, id=frame.id, values=frame.values, offset=frame.offset)
    if isinstance(frame, Choose):
        return await desk.choose(session, id=frame.id, choice=frame.choice, offset=frame.offset)
    return await desk.submit_uploads(
        session, id=frame.id, uploads=frame.uploads, done=frame.done, text=frame.text
    )
