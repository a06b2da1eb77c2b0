"""``privacydesk understand``: parsing messages; training and evaluating the network."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
import typer

from privacydesk.cli.confusion_matrix import confusion_matrix_svg
from privacydesk.cli.json_lines import answer_lines
from privacydesk.clock import SystemClock
from privacydesk.errors import SettingsError

if TYPE_CHECKING:
    from privacydesk.domain.reading import ReadingResult

_DEFAULT_ZONE: Final = "Asia/Shanghai"
_EXAMPLE: Final = "2026-11-29T12:00+08:00"

understand_app = typer.Typer(
    help="Parse messages: JSON lines in, JSON lines out.", invoke_without_command=True
)


@understand_app.callback()
def understand(
    context: typer.Context,
    now: Annotated[
        str,
        typer.Option(
            "--now",
            metavar="ISO",
            help="The time from which relative times are counted; without an offset, in the"
            " operator's zone. Default: now.",
        ),
    ] = "",
) -> None:
    """Read JSON lines with "text", and print intent, language and requests of each message.

    Example: echo '{"text": "动态就留今年的，微信也解绑了吧"}' | privacydesk understand

    Each line gets one line of output, in the same order and with the same "id". A line that can't
    be parsed gets an "error". "reading" lists the requests of a message, with what to delete and
    what to keep.
    """
    if context.invoked_subcommand is not None:
        return
    from privacydesk.nlu.pipeline import Pipeline  # noqa: PLC0415

    pipeline, today = Pipeline.load(), _today(now)
    answer_lines("text", lambda text: _result_record(pipeline.parse(text, today), text))


def _result_record(result: ReadingResult, text: str) -> dict[str, Any]:
    from privacydesk.domain.reading import ReadMessage  # noqa: PLC0415
    from privacydesk.nlu.language_id import language_of  # noqa: PLC0415

    record: dict[str, Any] = msgspec.to_builtins(
        ReadMessage(
            intent=result.intent,
            confidence=round(result.confidence, 4),
            language=language_of(text),
            alternatives=tuple(
                (intent, round(probability, 4)) for intent, probability in result.alternatives
            ),
            reading=result.reading,
        )
    )
    return record


def _today(now: str) -> date:
    """Return the date of a time in the operator's zone; for an empty text, of the current time.

    Raises:
        SettingsError: the time can't be parsed.
    """
    from privacydesk.settings import load_settings  # noqa: PLC0415

    settings = load_settings()
    zone = ZoneInfo(settings.operator().zone if settings.profile else _DEFAULT_ZONE)
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
            help="Folder of annotated messages: a folder per language, a file per voice. Default:"
            " the voices of the corpus that are not used for training.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Folder for a report with images."),
    ] = None,
) -> None:
    """Evaluate the whole pipeline on messages that were not used for training."""
    from privacydesk.cli.classes_table import classes_table  # noqa: PLC0415
    from privacydesk.data import reply_files, short_text_files, voice_files  # noqa: PLC0415
    from privacydesk.nlu.labels import INTENTS  # noqa: PLC0415
    from privacydesk.nlu.pipeline import Pipeline  # noqa: PLC0415
    from privacydesk.reply_training.evaluation import acts_table  # noqa: PLC0415
    from privacydesk.reply_training.replies import read_replies  # noqa: PLC0415
    from privacydesk.services.classifiers import Classifiers  # noqa: PLC0415
    from privacydesk.training.corpus import (  # noqa: PLC0415
        WRITTEN_ON,
        is_left_out,
        parted,
        read_voice,
    )
    from privacydesk.training.evaluation.report import judged, table  # noqa: PLC0415

    voices, pipeline = [read_voice(*file) for file in voice_files(folder)], Pipeline.load()
    if folder is None:
        _, voices = parted(voices)
    results = judged(pipeline, voices)
    typer.echo(table(results))
    if folder is None:
        question_texts = questions()
        evaluation_files = (read_replies(*file) for file in reply_files() if is_left_out(file[0]))
        replies = (
            reply.labelled(locale, question_texts)
            for locale, file_replies in evaluation_files
            for reply in file_replies
        )
        typer.echo(f"\n{acts_table(pipeline, replies)}")
        left_out = short_text_files(left_out=True)
        classifiers = Classifiers.load(pipeline.meaning)
        typer.echo(f"\n{classes_table(pipeline, classifiers, left_out, WRITTEN_ON)}")
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
        intents = [(result.example.intent, result.read.intent) for result in results]
        (report / "confusions.svg").write_text(confusion_matrix_svg(intents, INTENTS), "utf-8")
        (report / "report.md").write_text(table(results), "utf-8")
        typer.echo(f"report: {report / 'report.md'}", err=True)


@understand_app.command()
def train(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder for the network and its checkpoints."),
    ],
    epochs: Annotated[
        int, typer.Option("--epochs", help="Passes over all annotated messages.")
    ] = 12,
    keep_network: Annotated[
        bool,
        typer.Option(
            "--keep-network",
            help="Train only the classifiers on top of the network in DIR; takes five minutes.",
        ),
    ] = False,
) -> None:
    """Train the network from the corpus; resumes from checkpoints in DIR.

    Needs the extra "train" (PyTorch), and takes an hour and a half on two cores.
    """
    from privacydesk.data import (  # noqa: PLC0415
        reply_files,
        sentence_files,
        short_text_files,
        voice_files,
    )
    from privacydesk.domain.reading import ReplyAct  # noqa: PLC0415
    from privacydesk.reply_training.replies import Asking, read_replies  # noqa: PLC0415
    from privacydesk.training.corpus import is_left_out, parted, read_voice  # noqa: PLC0415
    from privacydesk.training.sentences import read_sentences  # noqa: PLC0415

    try:
        from privacydesk.reply_training.network import train_replies  # noqa: PLC0415
        from privacydesk.training.loop import Pace  # noqa: PLC0415
        from privacydesk.training.short_texts import (  # noqa: PLC0415
            pairs,
            train_short_texts,
        )
        from privacydesk.training.teaching import teach  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{error.name} is not installed: pip install 'privacydesk[train]'", key="train"
        ) from None

    def report_progress(line: str) -> None:
        typer.echo(line, err=True)

    voices = [read_voice(*file) for file in voice_files()]
    if not keep_network:
        teach(
            voices,
            read_sentences(sentence_files()),
            folder,
            pace=Pace(epochs=epochs),
            tell=report_progress,
        )
    replies = [read_replies(*file) for file in reply_files() if not is_left_out(file[0])]
    short_texts = short_text_files()
    asking = Asking(replies, pairs(short_texts, "answers", "act"), questions())
    train_replies(folder, asking, report_progress)
    said = [
        reply.text
        for _, file_replies in replies
        for reply in file_replies
        if ReplyAct.OTHER not in reply.acts
    ]
    train_short_texts(folder, short_texts, parted(voices)[0], said)
    typer.echo(f"network: {folder}")


def questions() -> dict[tuple[str, str], str]:
    """Return the questions of the shipped forms, with their buttons, by step and locale."""
    from privacydesk.data import dialog_files, locale_files  # noqa: PLC0415
    from privacydesk.dialog.reader import read_flows  # noqa: PLC0415
    from privacydesk.dialog.schema import Ask, Confirm  # noqa: PLC0415
    from privacydesk.i18n.catalog import Catalogs  # noqa: PLC0415
    from privacydesk.services.open_questions import IDLE_QUESTIONS  # noqa: PLC0415

    catalogs = Catalogs.load(locale_files())
    files = {name: text for name, text in dialog_files().items() if "/stories/" not in name}
    form_questions = {
        f"{flow.name}.{step.id}": step.wording
        for flow in read_flows(files).values()
        for step in flow.steps.values()
        if isinstance(step, (Ask, Confirm))
    }
    return {
        (step, locale): catalogs.bare(locale, wording)
        for step, wording in {**form_questions, **IDLE_QUESTIONS}.items()
        for locale in catalogs.locales
    }
