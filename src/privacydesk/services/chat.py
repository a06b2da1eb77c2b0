"""The desk's interface for chat clients: opens conversations and takes users' input."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime

from privacydesk.clock import Clock
from privacydesk.dialog.engine import Engine
from privacydesk.domain.app_tokens import IssuedToken
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.conversation import Conversation, LocaleSource, MailThread, OwnerKind
from privacydesk.domain.events import Event, InputKind
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import ConversationId, DeliveryId, EvidenceId, LookupHash
from privacydesk.domain.turn import Chose, Said, Snapshot, Uploaded
from privacydesk.errors import DeskError, ErrorCode, NotFoundError
from privacydesk.ports import Changes, Hashing, Job, Locks, Minter, Store, WorkingSet
from privacydesk.services.api import (
    Credentials,
    Entry,
    Listener,
    Session,
    Unsubscribe,
    UploadReceipt,
    View,
)
from privacydesk.services.attachments import Attachments
from privacydesk.services.credentials import Claims, TokenChecker
from privacydesk.services.hints import Hints
from privacydesk.services.mail_replies import letter_row
from privacydesk.services.making import TurnMaker
from privacydesk.services.packages import Download, Packages
from privacydesk.services.presence import Presence
from privacydesk.services.revocations import RevokedTokens, account_hash, token_hash
from privacydesk.services.staged import StagedUploads
from privacydesk.services.turns import Turns
from privacydesk.services.uploads import Pictures, read_all

Negotiate = Callable[[str], str]
"""Maps languages as in ``Accept-Language`` to a locale; empty when none is known."""

_OPEN_TRIES = 3
_ORIGIN_BYTES = 16


class ChatDesk:
    """Implements ``services.api.Desk``."""

    def __init__(
        self,
        *,
        engine: Engine,
        turns: Turns,
        store: Store,
        maker: TurnMaker,
        minter: Minter,
        hashing: Hashing,
        hints: Hints,
        presence: Presence,
        clock: Clock,
        negotiate: Negotiate,
        agent_names: Callable[[str], str],
        tokens: TokenChecker | None,
        revoked: RevokedTokens,
        staged: StagedUploads,
        pictures: Pictures,
        attaching: Attachments,
        packages: Packages,
    ) -> None:
        self._engine = engine
        self._turns = turns
        self._store = store
        self._maker = maker
        self._minter = minter
        self._hashing = hashing
        self._hints = hints
        self._presence = presence
        self._clock = clock
        self._negotiate = negotiate
        self._agent_name = agent_names
        self._tokens = tokens
        self._revoked = revoked
        self._staged = staged
        self._pictures = pictures
        self._attaching = attaching
        self._packages = packages

    # -- admission -------------------------------------------------------------------------

    async def open(self, credentials: Credentials, *, languages: str) -> Entry:
        """Admit a client; see ``services.api.Desk``."""
        if credentials.token:
            return await self._open_account(credentials.token, languages)
        if credentials.secret:
            key = self._hashing.lookup("secret", credentials.secret)
            found = await self._store.reader.conversation_by_key(key)
            if found is None:
                raise DeskError("the secret is not known", code=ErrorCode.UNAUTHENTICATED)
            _check_owner(found, "")
            return Entry(self._session(found), await self._view(found))
        raise DeskError("no credentials", code=ErrorCode.UNAUTHENTICATED)

    async def begin(self, *, languages: str) -> Entry:
        """Begin a conversation without an account; see ``services.api.Desk``."""
        secret = self._minter.token()
        key = self._hashing.lookup("secret", secret)
        locale = self._negotiate(languages)
        begun, greeting = await self._begin(key, "", locale, LocaleSource.BROWSER)
        return Entry(self._session(begun, secret=secret), self.glance(begun), greeting)

    def name_origin(self, origin: str) -> bytes:
        """Return the hash of an address; see ``services.api.Desk``."""
        return self._hashing.lookup("origin", origin)[:_ORIGIN_BYTES]

    async def by_mail(self, thread: MailThread) -> Session:
        """Return the session of a mail thread; its first mail begins the conversation."""
        name = f"{thread.root}\n{thread.address}"
        while True:
            key = self._hashing.lookup("mail", name)
            found = await self._store.reader.conversation_by_key(key)
            if found is None:
                begun, _ = await self._begin(key, "", "", LocaleSource.DEFAULT, mail=thread)
                return self._session(begun)
            if found.mail is not None:
                return self._session(found)
            # Its content was purged, the address included; the next conversation takes its place.
            name += f"\n{found.id.hex()}"

    async def note_by_mail(
        self, conversation: ConversationId, notes: Sequence[str], name: bytes
    ) -> None:
        """Send notes by mail that are not part of the conversation.

        Args:
            conversation: held by mail.
            notes: keys of texts.
            name: sixteen bytes, the same whenever the same notes are sent.
        """
        row = letter_row(conversation, DeliveryId(name), {"notes": list(notes)}, self._clock.now())

        def decide(rows: WorkingSet) -> Changes:
            return Changes(deliveries=() if row.id in rows.deliveries else (row,))

        locks = Locks(conversation=conversation, deliveries=(row.id,))
        await self._store.writer.submit(Job(f"note:{name.hex()}", locks, decide))
        self._turns.left_due()

    async def _open_account(self, token: str, languages: str) -> Entry:
        if self._tokens is None:
            raise DeskError("app tokens are not set up", code=ErrorCode.UNAUTHENTICATED)
        claims = self._tokens.check(token)
        issued = self._issued(claims)
        key = issued.account
        for _ in range(_OPEN_TRIES):
            found = await self._store.reader.conversation_by_key(key)
            if found is not None:
                _check_owner(found, claims.account)
                session = self._session(found, expires_at=claims.expires_at, issued=issued)
                return Entry(session, await self._view(found))
            locale = self._negotiate(claims.locale) or self._negotiate(languages)
            source = LocaleSource.TOKEN if claims.locale else LocaleSource.BROWSER
            try:
                begun, greeting = await self._begin(key, claims.account, locale, source)
            except DeskError as error:
                # Two tabs opened at once: the other one was first, and its conversation counts.
                if error.code is not ErrorCode.CONFLICT:
                    raise
                continue
            session = self._session(begun, expires_at=claims.expires_at, issued=issued)
            return Entry(session, self.glance(begun), greeting)
        raise DeskError("the conversation can't be opened", code=ErrorCode.UNAVAILABLE)

    def _issued(self, claims: Claims) -> IssuedToken:
        """Return a token as revocations identify it.

        Raises:
            DeskError: ``TOKEN_EXPIRED``: it is revoked.
        """
        own = token_hash(self._hashing, claims.token_id) if claims.token_id else None
        account = account_hash(self._hashing, claims.account)
        issued = IssuedToken(account, own, claims.issued_at)
        if self._revoked.covers(issued):
            raise DeskError(
                "the token was revoked", code=ErrorCode.TOKEN_EXPIRED, reason="token_revoked"
            )
        return issued

    def is_revoked(self, session: Session) -> bool:
        """Tell whether a session's token was revoked; see ``services.api.Desk``."""
        return session.issued is not None and self._revoked.covers(session.issued)

    async def _begin(
        self,
        key: LookupHash,
        account: str,
        locale: str,
        source: LocaleSource,
        *,
        mail: MailThread | None = None,
    ) -> tuple[Conversation, tuple[Event, ...]]:
        """Begin a conversation; return it with its greeting."""
        now = self._clock.now()
        fresh = Conversation(
            id=ConversationId(self._minter.id(now)),
            epoch=self._minter.token(),
            created_at=now,
            account=account,
            locale=locale or "zh_Hans",
            locale_from=source if locale else LocaleSource.DEFAULT,
            mail=mail,
        )
        job_id = f"open:{fresh.id.hex()}"

        def decide(_rows: WorkingSet) -> Changes:
            turn = self._engine.greet(Snapshot(fresh), now, job_id)
            made = self._maker.changes(turn, before={}, job_id=job_id, now=now)
            return Changes(
                conversation=made.conversation, events=made.events, keys=(key,), answer=None
            )

        committed = await self._store.writer.submit(
            Job(id=job_id, locks=Locks(conversation=fresh.id), decide=decide)
        )
        assert committed.changes is not None
        assert committed.changes.conversation is not None
        return committed.changes.conversation, committed.changes.events

    def _session(
        self,
        conversation: Conversation,
        *,
        secret: str = "",
        expires_at: datetime | None = None,
        issued: IssuedToken | None = None,
    ) -> Session:
        return Session(
            conversation=conversation.id,
            epoch=conversation.epoch,
            head=conversation.version,
            locale=conversation.locale,
            secret=secret,
            account=bool(conversation.account),
            expires_at=expires_at,
            issued=issued,
        )

    async def _conversation(self, conversation: ConversationId) -> Conversation:
        # Not the writer's copy: a command outside this process may have changed it since.
        state = await self._store.reader.conversation(conversation)
        if state is None:
            raise NotFoundError("no such conversation")
        return state

    # -- what users do ---------------------------------------------------------------------

    async def say(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        text: str,
        offset: int = 0,
    ) -> int:
        """Take a message; see ``services.api.Desk``."""
        self._presence.user_sends(session.conversation)
        said = Said(job_id=id, text=text, offset=offset)
        committed = await self._turns.say(session.conversation, said, origin=session.origin)
        return committed.offset

    async def choose(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        choice: str,
        offset: int,
    ) -> int:
        """Take a tapped choice; see ``services.api.Desk``."""
        message = Chose(job_id=id, choice=choice, offset=offset)
        committed = await self._turns.say(session.conversation, message, origin=session.origin)
        return committed.offset

    async def submit_uploads(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        uploads: Sequence[str],
    ) -> int:
        """Submit stored files; see ``services.api.Desk``."""
        if not uploads:
            raise DeskError("no upload is named", code=ErrorCode.INVALID_REQUEST)
        try:
            files = await self._staged.named(session.conversation, uploads)
        except NotFoundError as error:
            return await self._first_answer(session.conversation, id, error)
        message = Uploaded(job_id=id, uploads=files)
        committed = await self._turns.say(session.conversation, message, origin=session.origin)
        return committed.offset

    async def _first_answer(
        self, conversation: ConversationId, job_id: str, otherwise: DeskError
    ) -> int:
        """Return the offset a job was answered with when it ran, even if its files are gone.

        Raises:
            DeskError: ``otherwise``, when it never ran.
        """

        def decide(_rows: WorkingSet) -> Changes:
            raise otherwise

        job = Job(id=job_id, locks=Locks(conversation=conversation), decide=decide)
        return (await self._store.writer.submit(job)).offset

    async def expect_upload(self, session: Session) -> None:
        """Check that an upload is allowed; see ``services.api.Desk``."""
        conversation = await self._conversation(session.conversation)
        if not self._asks_for_file(conversation):
            raise DeskError("no file is asked for now", code=ErrorCode.NOT_ALLOWED_NOW)
        await self._staged.refuse_more(conversation)

    async def store_upload(
        self,
        session: Session,
        *,
        name: str,
        media_type: str,  # noqa: ARG002 - the content decides, not the claimed type
        content: AsyncIterator[bytes],
    ) -> UploadReceipt:
        """Store a file; see ``services.api.Desk``."""
        await self.expect_upload(session)
        picture = await self._pictures.rewrite(await read_all(content))
        # Meanwhile others may have been stored, or the question answered.
        await self.expect_upload(session)
        now = self._clock.now()
        evidence = Evidence(
            id=EvidenceId(self._minter.id(now)),
            conversation_id=session.conversation,
            name=name,
            media_type=picture.media_type,
            size=len(picture.body),
            sha256=hashlib.sha256(picture.body).hexdigest(),
            created_at=now,
            body=picture.body,
        )
        await self._staged.keep(evidence)
        return UploadReceipt(evidence.id.hex(), name, evidence.size, evidence.media_type)

    def _asks_for_file(self, conversation: Conversation) -> bool:
        return (
            conversation.owner.kind is not OwnerKind.AGENT
            and self._engine.asks_for(Snapshot(conversation)) is InputKind.UPLOAD
        )

    # -- what is shown ---------------------------------------------------------------------

    async def events(self, session: Session, *, after: int, limit: int) -> tuple[Event, ...]:
        """Return events after an offset; see ``services.api.Desk``."""
        return await self._store.reader.events(session.conversation, after=after, limit=limit)

    async def attachment(self, session: Session, name: str) -> Attachment:
        """Return a file that an agent sent; see ``services.api.Desk``."""
        return await self._attaching.find(session.conversation, name)

    async def download(self, session: Session | None, number: str, secret: str) -> Download:
        """Return an access package; see ``services.api.Desk``."""
        asks = None if session is None else session.conversation
        return await self._packages.open(asks, number, secret)

    async def view(self, session: Session) -> View:
        """Return what is shown beside the log; see ``services.api.Desk``."""
        return await self._view(await self._conversation(session.conversation))

    async def _view(self, conversation: Conversation) -> View:
        view = self.glance(conversation)
        if conversation.owner.kind is not OwnerKind.QUEUE:
            return view
        place = await self._store.reader.queue_place(conversation.id)
        return View(
            owner=view.owner,
            agent=view.agent,
            queue_place=place,
            prompt=view.prompt,
            locale=view.locale,
            agent_typing=view.agent_typing,
            agent_read=view.agent_read,
        )

    def glance(self, conversation: Conversation) -> View:
        """Return the view of a loaded conversation; see ``services.api.Desk``."""
        owner = conversation.owner
        by_agent = owner.kind is OwnerKind.AGENT
        return View(
            owner=owner.kind,
            agent=self._agent_name(owner.agent) if by_agent else "",
            prompt=conversation.prompt.offset if conversation.prompt else 0,
            locale=conversation.locale,
            agent_typing=by_agent and self._presence.agent_types(conversation.id),
            agent_read=self._presence.agent_read(conversation.id),
        )

    async def head(self, session: Session) -> int:
        """Return the last offset."""
        heads = await self._store.reader.versions((session.conversation,))
        return heads.get(session.conversation, 0)

    async def heads(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, int]:
        """Return the last offsets of many conversations."""
        return await self._store.reader.versions(conversations)

    def subscribe(self, conversation: ConversationId, listener: Listener) -> Unsubscribe:
        """Listen to a conversation's commits."""
        return self._hints.subscribe(conversation, listener)

    async def typing(self, session: Session) -> None:
        """Note that the user is writing."""
        self._presence.user_types(session.conversation)

    async def read(self, session: Session, offset: int) -> None:
        """Note what the user has seen."""
        self._presence.user_reads(session.conversation, offset)

    async def leave(self, session: Session) -> None:
        """Note that the client's last connection is gone."""
        self._presence.user_left(session.conversation)


def _check_owner(conversation: Conversation, account: str) -> None:
    """Check that a conversation belongs to an account; the key that found it may be wrong."""
    if conversation.account != account:
        raise DeskError("what leads to a conversation leads to another's")
