"""The first schema: conversations, tickets, codes, outbox, evidence, agents, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
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
        unique=True,
        where="job_id IS NOT NULL",
    )
    op.create_table(
        "conversation_key",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
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
    op.create_table(
        "ticket",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("next_due_at", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("linked", sa.LargeBinary(16), nullable=True),
        sa.Column("purged_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
    )
    op.create_index("ix_ticket_conversation_id", "ticket", ["conversation_id"])
    op.create_index("ix_ticket_due_at", "ticket", ["due_at", "id"])
    _partial_index("ix_ticket_holder", "ticket", ["holder", "due_at"], where="state <> 'closed'")
    _partial_index(
        "ix_ticket_next_due_at", "ticket", ["next_due_at"], where="next_due_at IS NOT NULL"
    )
    _partial_index(
        "ix_ticket_provisional", "ticket", ["id"], where="provisional AND state <> 'closed'"
    )
    op.create_index("ix_ticket_state", "ticket", ["state", "due_at"])
    _partial_index("ix_ticket_linked", "ticket", ["linked"], where="linked IS NOT NULL")
    _partial_index(
        "ix_ticket_kept",
        "ticket",
        ["closed_at"],
        where="closed_at IS NOT NULL AND purged_at IS NULL",
    )
    op.create_table(
        "ticket_number",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
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
        sa.PrimaryKeyConstraint("ticket_id", "seq", name="pk_ticket_log"),
    )
    _partial_index(
        "uq_ticket_log_once",
        "ticket_log",
        ["once_id", "ticket_id"],
        unique=True,
        where="once_id IS NOT NULL",
    )
    op.create_table(
        "challenge",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("entries_left", sa.Integer(), nullable=False),
        sa.Column("day_started_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_in_day", sa.Integer(), nullable=False),
        sa.Column("failed_in_day", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
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
    _partial_index("ix_outbox_due_at", "outbox", ["due_at"], where="state = 'open'")
    _partial_index("ix_outbox_lane", "outbox", ["lane", "id"], where="state = 'open'")
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
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evidence"),
    )
    op.create_index("ix_evidence_conversation_id", "evidence", ["conversation_id"])
    op.create_index("ix_evidence_ticket_id", "evidence", ["ticket_id"])
    _partial_index(
        "ix_evidence_staged", "evidence", ["id"], where="ticket_id IS NULL AND removed_at IS NULL"
    )
    op.create_table(
        "agent",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    _partial_index("uq_audit_seq", "audit", ["seq"], where="seq IS NOT NULL", unique=True)
    _partial_index("ix_audit_waiting", "audit", ["id"], where="seq IS NULL")
    _partial_index("ix_audit_ticket", "audit", ["ticket_id", "id"], where="ticket_id IS NOT NULL")
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.LargeBinary(32), nullable=False),
        sa.Column("code", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.create_table(
        "chore",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_chore"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in (
        "chore",
        "audit_head",
        "audit",
        "access_log",
        "agent_attempt",
        "agent_session",
        "agent_credential",
        "agent",
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
