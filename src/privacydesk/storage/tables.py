"""The tables, once for SQLite and PostgreSQL.

All ids are ours; the database assigns none. Instants are BIGINT microseconds since 1970 in UTC.
Columns in the clear are those that queries need; everything a person said or is called stands in
a sealed column. There are no foreign keys: the writer is the only one to write, and the large
tables are made to be partitioned by ``conversation_id``, which keys across tables would hinder.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Blob(sa.LargeBinary):
    """Raw bytes: both drivers take them without a wrapper, which would cost every row."""

    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> None:
        """Return no processor."""


_ID = Blob(16)
_HASH = Blob(32)
_SEALED = Blob
_INSTANT = sa.BigInteger


def _mac() -> sa.Column[bytes]:
    """Return the column of a row's digest; see ``rows.binding``. A row without one is refused."""
    return sa.Column("mac", Blob)


def _partial_index(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    # PostgreSQL's are made by migrations, with the same conditions; stating them here would have
    # every process import its dialect.
    return sa.Index(name, *columns, unique=unique, sqlite_where=sa.text(where))


def _pile(name: str, *first: str, marked: str, where: str) -> sa.Index:
    """Return the index of an inbox view, in its order.

    ``marked`` is the condition's own column: with it the index alone answers a count. Then come
    the filter columns, so that rows that are filtered out are not fetched.
    """
    sifted = [one for one in ("kind", "locale", "holder") if one not in first]
    return _partial_index(name, *first, "urgent_at", "id", marked, *sifted, where=where)


conversation = sa.Table(
    "conversation",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("epoch", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("owner_kind", sa.Text, nullable=False),
    sa.Column("owner_agent", sa.Text, nullable=False),
    sa.Column("queued_at", _INSTANT),
    sa.Column("state", _SEALED, nullable=False),
    _partial_index("ix_conversation_queue", "queued_at", "id", where="owner_kind = 'queue'"),
    _partial_index("ix_conversation_agent", "owner_agent", where="owner_kind = 'agent'"),
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("conversation_id", _ID, primary_key=True),
    sa.Column("offset", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("job_id", sa.Text),
    sa.Column("body", _SEALED, nullable=False),
    # The job comes first: resent ids are looked up by job alone, twice as fast on SQLite as by
    # pairs, and the conversation is compared afterwards.
    _partial_index(
        "uq_event_job", "job_id", "conversation_id", where="job_id IS NOT NULL", unique=True
    ),
)

conversation_key = sa.Table(
    "conversation_key",
    metadata,
    sa.Column("hash", _HASH, primary_key=True),
    sa.Column("conversation_id", _ID, nullable=False, index=True),
    _mac(),
)

data_key = sa.Table(
    "data_key",
    metadata,
    sa.Column("conversation_id", _ID, primary_key=True),
    sa.Column("ring_key", sa.Text, nullable=False, index=True),
    sa.Column("wrapped", Blob, nullable=False),
)

ticket = sa.Table(
    "ticket",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("conversation_id", _ID, nullable=False, index=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    # Of open tickets, for the inbox; null also where an earlier version wrote last.
    sa.Column("locale", sa.Text),
    sa.Column("due_date", sa.Date),
    sa.Column("due_at", _INSTANT),
    sa.Column("provisional", sa.Boolean, nullable=False),
    sa.Column("next_due_at", _INSTANT),
    sa.Column("received_at", _INSTANT, nullable=False),
    sa.Column("closed_at", _INSTANT),
    sa.Column("outcome", sa.Text),
    # The ticket objected to, which may belong to another conversation.
    sa.Column("linked", _ID),
    # What reports count; the requester's words are sealed in the log.
    sa.Column("satisfaction", sa.Text),
    sa.Column("purged_at", _INSTANT),
    # What the inbox sorts and counts by. ``urgent_at`` is far ahead if nothing waits for a
    # decision; the flags are set on open tickets alone.
    sa.Column("urgent_at", _INSTANT, nullable=False),
    sa.Column("awaited", sa.Boolean, nullable=False),
    sa.Column("examine", sa.Boolean, nullable=False),
    sa.Column("objection", sa.Boolean, nullable=False),
    sa.Column("guarded", sa.Boolean, nullable=False),
    sa.Column("escalated", sa.Boolean, nullable=False),
    # What reports are made of: dates and enumerated values; they outlive the content.
    sa.Column("counted_from", _INSTANT),
    sa.Column("promised_at", _INSTANT),
    sa.Column("answered_at", _INSTANT),
    sa.Column("grounds", sa.Text, nullable=False),
    sa.Column("body", _SEALED, nullable=False),
    sa.Index("ix_ticket_state", "state", "due_at"),
    _partial_index("ix_ticket_linked", "linked", where="linked IS NOT NULL"),
    _partial_index(
        "ix_ticket_kept", "closed_at", where="closed_at IS NOT NULL AND purged_at IS NULL"
    ),
    sa.Index("ix_ticket_due_at", "due_at", "id"),
    # All that a report reads of a ticket, so that the index alone answers, without the bodies.
    sa.Index(
        "ix_ticket_report",
        "received_at",
        "closed_at",
        "answered_at",
        "promised_at",
        "counted_from",
        "kind",
        "grounds",
        "satisfaction",
    ),
    _partial_index("ix_ticket_next_due_at", "next_due_at", where="next_due_at IS NOT NULL"),
    _partial_index("ix_ticket_provisional", "id", where="provisional AND state <> 'closed'"),
    _pile("ix_ticket_holder", "holder", marked="state", where="state <> 'closed'"),
    _pile("ix_ticket_open", marked="state", where="state <> 'closed'"),
    _pile("ix_ticket_awaited", marked="awaited", where="awaited"),
    _pile("ix_ticket_examine", marked="examine", where="examine"),
    _pile("ix_ticket_objection", marked="objection", where="objection"),
    _pile("ix_ticket_guarded", marked="guarded", where="guarded"),
    _pile("ix_ticket_escalated", marked="escalated", where="escalated"),
)

ticket_number = sa.Table(
    "ticket_number",
    metadata,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("ticket_id", _ID, nullable=False),
    sa.Column("conversation_id", _ID, nullable=False),
    # A second copy of the ticket's version, which reveals that its row was rolled back.
    sa.Column("version", sa.BigInteger),
    _mac(),
)

ticket_person = sa.Table(
    "ticket_person",
    metadata,
    sa.Column("hash", _HASH, primary_key=True),
    sa.Column("ticket_id", _ID, primary_key=True),
    sa.Column("conversation_id", _ID, nullable=False),
)

ticket_log = sa.Table(
    "ticket_log",
    metadata,
    sa.Column("ticket_id", _ID, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("conversation_id", _ID, nullable=False),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    # Set on the first entry of a job that runs once for this ticket, with the first offset it
    # left in the conversation.
    sa.Column("once_id", sa.Text),
    sa.Column("offset", sa.BigInteger, nullable=False),
    sa.Column("body", _SEALED, nullable=False),
    # The ticket's version after the entry's job; null in entries older than this column.
    sa.Column("ticket_version", sa.BigInteger),
    _partial_index(
        "uq_ticket_log_once", "once_id", "ticket_id", where="once_id IS NOT NULL", unique=True
    ),
)

challenge = sa.Table(
    "challenge",
    metadata,
    sa.Column("id", _HASH, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("code_hash", Blob, nullable=False),
    sa.Column("expires_at", _INSTANT),
    sa.Column("entries_left", sa.Integer, nullable=False),
    sa.Column("not_before", _INSTANT),
    sa.Column("marks", Blob, nullable=False),
    _mac(),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("lane", Blob, nullable=False),
    sa.Column("conversation_id", _ID, nullable=False),
    sa.Column("ticket_id", _ID),
    sa.Column("ref", sa.Text, nullable=False),
    sa.Column("due_at", _INSTANT, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("give_up_at", _INSTANT),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("told", sa.Boolean, nullable=False),
    sa.Column("payload", _SEALED, nullable=False),
    # By channel: thousands that wait for one are not scanned on behalf of another.
    _partial_index("ix_outbox_due_at", "channel", "due_at", where="state = 'open'"),
    _partial_index("ix_outbox_lane", "lane", "id", where="state = 'open'"),
    _partial_index("ix_outbox_notices", "ticket_id", "id", where="channel = 'notice'"),
)

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("conversation_id", _ID, nullable=False, index=True),
    sa.Column("ticket_id", _ID, index=True),
    sa.Column("name", _SEALED, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    # Files are uploaded in parallel, the smaller one first: this keeps the order of submission.
    sa.Column("handed_in_at", _INSTANT),
    sa.Column("removed_at", _INSTANT),
    sa.Column("body", _SEALED, nullable=False),
    _partial_index("ix_evidence_staged", "id", where="ticket_id IS NULL AND removed_at IS NULL"),
)

attachment = sa.Table(
    "attachment",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("conversation_id", _ID, nullable=False),
    sa.Column("offset", sa.BigInteger, nullable=False),
    sa.Column("name", _SEALED, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("body", _SEALED, nullable=False),
    sa.Index("ix_attachment_event", "conversation_id", "offset"),
)

text_module = sa.Table(
    "text_module",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("texts", sa.Text, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", _INSTANT, nullable=False),
    _mac(),
)

package_part = sa.Table(
    "package_part",
    metadata,
    sa.Column("package_id", _ID, primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("conversation_id", _ID, nullable=False, index=True),
    sa.Column("ticket_id", _ID, nullable=False, index=True),
    sa.Column("until", _INSTANT, nullable=False, index=True),
    sa.Column("body", _SEALED, nullable=False),
)

agent = sa.Table(
    "agent",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger),
    _mac(),
)

agent_credential = sa.Table(
    "agent_credential",
    metadata,
    sa.Column("agent", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("changed_at", _INSTANT, nullable=False),
    sa.Column("temporary_until", _INSTANT),
    sa.Column("body", _SEALED, nullable=False),
)

agent_session = sa.Table(
    "agent_session",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("hash", _HASH, nullable=False, unique=True),
    sa.Column("agent", sa.Text, nullable=False, index=True),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("started_at", _INSTANT, nullable=False),
    sa.Column("seen_at", _INSTANT, nullable=False),
    sa.Column("ends_at", _INSTANT, nullable=False, index=True),
    sa.Column("body", _SEALED, nullable=False),
)

agent_attempt = sa.Table(
    "agent_attempt",
    metadata,
    sa.Column("id", _HASH, primary_key=True),
    sa.Column("failed", sa.BigInteger, nullable=False),
    sa.Column("last_at", _INSTANT, nullable=False, index=True),
    sa.Column("not_before", _INSTANT, nullable=False),
    _mac(),
)

access_log = sa.Table(
    "access_log",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("at", _INSTANT, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("body", _SEALED, nullable=False),
)

agent_duty = sa.Table(
    "agent_duty",
    metadata,
    sa.Column("agent", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("since", _INSTANT),
    sa.Column("there_until", _INSTANT),
    sa.Column("connected", sa.Boolean, nullable=False),
    sa.Column("languages", sa.Text, nullable=False),
    sa.Column("given_at", _INSTANT),
)

staff_alarm = sa.Table(
    "staff_alarm",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", _INSTANT, nullable=False, index=True),
    sa.Column("conversation_id", _ID, nullable=False, index=True),
    sa.Column("ticket_id", _ID),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("unattended", sa.Boolean, nullable=False),
    sa.Column("seen_at", _INSTANT),
    sa.Index("ix_staff_alarm_agent", "agent", "at"),
    # It includes the condition's own column, so that the index alone answers a count.
    _partial_index("ix_staff_alarm_unseen", "agent", "seen_at", where="seen_at IS NULL"),
)

webhook_endpoint = sa.Table(
    "webhook_endpoint",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    # Names separated by spaces: read whenever a ticket changes.
    sa.Column("kinds", sa.Text, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("failing_since", _INSTANT),
    sa.Column("alarmed_at", _INSTANT),
    sa.Column("body", _SEALED, nullable=False),
)

webhook_posting = sa.Table(
    "webhook_posting",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("event_id", _ID, nullable=False),
    sa.Column("endpoint_id", _ID, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("lane", _HASH, nullable=False),
    sa.Column("place", sa.BigInteger, nullable=False),
    sa.Column("ticket_id", _ID),
    sa.Column("number", sa.Text, nullable=False),
    # Not sealed: it repeats columns in the clear of ``ticket``.
    sa.Column("body", Blob, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("due_at", _INSTANT, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("tries_left", sa.Integer, nullable=False),
    sa.Column("begun_at", _INSTANT, nullable=False),
    sa.Column("done_at", _INSTANT),
    _mac(),
    sa.Index("ix_webhook_posting_log", "endpoint_id", "id"),
    _partial_index("ix_webhook_posting_due", "endpoint_id", "due_at", where="open"),
    _partial_index("ix_webhook_posting_lane", "lane", "place", where="open"),
    _partial_index("ix_webhook_posting_parked", "endpoint_id", "id", where="state = 'parked'"),
    _partial_index("ix_webhook_posting_done", "done_at", where="NOT open"),
)

webhook_try = sa.Table(
    "webhook_try",
    metadata,
    sa.Column("posting_id", _ID, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("took", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("fault", sa.Text, nullable=False),
    sa.Column("answer", _SEALED, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("ticket_id", _ID),
    sa.Column("conversation_id", _ID),
    sa.Column("evidence_id", _ID),
    sa.Column("detail", sa.Text, nullable=False),
    # Both are set when the entry is sealed, and never again.
    sa.Column("seq", sa.BigInteger),
    sa.Column("code", _HASH),
    # The rows that the act changed, with their new versions, as JSON; see ``rows.audit``.
    sa.Column("anchors", sa.Text),
    _mac(),
    _partial_index("uq_audit_seq", "seq", where="seq IS NOT NULL", unique=True),
    _partial_index("ix_audit_waiting", "id", where="seq IS NULL"),
    sa.Index("ix_audit_by", "by", "id"),
    sa.Index("ix_audit_what", "what", "id"),
    _partial_index("ix_audit_ticket", "ticket_id", "id", where="ticket_id IS NOT NULL"),
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("entries", sa.BigInteger, nullable=False),
    sa.Column("last", _HASH, nullable=False),
    sa.Column("code", _HASH, nullable=False),
)

counter = sa.Table(
    "counter",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    # The process that counts: no two write to the same row.
    sa.Column("source", Blob(8), primary_key=True),
    sa.Column("what", sa.Text, primary_key=True),
    sa.Column("detail", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
)

chore = sa.Table(
    "chore",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("due_at", _INSTANT, nullable=False),
)

# Digests that tell values apart; neither a secret nor a file can be recovered from them.
fingerprint = sa.Table(
    "fingerprint",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("digest", _HASH, nullable=False),
    sa.Column("recorded_at", _INSTANT, nullable=False),
    sa.Column("recorded_by", sa.Text, nullable=False),
)

api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("hash", _HASH, nullable=False),
    sa.Column("agent", sa.Text, nullable=False),
    # Names separated by spaces.
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("expires_at", _INSTANT, nullable=False),
    sa.Column("revoked_at", _INSTANT),
    sa.Column("used_at", _INSTANT),
    _mac(),
    sa.Index("ix_api_token_hash", "hash", unique=True),
)

# A row for each revocation, which is never changed: so it can't be rolled back.
app_token_revocation = sa.Table(
    "app_token_revocation",
    metadata,
    # Of an account, or of a token's own id.
    sa.Column("hash", _HASH, primary_key=True),
    sa.Column("revoked_at", _INSTANT, primary_key=True, autoincrement=False),
    _mac(),
    sa.Index("ix_app_token_revocation_place", "revoked_at", "hash"),
)

# Answers to requests that change something: numbers, states, dates; no personal data.
api_answer = sa.Table(
    "api_answer",
    metadata,
    sa.Column("agent", sa.Text, primary_key=True),
    sa.Column("key", _HASH, primary_key=True),
    sa.Column("fingerprint", _HASH, nullable=False),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", Blob, nullable=False),
    sa.Column("tag", sa.Text, nullable=False),
    sa.Index("ix_api_answer_at", "at"),
)

ticketing_system = sa.Table(
    "ticketing_system",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("joined_at", _INSTANT, nullable=False),
    # When tickets without a link were last looked for.
    sa.Column("looked_at", _INSTANT),
    sa.Column("cursor", sa.Text, nullable=False),
    sa.Column("failing_since", _INSTANT),
    sa.Column("alarmed_at", _INSTANT),
    sa.Column("fault", sa.Text, nullable=False),
)

# Ids, states, names of remote users: it outlives a ticket's content, and holds none of it.
ticketing_link = sa.Table(
    "ticketing_link",
    metadata,
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("ticket_id", _ID, primary_key=True),
    sa.Column("conversation_id", _ID, nullable=False),
    sa.Column("remote", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("log_head", sa.BigInteger, nullable=False),
    sa.Column("due_at", _INSTANT, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("fault", sa.Text, nullable=False),
    sa.Column("synced_at", _INSTANT),
    sa.Column("doubt_until", _INSTANT),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("known", Blob, nullable=False),
    _mac(),
    sa.Index("ix_ticketing_link_remote", "system", "remote"),
    _partial_index("ix_ticketing_link_due", "system", "due_at", where="open"),
)
