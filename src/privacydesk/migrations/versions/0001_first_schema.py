"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _make_conversations()
    _make_tickets()
    _make_deliveries()
    _make_files()
    _make_staff()
    _make_webhooks()
    _make_upkeep()
    _make_programs()
    _make_ticketing()


def downgrade() -> None:
    """Drop the tables."""
    for table in (
        "ticketing_link",
        "ticketing_system",
        "api_answer",
        "app_token_revocation",
        "api_token",
        "fingerprint",
        "chore",
        "counter",
        "audit_head",
        "audit",
        "webhook_try",
        "webhook_posting",
        "webhook_endpoint",
        "staff_alarm",
        "agent_duty",
        "access_log",
        "agent_attempt",
        "agent_session",
        "agent_credential",
        "agent",
        "package_part",
        "text_module",
        "attachment",
        "evidence",
        "outbox",
        "challenge",
        "ticket_log",
        "ticket_person",
        "ticket_number",
        "ticket",
        "data_key",
        "conversation_key",
        "event",
        "conversation",
    ):
        op.drop_table(table)


def _make_conversations() -> None:
    op.create_table(
        "conversation",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("owner_kind", sa.Text(), nullable=False),
        sa.Column("owner_agent", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
    )
    _partial_index(
        "ix_conversation_agent", "conversation", ["owner_agent"], where="owner_kind = 'agent'"
    )
    _partial_index(
        "ix_conversation_queue", "conversation", ["queued_at", "id"], where="owner_kind = 'queue'"
    )
    op.create_table(
        "event",
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "offset", name="pk_event"),
    )
    _partial_index(
        "uq_event_job",
        "event",
        ["job_id", "conversation_id"],
        where="job_id IS NOT NULL",
        unique=True,
    )
    op.create_table(
        "conversation_key",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name="pk_conversation_key"),
    )
    op.create_index("ix_conversation_key_conversation_id", "conversation_key", ["conversation_id"])
    op.create_table(
        "data_key",
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("ring_key", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_data_key"),
    )
    op.create_index("ix_data_key_ring_key", "data_key", ["ring_key"])


def _make_tickets() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("next_due_at", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("linked", sa.LargeBinary(16), nullable=True),
        sa.Column("satisfaction", sa.Text(), nullable=True),
        sa.Column("purged_at", sa.BigInteger(), nullable=True),
        sa.Column("urgent_at", sa.BigInteger(), nullable=False),
        sa.Column("awaited", sa.Boolean(), nullable=False),
        sa.Column("examine", sa.Boolean(), nullable=False),
        sa.Column("objection", sa.Boolean(), nullable=False),
        sa.Column("guarded", sa.Boolean(), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("counted_from", sa.BigInteger(), nullable=True),
        sa.Column("promised_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
    )
    _partial_index(
        "ix_ticket_awaited",
        "ticket",
        ["urgent_at", "id", "awaited", "kind", "locale", "holder"],
        where="awaited",
    )
    op.create_index("ix_ticket_conversation_id", "ticket", ["conversation_id"])
    op.create_index("ix_ticket_due_at", "ticket", ["due_at", "id"])
    _partial_index(
        "ix_ticket_escalated",
        "ticket",
        ["urgent_at", "id", "escalated", "kind", "locale", "holder"],
        where="escalated",
    )
    _partial_index(
        "ix_ticket_examine",
        "ticket",
        ["urgent_at", "id", "examine", "kind", "locale", "holder"],
        where="examine",
    )
    _partial_index(
        "ix_ticket_guarded",
        "ticket",
        ["urgent_at", "id", "guarded", "kind", "locale", "holder"],
        where="guarded",
    )
    _partial_index(
        "ix_ticket_holder",
        "ticket",
        ["holder", "urgent_at", "id", "state", "kind", "locale"],
        where="state <> 'closed'",
    )
    _partial_index(
        "ix_ticket_kept",
        "ticket",
        ["closed_at"],
        where="closed_at IS NOT NULL AND purged_at IS NULL",
    )
    _partial_index("ix_ticket_linked", "ticket", ["linked"], where="linked IS NOT NULL")
    _partial_index(
        "ix_ticket_next_due_at", "ticket", ["next_due_at"], where="next_due_at IS NOT NULL"
    )
    _partial_index(
        "ix_ticket_objection",
        "ticket",
        ["urgent_at", "id", "objection", "kind", "locale", "holder"],
        where="objection",
    )
    _partial_index(
        "ix_ticket_open",
        "ticket",
        ["urgent_at", "id", "state", "kind", "locale", "holder"],
        where="state <> 'closed'",
    )
    _partial_index(
        "ix_ticket_provisional", "ticket", ["id"], where="provisional AND state <> 'closed'"
    )
    op.create_index(
        "ix_ticket_report",
        "ticket",
        [
            "received_at",
            "closed_at",
            "answered_at",
            "promised_at",
            "counted_from",
            "kind",
            "grounds",
            "satisfaction",
        ],
    )
    op.create_index("ix_ticket_state", "ticket", ["state", "due_at"])
    op.create_table(
        "ticket_number",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_ticket_number"),
    )
    op.create_table(
        "ticket_person",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("hash", "ticket_id", name="pk_ticket_person"),
    )
    op.create_table(
        "ticket_log",
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("once_id", sa.Text(), nullable=True),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("ticket_version", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name="pk_ticket_log"),
    )
    _partial_index(
        "uq_ticket_log_once",
        "ticket_log",
        ["once_id", "ticket_id"],
        where="once_id IS NOT NULL",
        unique=True,
    )


def _make_deliveries() -> None:
    op.create_table(
        "challenge",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("entries_left", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("marks", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_challenge"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("lane", sa.LargeBinary(), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=True),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("give_up_at", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    _partial_index("ix_outbox_due_at", "outbox", ["channel", "due_at"], where="state = 'open'")
    _partial_index("ix_outbox_lane", "outbox", ["lane", "id"], where="state = 'open'")
    _partial_index("ix_outbox_notices", "outbox", ["ticket_id", "id"], where="channel = 'notice'")


def _make_files() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("handed_in_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evidence"),
    )
    op.create_index("ix_evidence_conversation_id", "evidence", ["conversation_id"])
    _partial_index(
        "ix_evidence_staged", "evidence", ["id"], where="ticket_id IS NULL AND removed_at IS NULL"
    )
    op.create_index("ix_evidence_ticket_id", "evidence", ["ticket_id"])
    op.create_table(
        "attachment",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
    )
    op.create_index("ix_attachment_event", "attachment", ["conversation_id", "offset"])
    op.create_table(
        "package_part",
        sa.Column("package_id", sa.LargeBinary(16), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("package_id", "place", name="pk_package_part"),
    )
    op.create_index("ix_package_part_conversation_id", "package_part", ["conversation_id"])
    op.create_index("ix_package_part_ticket_id", "package_part", ["ticket_id"])
    op.create_index("ix_package_part_until", "package_part", ["until"])


def _make_staff() -> None:
    op.create_table(
        "text_module",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_text_module"),
    )
    op.create_table(
        "agent",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_agent"),
    )
    op.create_table(
        "agent_credential",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("temporary_until", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("agent", name="pk_agent_credential"),
    )
    op.create_table(
        "agent_session",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agent_session"),
        sa.UniqueConstraint("hash", name="uq_agent_session_hash"),
    )
    op.create_index("ix_agent_session_agent", "agent_session", ["agent"])
    op.create_index("ix_agent_session_ends_at", "agent_session", ["ends_at"])
    op.create_table(
        "agent_attempt",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_agent_attempt"),
    )
    op.create_index("ix_agent_attempt_last_at", "agent_attempt", ["last_at"])
    op.create_table(
        "access_log",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_log"),
    )
    op.create_index("ix_access_log_at", "access_log", ["at"])
    op.create_table(
        "agent_duty",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("there_until", sa.BigInteger(), nullable=True),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("languages", sa.Text(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("agent", name="pk_agent_duty"),
    )
    op.create_table(
        "staff_alarm",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("unattended", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_staff_alarm"),
    )
    op.create_index("ix_staff_alarm_agent", "staff_alarm", ["agent", "at"])
    op.create_index("ix_staff_alarm_at", "staff_alarm", ["at"])
    op.create_index("ix_staff_alarm_conversation_id", "staff_alarm", ["conversation_id"])
    _partial_index(
        "ix_staff_alarm_unseen", "staff_alarm", ["agent", "seen_at"], where="seen_at IS NULL"
    )


def _make_webhooks() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("alarmed_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoint"),
    )
    op.create_table(
        "webhook_posting",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("event_id", sa.LargeBinary(16), nullable=False),
        sa.Column("endpoint_id", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lane", sa.LargeBinary(32), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_posting"),
    )
    _partial_index("ix_webhook_posting_done", "webhook_posting", ["done_at"], where="NOT open")
    _partial_index(
        "ix_webhook_posting_due", "webhook_posting", ["endpoint_id", "due_at"], where="open"
    )
    _partial_index("ix_webhook_posting_lane", "webhook_posting", ["lane", "place"], where="open")
    op.create_index("ix_webhook_posting_log", "webhook_posting", ["endpoint_id", "id"])
    _partial_index(
        "ix_webhook_posting_parked",
        "webhook_posting",
        ["endpoint_id", "id"],
        where="state = 'parked'",
    )
    op.create_table(
        "webhook_try",
        sa.Column("posting_id", sa.LargeBinary(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("took", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("posting_id", "attempt", name="pk_webhook_try"),
    )


def _make_upkeep() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=True),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=True),
        sa.Column("evidence_id", sa.LargeBinary(16), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.LargeBinary(32), nullable=True),
        sa.Column("anchors", sa.Text(), nullable=True),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_by", "audit", ["by", "id"])
    _partial_index("ix_audit_ticket", "audit", ["ticket_id", "id"], where="ticket_id IS NOT NULL")
    _partial_index("ix_audit_waiting", "audit", ["id"], where="seq IS NULL")
    op.create_index("ix_audit_what", "audit", ["what", "id"])
    _partial_index("uq_audit_seq", "audit", ["seq"], where="seq IS NOT NULL", unique=True)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.LargeBinary(32), nullable=False),
        sa.Column("code", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.create_table(
        "counter",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.LargeBinary(8), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "source", "what", "detail", name="pk_counter"),
    )
    op.create_table(
        "chore",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_chore"),
    )
    op.create_table(
        "fingerprint",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_fingerprint"),
    )


def _make_programs() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
    )
    op.create_index("ix_api_token_hash", "api_token", ["hash"], unique=True)
    op.create_table(
        "app_token_revocation",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("hash", "revoked_at", name="pk_app_token_revocation"),
    )
    op.create_index("ix_app_token_revocation_place", "app_token_revocation", ["revoked_at", "hash"])
    op.create_table(
        "api_answer",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent", "key", name="pk_api_answer"),
    )
    op.create_index("ix_api_answer_at", "api_answer", ["at"])


def _make_ticketing() -> None:
    op.create_table(
        "ticketing_system",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("alarmed_at", sa.BigInteger(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_ticketing_system"),
    )
    op.create_table(
        "ticketing_link",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("remote", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("log_head", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=True),
        sa.Column("doubt_until", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("known", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("system", "ticket_id", name="pk_ticketing_link"),
    )
    _partial_index("ix_ticketing_link_due", "ticketing_link", ["system", "due_at"], where="open")
    op.create_index("ix_ticketing_link_remote", "ticketing_link", ["system", "remote"])


def _partial_index(
    name: str, table: str, columns: list[str], *, where: str, unique: bool = False
) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )
