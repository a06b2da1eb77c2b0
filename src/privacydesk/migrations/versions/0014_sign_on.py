"""Single sign-on: identities of agents, the provider's sessions, used logout tokens.

What programs of the version before write would lose its link with the identity provider.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("agent_credential", sa.Column("identity", sa.LargeBinary(32), nullable=True))
    op.create_index("ix_agent_credential_identity", "agent_credential", ["identity"], unique=True)
    op.add_column("agent_session", sa.Column("provider_session", sa.LargeBinary(32), nullable=True))
    op.create_index("ix_agent_session_provider_session", "agent_session", ["provider_session"])
    op.create_table(
        "logout_token",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_logout_token"),
    )
    op.create_index("ix_logout_token_used_at", "logout_token", ["used_at"])
    op.execute("UPDATE alembic_version SET oldest = '0014'")


def downgrade() -> None:
    """Drop them. Linked agents and their sessions are refused then."""
    op.execute("UPDATE alembic_version SET oldest = '0012'")
    op.drop_table("logout_token")
    for table, column in (("agent_session", "provider_session"), ("agent_credential", "identity")):
        op.drop_index(f"ix_{table}_{column}", table)
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)
