"""``privacydesk understand``: what messages ask for; training and measuring the network."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
import typer

from privacydesk.cli.confusions import confusions
from privacydesk.cli.json_lines import answer_lines
from privacydesk.clock import SystemClock
from privacydesk.errors import SettingsError

if TYPE_CHECKING:
    from privacydesk.domain.reading import Read

_ZONE: Final = "Asia/Shanghai"
_EXAMPLE: Final = "2026-11-29T12:00+08:00"

understand_app = typer.Typer(
    help="What sentences ask for: JSON lines in, JSON lines out.", invoke_without_command=True
)


@understand_app.callback()
def understand(
    context: typer.Context,
    now: Annotated[
        str,
        typer.Option(
            "--now",
            metavar="ISO",
            help="What relative times are counted from. Without an offset it is read in the"
            " operator's zone; the time of this machine where it is left out.",
        ),
    ] = "",
) -> None:
    """Read JSON lines with "text" and print intent, language and what each message asks for.

    For instance: echo '{"text": "动态就留今年的，微信也解绑了吧"}' | privacydesk understand

    A line comes out for each that goes in, in their order, with its "id" where it has one. One that
    can't be read is answered with an "error". "reading" lists the requests of a message, with what
    goes and what stays of each.
    """
    if context.invoked_subcommand is not None:
        return
    from privacydesk.nlu.pipeline import Pipeline  # noqa: PLC0415

    pipeline, today = Pipeline.load(), _today(now)
    answer_lines("text", lambda text: _as_record(pipeline.parse(text, today), text))


def _as_record(read: Read, text: str) -> dict[str, Any]:
    from privacydesk.nlu.language_id import language_of  # noqa: PLC0415

    return {
        "intent": read.intent.value,
        "confidence": round(read.confidence, 4),
        "language": language_of(text),
        "alternatives": [[intent.value, round(chance, 4)] for intent, chance in read.alternatives],
        "reading": msgspec.to_builtins(read.reading),
    }


def _today(now: str) -> date:
    """Return the operator's day at a time, or at this machine's.

    Raises:
        SettingsError: the time is none.
    """
    from privacydesk.settings import load_settings  # noqa: PLC0415

    settings = load_settings()
    zone = ZoneInfo(settings.operator().zone if settings.profile else _ZONE)
    try:
        at = datetime.fromisoformat(now) if now else SystemClock().now()
    except ValueError:
        raise SettingsError(f"{now!r} is no time; write one like {_EXAMPLE}", key="now") from None
    return (at.astimezone(zone) if at.tzinfo else at).date()


@understand_app.command()
def evaluate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="Annotated messages, a voice a file, in folders by language; the voices of the"
            " corpus that were left out of training where there is none.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Where a page with pictures is written."),
    ] = None,
) -> None:
    """Measure how well messages are read that the network has not seen: the whole pipeline."""
    from privacydesk.data import reply_files, voice_files  # noqa: PLC0415
    from privacydesk.nlu.labels import INTENTS  # noqa: PLC0415
    from privacydesk.nlu.pipeline import Pipeline  # noqa: PLC0415
    from privacydesk.reply_training.evaluation import acts_table  # noqa: PLC0415
    from privacydesk.reply_training.replies import read_replies  # noqa: PLC0415
    from privacydesk.training.corpus import is_left_out, parted, read_voice  # noqa: PLC0415
    from privacydesk.training.evaluation.report import judged, table  # noqa: PLC0415

    voices, pipeline = [read_voice(*file) for file in voice_files(folder)], Pipeline.load()
    if folder is None:
        _, voices = parted(voices)
    found = judged(pipeline, voices)
    typer.echo(table(found))
    if folder is None:
        asked = questions()
        left_out = (read_replies(*file) for file in reply_files() if is_left_out(file[0]))
        replies = (one.labelled(locale, asked) for locale, told in left_out for one in told)
        typer.echo(f"\n{acts_table(pipeline, replies)}")
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
        told = [(one.example.intent, one.read.intent) for one in found]
        (report / "confusions.svg").write_text(confusions(told, INTENTS), "utf-8")
        (report / "report.md").write_text(table(found), "utf-8")
        typer.echo(f"report: {report / 'report.md'}", err=True)


@understand_app.command()
def train(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Where the network is written, and its check points."),
    ],
    epochs: Annotated[
        int, typer.Option("--epochs", help="How often every annotated message is read.")
    ] = 12,
    keep_network: Annotated[
        bool,
        typer.Option(
            "--keep-network",
            help="Train only what works on top of the network in DIR; takes five minutes.",
        ),
    ] = False,
) -> None:
    """Train the network from the corpus; what was begun in the folder goes on.

    Needs the extra "train" (PyTorch), and an hour and a half on two cores.
    """
    from privacydesk.data import (  # noqa: PLC0415
        reply_files,
        sentence_files,
        short_text_files,
        voice_files,
    )
    from privacydesk.reply_training.replies import Asking, read_replies  # noqa: PLC0415
    from privacydesk.training.corpus import is_left_out, read_voice  # noqa: PLC0415
    from privacydesk.training.sentences import read_sentences  # noqa: PLC0415

    try:
        from privacydesk.reply_training.network import train_replies  # noqa: PLC0415
        from privacydesk.training.loop import Pace  # noqa: PLC0415
        from privacydesk.training.short_texts import pairs, train_short_texts  # noqa: PLC0415
        from privacydesk.training.teaching import teach  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{error.name} is not installed: pip install 'privacydesk[train]'", key="train"
        ) from None

    def tell(line: str) -> None:
        typer.echo(line, err=True)

    if not keep_network:
        voices = [read_voice(*file) for file in voice_files()]
        teach(voices, read_sentences(sentence_files()), folder, pace=Pace(epochs=epochs), tell=tell)
    replies = [read_replies(*file) for file in reply_files() if not is_left_out(file[0])]
    short_texts = short_text_files()
    asking = Asking(replies, pairs(short_texts, "answers", "act"), questions())
    train_replies(folder, asking, tell)
    train_short_texts(folder, short_texts)
    typer.echo(f"network: {folder}")


def questions() -> dict[tuple[str, str], str]:
    """Return the questions of the shipped forms, buttons included, by place and locale."""
    from privacydesk.data import dialog_files, locale_files  # noqa: PLC0415
    from privacydesk.dialog.reader import read_flows  # noqa: PLC0415
    from privacydesk.dialog.schema import Ask, Confirm  # noqa: PLC0415
    from privacydesk.i18n.catalog import Catalogs  # noqa: PLC0415
    from privacydesk.services.open_questions import AT_REST  # noqa: PLC0415

    catalogs = Catalogs.load(locale_files())
    files = {name: text for name, text in dialog_files().items() if "/stories/" not in name}
    in_forms = {
        f"{flow.name}.{step.id}": step.wording
        for flow in read_flows(files).values()
        for step in flow.steps.values()
        if isinstance(step, (Ask, Confirm))
    }
    return {
        (place, locale): catalogs.bare(locale, wording)
        for place, wording in {**in_forms, **AT_REST}.items()
        for locale in catalogs.locales
    }
