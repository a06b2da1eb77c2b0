"""The chat service: opens conversations, accepts users' input and returns what they see."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.dialog.engine import Engine
from privacydesk.domain.app_tokens import IssuedToken, Standing
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.conversation import Conversation, LocaleSource, MailThread, OwnerKind
from privacydesk.domain.events import Event, InputKind
from privacydesk.domain.evidence import Evidence, page_id, page_name
from privacydesk.domain.ids import ConversationId, DeliveryId, EvidenceId, LookupHash
from privacydesk.domain.turn import CardMessage, ChoiceMessage, Snapshot, TextMessage, UploadMessage
from privacydesk.errors import DeskError, ErrorCode, NotFoundError
from privacydesk.ports import Changes, Hashing, IdGenerator, Job, Locks, Store, WorkingSet
from privacydesk.services.api import (
    Admission,
    Credentials,
    Listener,
    Session,
    Unsubscribe,
    UploadReceipt,
    View,
)
from privacydesk.services.app_tokens import Claims, TokenChecker
from privacydesk.services.attachments import Attachments
from privacydesk.services.commit_notifier import CommitNotifier, ElsewhereWatcher
from privacydesk.services.incident_reads import IncidentReads
from privacydesk.services.mail_replies import mail_reply_row
from privacydesk.services.own_requests import OwnRequests
from privacydesk.services.packages import Download, Packages
from privacydesk.services.presence import Presence
from privacydesk.services.queue_waits import QueueWaits
from privacydesk.services.receipts import ReceiptFile, Receipts
from privacydesk.services.revocations import RevokedTokens, account_hash, token_hash
from privacydesk.services.row_builders import TurnChangesBuilder
from privacydesk.services.staged_uploads import StagedUploads
from privacydesk.services.turns import Turns
from privacydesk.services.uploads import PictureConverter, read_all

NegotiateLocale = Callable[[str], str]
"""Returns the best locale for an ``Accept-Language`` value; empty if none is supported."""

_MAX_OPEN_ATTEMPTS = 3
_ORIGIN_BYTES = 16


class ChatDesk:
    """Implements ``services.api.Desk``."""

    def __init__(
        self,
        *,
        engine: Engine,
        turns: Turns,
        store: Store,
        changes_builder: TurnChangesBuilder,
        minter: IdGenerator,
        hashing: Hashing,
        commit_notifier: CommitNotifier,
        presence: Presence,
        clock: Clock,
        negotiate: NegotiateLocale,
        agent_names: Callable[[str], str],
        tokens: TokenChecker | None,
        revoked: RevokedTokens,
        staged: StagedUploads,
        pictures: PictureConverter,
        attaching: Attachments,
        packages: Packages,
        own_requests: OwnRequests,
        queue_waits: QueueWaits,
        receipts: Receipts,
        incident_reads: IncidentReads,
    ) -> None:
        self._engine = engine
        self._turns = turns
        self._store = store
        self._changes_builder = changes_builder
        self._minter = minter
        self._hashing = hashing
        self._commit_notifier = commit_notifier
        self._presence = presence
        self._clock = clock
        self._negotiate = negotiate
        self._display_name = agent_names
        self._tokens = tokens
        self._revoked = revoked
        self._staged = staged
        self._pictures = pictures
        self._attaching = attaching
        self._packages = packages
        self._own_requests = own_requests
        self._queue_waits = queue_waits
        self._receipts = receipts
        self._incident_reads = incident_reads

    # -- admission -------------------------------------------------------------------------

    async def open(
        self, credentials: Credentials, *, languages: str, with_requests: bool = False
    ) -> Admission:
        """Admit a client; see ``services.api.Desk``."""
        if credentials.token:
            return await self._open_account(credentials.token, languages, with_requests)
        if credentials.secret:
            key = self._hashing.lookup("secret", credentials.secret)
            conversation = await self._store.reader.conversation_by_key(key)
            if conversation is None:
                raise DeskError("the secret is not known", code=ErrorCode.UNAUTHENTICATED)
            _check_account(conversation, "")
            view = await self._view(conversation, with_requests=with_requests)
            return Admission(self._session(conversation), view)
        raise DeskError("no credentials", code=ErrorCode.UNAUTHENTICATED)

    async def begin(self, *, languages: str) -> Admission:
        """Begin a conversation without an account; see ``services.api.Desk``."""
        secret = self._minter.token()
        key = self._hashing.lookup("secret", secret)
        locale = self._negotiate(languages)
        conversation, greeting = await self._create_conversation(
            key, "", locale, LocaleSource.BROWSER
        )
        session = self._session(conversation, secret=secret)
        return Admission(session, self.view_of(conversation), greeting)

    def hash_origin(self, origin: str) -> bytes:
        """Return the hash of a network address; see ``services.api.Desk``."""
        return self._hashing.lookup("origin", origin)[:_ORIGIN_BYTES]

    async def open_mail_thread(self, thread: MailThread) -> Session:
        """Return the session of a mail thread; begin its conversation if there is none."""
        name = f"{thread.root}\n{thread.address}"
        while True:
            key = self._hashing.lookup("mail", name)
            conversation = await self._store.reader.conversation_by_key(key)
            if conversation is None:
                conversation, _ = await self._create_conversation(
                    key, "", "", LocaleSource.DEFAULT, mail=thread
                )
                return self._session(conversation)
            if conversation.mail is not None:
                return self._session(conversation)
            # This conversation was purged, including its address. Its id leads to the key of the
            # conversation that replaces it.
            name += f"\n{conversation.id.hex()}"

    async def send_mail_notes(
        self, conversation: ConversationId, notes: Sequence[str], name: bytes
    ) -> None:
        """Send notes by mail that are not added to the conversation; at most once per ``name``.

        Args:
            conversation: ID of a mail conversation.
            notes: text keys of the notes.
            name: the idempotency key, 16 bytes: the ID of the outbox row.
        """
        row = mail_reply_row(
            conversation, DeliveryId(name), {"notes": list(notes)}, self._clock.now()
        )

        def decide(rows: WorkingSet) -> Changes:
            return Changes(deliveries=() if row.id in rows.deliveries else (row,))

        locks = Locks(conversation=conversation, deliveries=(row.id,))
        await self._store.writer.submit(Job(f"note:{name.hex()}", locks, decide))
        self._turns.on_work_queued()

    async def _open_account(self, token: str, languages: str, with_requests: bool) -> Admission:
        if self._tokens is None:
            raise DeskError("app tokens are not set up", code=ErrorCode.UNAUTHENTICATED)
        claims = self._tokens.check(token)
        issued = self._check_not_revoked(claims)
        key = issued.account
        locale = self._negotiate(claims.locale) or self._negotiate(languages)
        source = LocaleSource.TOKEN if claims.locale else LocaleSource.BROWSER
        conversation, greeting = await self._find_or_create(
            key, claims.account, locale, source, claims.standing
        )
        session = self._session(conversation, expires_at=claims.expires_at, issued=issued)
        if greeting is None:
            view = await self._view(conversation, with_requests=with_requests)
            return Admission(session, view)
        return Admission(session, self.view_of(conversation), greeting)

    def account_of_token(self, token: str) -> str:
        """Return the account of an app token that would open its chat now.

        Raises:
            DeskError: as for ``open``.
        """
        if self._tokens is None:
            raise DeskError("app tokens are not set up", code=ErrorCode.UNAUTHENTICATED)
        claims = self._tokens.check(token)
        self._check_not_revoked(claims)
        return claims.account

    async def conversation_of(self, key: LookupHash, account: str, locale: str) -> ConversationId:
        """Return the conversation of an account; begin one for a notice if there is none.

        Args:
            key: the hash of the account.
            account: the app's account id.
            locale: the language of a new conversation; empty for the default.
        """
        conversation, _ = await self._find_or_create(key, account, locale, LocaleSource.TOKEN)
        return conversation.id

    async def _find_or_create(
        self,
        key: LookupHash,
        account: str,
        locale: str,
        source: LocaleSource,
        standing: Standing = Standing.REGULAR,
    ) -> tuple[Conversation, tuple[Event, ...] | None]:
        """Return an account's conversation; if it is new, with the events of its greeting."""
        for _ in range(_MAX_OPEN_ATTEMPTS):
            conversation = await self._store.reader.conversation_by_key(key)
            if conversation is not None:
                _check_account(conversation, account)
                return conversation, None
            try:
                return await self._create_conversation(
                    key, account, locale, source, standing=standing
                )
            except DeskError as error:
                # Another client of this account created it at the same time: open that one.
                if error.code is not ErrorCode.CONFLICT:
                    raise
        raise DeskError("the conversation can't be opened", code=ErrorCode.UNAVAILABLE)

    def _check_not_revoked(self, claims: Claims) -> IssuedToken:
        """Return what identifies a token for revocations, if it is not revoked.

        Raises:
            DeskError: ``TOKEN_EXPIRED`` if the token was revoked.
        """
        token_id_hash = token_hash(self._hashing, claims.token_id) if claims.token_id else None
        account = account_hash(self._hashing, claims.account)
        issued = IssuedToken(account, token_id_hash, claims.issued_at)
        if self._revoked.is_revoked(issued):
            raise DeskError(
                "the token was revoked", code=ErrorCode.TOKEN_EXPIRED, reason="token_revoked"
            )
        return issued

    def is_revoked(self, session: Session) -> bool:
        """Return whether a session's token was revoked; see ``services.api.Desk``."""
        return session.issued is not None and self._revoked.is_revoked(session.issued)

    async def _create_conversation(
        self,
        key: LookupHash,
        account: str,
        locale: str,
        source: LocaleSource,
        *,
        mail: MailThread | None = None,
        standing: Standing = Standing.REGULAR,
    ) -> tuple[Conversation, tuple[Event, ...]]:
        """Create a conversation; return it with the events of its greeting.

        Args:
            key: the hash under which it will be found.
            account: the app's account id; empty without an account.
            locale: its language; empty for the default.
            source: where ``locale`` comes from.
            mail: the mail thread, if it is a mail conversation.
            standing: what the app says about the account.
        """
        now = self._clock.now()
        conversation = Conversation(
            id=ConversationId(self._minter.id(now)),
            epoch=self._minter.token(),
            created_at=now,
            account=account,
            locale=locale or "zh_Hans",
            locale_from=source if locale else LocaleSource.DEFAULT,
            mail=mail,
            standing=standing,
        )
        job_id = f"open:{conversation.id.hex()}"
        # Only suggestions follow from these, so that they need no lock.
        person = self._hashing.lookup("account", account) if account else None
        known = await self._store.reader.tickets_of(person, only_open=False) if person else ()

        def decide(_rows: WorkingSet) -> Changes:
            snapshot = Snapshot(conversation, tickets=known)
            turn = self._engine.greet(snapshot, now, job_id)
            changes = self._changes_builder.build(turn, before={}, job_id=job_id, now=now)
            return Changes(
                conversation=changes.conversation, events=changes.events, keys=(key,), answer=None
            )

        committed = await self._store.writer.submit(
            Job(id=job_id, locks=Locks(conversation=conversation.id), decide=decide)
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

    async def _load(self, conversation_id: ConversationId) -> Conversation:
        # Read from the database, not from the writer's cache: a command in another process may
        # have changed the conversation.
        conversation = await self._store.reader.conversation(conversation_id)
        if conversation is None:
            raise NotFoundError("no such conversation")
        return conversation

    # -- user input ------------------------------------------------------------------------

    async def say(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        text: str,
        offset: int = 0,
    ) -> int:
        """Process a typed message; see ``services.api.Desk``."""
        self._presence.clear_user_typing(session.conversation)
        said = TextMessage(job_id=id, text=text, offset=offset)
        committed = await self._turns.run_message(session.conversation, said, origin=session.origin)
        return committed.offset

    async def choose(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        choice: str,
        offset: int,
    ) -> int:
        """Process a tapped choice; see ``services.api.Desk``."""
        return await self._chose(session, ChoiceMessage(job_id=id, choice=choice, offset=offset))

    async def choose_several(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        choices: Sequence[str],
        offset: int,
    ) -> int:
        """Process several choices made at once; see ``services.api.Desk``."""
        several = tuple(choices)
        return await self._chose(session, ChoiceMessage(job_id=id, choices=several, offset=offset))

    async def hand_in(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        values: Mapping[str, str | tuple[str, ...]],
        offset: int,
    ) -> int:
        """Process a card of questions that was filled in; see ``services.api.Desk``."""
        message = CardMessage(job_id=id, offset=offset, values=values)
        committed = await self._turns.run_message(
            session.conversation, message, origin=session.origin
        )
        return committed.offset

    async def _chose(self, session: Session, message: ChoiceMessage) -> int:
        committed = await self._turns.run_message(
            session.conversation, message, origin=session.origin
        )
        return committed.offset

    async def submit_uploads(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        uploads: Sequence[str],
        done: bool = False,
        text: str = "",
    ) -> int:
        """Submit stored files; see ``services.api.Desk``."""
        if not uploads:
            raise DeskError("no upload is named", code=ErrorCode.INVALID_REQUEST)
        try:
            files = await self._staged.find(session.conversation, uploads)
        except NotFoundError as error:
            # If this job ran before, its files are no longer staged: repeat its answer.
            return await self._offset_of_job(session.conversation, id, error)
        message = UploadMessage(job_id=id, uploads=files, done=done, text=text)
        committed = await self._turns.run_message(
            session.conversation,
            message,
            origin=session.origin,
            shared=await self._attaching.share(files),
        )
        return committed.offset

    async def _offset_of_job(
        self, conversation: ConversationId, job_id: str, error: DeskError
    ) -> int:
        """Return the offset that a job was answered with when it ran first.

        Raises:
            DeskError: ``error`` if the job never ran.
        """

        def decide(_rows: WorkingSet) -> Changes:
            raise error

        job = Job(id=job_id, locks=Locks(conversation=conversation), decide=decide)
        return (await self._store.writer.submit(job)).offset

    async def check_upload_allowed(self, session: Session, pictures: int = 1) -> None:
        """Check that an upload is allowed; see ``services.api.Desk``.

        Args:
            session: the session of the user.
            pictures: how many it brings: one, or the pages of a PDF.
        """
        conversation = await self._load(session.conversation)
        if not self._accepts_files(conversation):
            raise DeskError("no file is accepted now", code=ErrorCode.NOT_ALLOWED_NOW)
        await self._staged.check_limits(conversation, pictures)

    async def store_upload(
        self,
        session: Session,
        *,
        name: str,
        media_type: str,  # noqa: ARG002 - the content decides, not the claimed type
        content: AsyncIterator[bytes],
    ) -> UploadReceipt:
        """Store a file; see ``services.api.Desk``."""
        await self.check_upload_allowed(session)
        pictures = await self._pictures.convert_pages(await read_all(content))
        # Check again: other files may have been stored meanwhile, or the question answered.
        await self.check_upload_allowed(session, len(pictures))
        now = self._clock.now()
        first = EvidenceId(self._minter.id(now))
        pages = tuple(
            Evidence(
                id=page_id(first, page),
                conversation_id=session.conversation,
                name=page_name(name, page, len(pictures)),
                media_type=picture.media_type,
                size=len(picture.body),
                sha256=hashlib.sha256(picture.body).hexdigest(),
                created_at=now,
                body=picture.body,
            )
            for page, picture in enumerate(pictures)
        )
        await self._staged.store(pages)
        size = sum(page.size for page in pages)
        return UploadReceipt(first.hex(), name, size, pages[0].media_type, len(pages))

    def _accepts_files(self, conversation: Conversation) -> bool:
        """Return whether a question asks for a file, or a person is there or waited for."""
        snapshot = Snapshot(conversation)
        asked = self._engine.asks_for(snapshot) is InputKind.UPLOAD
        return asked or self._engine.shares_files(snapshot)

    # -- output ----------------------------------------------------------------------------

    async def events(self, session: Session, *, after: int, limit: int) -> tuple[Event, ...]:
        """Return events after an offset; see ``services.api.Desk``."""
        return await self._store.reader.events(session.conversation, after=after, limit=limit)

    async def attachment(self, session: Session, name: str) -> Attachment:
        """Return a file of the conversation; see ``services.api.Desk``."""
        return await self._attaching.find(session.conversation, name)

    async def download(self, session: Session | None, number: str, secret: str) -> Download:
        """Return an access package; see ``services.api.Desk``."""
        conversation = None if session is None else session.conversation
        return await self._packages.open(conversation, number, secret)

    async def receipt(self, session: Session, number: str) -> ReceiptFile:
        """Return the receipt of a closed request; see ``services.api.Desk``."""
        conversation = await self._load(session.conversation)
        return await self._receipts.of(await self._own_requests.find(conversation, number))

    async def receipt_text(self, session: Session, number: str) -> str:
        """Return what that receipt says, in words; see ``services.api.Desk``."""
        conversation = await self._load(session.conversation)
        file = await self.receipt(session, number)
        return await self._receipts.text(file, conversation.locale)

    async def view(self, session: Session) -> View:
        """Return the current view; see ``services.api.Desk``."""
        return await self._view(await self._load(session.conversation), with_requests=True)

    async def _view(self, conversation: Conversation, *, with_requests: bool) -> View:
        view = self.view_of(conversation)
        if with_requests:
            view = replace(view, requests=await self._own_requests.cards(conversation))
        if conversation.owner.kind is not OwnerKind.QUEUE:
            return view
        place = await self._store.reader.queue_place(conversation.id)
        return replace(view, queue_place=place, queue_wait=await self._queue_waits.usual())

    def view_of(self, conversation: Conversation) -> View:
        """Return the view of a loaded conversation; see ``services.api.Desk``."""
        owner = conversation.owner
        by_agent = owner.kind is OwnerKind.AGENT
        return View(
            owner=owner.kind,
            agent=self._display_name(owner.agent) if by_agent else "",
            prompt=conversation.prompt.offset if conversation.prompt else 0,
            locale=conversation.locale,
            agent_typing=by_agent and self._presence.is_agent_typing(conversation.id),
            agent_read=self._presence.last_read_by_agent(conversation.id),
            accepts_files=self._accepts_files(conversation),
            agent_since=owner.since if by_agent else None,
            version=conversation.version,
        )

    async def head(self, session: Session) -> int:
        """Return the conversation's last offset."""
        heads = await self._store.reader.versions((session.conversation,))
        return heads.get(session.conversation, 0)

    async def heads(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, int]:
        """Return the last offsets of several conversations."""
        return await self._store.reader.versions(conversations)

    def subscribe(self, conversation: ConversationId, listener: Listener) -> Unsubscribe:
        """Call a listener after each commit of a conversation; see ``services.api.Desk``."""
        return self._commit_notifier.subscribe(conversation, listener)

    def watch_elsewhere(self, watcher: ElsewhereWatcher) -> Unsubscribe:
        """Call a watcher after commits of other processes; see ``services.api.Desk``."""
        return self._commit_notifier.watch_elsewhere(watcher)

    async def mark_typing(self, session: Session) -> None:
        """Mark the user as typing for a few seconds."""
        self._presence.set_user_typing(session.conversation)

    async def mark_read(self, session: Session, offset: int) -> None:
        """Mark everything up to an offset as read by the user."""
        if offset > self._presence.last_read_by_user(session.conversation):
            self._presence.mark_read_by_user(session.conversation, offset)
            await self._incident_reads.record(session.conversation, offset)

    async def mark_left(self, session: Session) -> None:
        """Mark the user as gone."""
        self._presence.forget_user(session.conversation)


def _check_account(conversation: Conversation, account: str) -> None:
    """Check that a conversation belongs to an account: its key in the database may be wrong."""
    if conversation.account != account:
        raise DeskError("the conversation found belongs to another account")
