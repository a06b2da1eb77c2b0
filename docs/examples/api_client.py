"""A sample client of the HTTP API, which takes over tickets as a ticketing system would.

    pip install privacydesk-client
    TOKEN=pdk_… python api_client.py http://127.0.0.1:8080

It lists open tickets page by page, and takes over each one that is unassigned: it claims the
ticket, adds a note with its own number for it, and replies to the requester. Tickets that it holds
already are processed again, in case it was stopped between two steps. Every step is idempotent.
"""

import asyncio
import os
import sys

from privacydesk_client import AsyncDeskClient, ProblemError

IDENTITY = "crm"
"""The identity of the token, which is the holder of tickets that this program claims."""


async def take_over(desk: AsyncDeskClient, number: str) -> None:
    """Take over a ticket: claim it, add a note with our number, and reply to the requester."""
    ticket = await desk.show_ticket(number)
    # A number for the ticket, not the person, who may have several open tickets.
    our_number = f"CRM-{number}"
    # Fails with 412 or 409 if somebody else was faster.
    await desk.claim_ticket(number, key=f"{our_number}-claim", if_match=ticket.etag)
    note = f"Synchronised as {our_number}."
    await desk.note_on_ticket(number, {"text": note}, key=f"{our_number}-note")
    hello = "我们已收到您的申请，正在处理。"
    await desk.reply_on_ticket(number, {"text": hello}, key=f"{our_number}-hello")
    due = ticket.body["due"]["date"] if ticket.body["due"] else "no date yet"
    print(f"{number} {ticket.body['kind']} {our_number} due {due}", flush=True)


async def main(url: str) -> None:
    async with AsyncDeskClient(url, os.environ["TOKEN"]) as desk:
        for holder in (IDENTITY, ""):
            async for page in desk.pages(desk.list_tickets, state=["in_review"], holder=holder):
                for ticket in page["tickets"]:
                    try:
                        await take_over(desk, ticket["number"])
                    except ProblemError as problem:
                        # For example, an agent has taken over the conversation.
                        print(f"{ticket['number']}: {problem}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
