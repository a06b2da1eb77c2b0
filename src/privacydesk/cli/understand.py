"""``privacydesk understand``: what sentences ask for; and training the model that tells."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacydesk.cli.json_lines import answer_lines
from privacydesk.errors import SettingsError

if TYPE_CHECKING:
    from privacydesk.understanding.trained import TrainedRecogniser

understand_app = typer.Typer(
    help="What sentences ask for: JSON lines in, JSON lines out.", invoke_without_command=True
)


@understand_app.callback()
def understand(context: typer.Context) -> None:
    """Read JSON lines with "text" and print intent, confidence, language and alternatives.

    For instance: echo '{"text": "把微信解绑了"}' | privacydesk understand

    A line comes out for each that goes in, in their order, with its "id" where it has one. One that
    can't be read is answered with an "error". The model is the one that INTENT_MODEL names, as for
    the desk itself.
    """
    if context.invoked_subcommand is not None:
        return
    from privacydesk.settings import load_settings  # noqa: PLC0415
    from privacydesk.understanding.model import IntentModel  # noqa: PLC0415
    from privacydesk.understanding.trained import TrainedRecogniser  # noqa: PLC0415

    recogniser = TrainedRecogniser.load(model=IntentModel.load(load_settings().intent_model))
    answer_lines("text", lambda text: _as_record(recogniser, text))


def _as_record(recogniser: TrainedRecogniser, text: str) -> dict[str, Any]:
    found = recogniser.recognise(text)
    return {
        "intent": found.intent.value,
        "confidence": found.confidence,
        "language": recogniser.language(text),
        "alternatives": [[intent.value, chance] for intent, chance in found.alternatives],
    }


@understand_app.command()
def train(
    *,
    sentences: Annotated[
        list[Path] | None,
        typer.Option(
            "--sentences",
            metavar="DIR",
            help="More folders of JSON lines with text, label, lang, slice and voice.",
        ),
    ] = None,
    only: Annotated[bool, typer.Option("--only", help="Leave the shipped sentences out.")] = False,
    model: Annotated[
        Path, typer.Option("--model", metavar="FILE", help="Where the model is written.")
    ] = Path("intents.npz"),
    report: Annotated[
        Path, typer.Option("--report", metavar="DIR", help="Where the report is written.")
    ] = Path("intents-report"),
) -> None:
    """Train the model of intents, and report how well it does on voices left out.

    Needs scikit-learn, sentences for every intent in at least two voices, and with the shipped ones
    a quarter of an hour.
    """
    from privacydesk.data import sentence_files  # noqa: PLC0415
    from privacydesk.understanding.embedding import E5Embedder  # noqa: PLC0415
    from privacydesk.understanding.training.fitting import fit  # noqa: PLC0415
    from privacydesk.understanding.training.frames import read_frames  # noqa: PLC0415
    from privacydesk.understanding.training.report import (  # noqa: PLC0415
        PICTURE,
        figures,
        picture,
    )
    from privacydesk.understanding.training.sentences import read_sentences  # noqa: PLC0415

    files: dict[str, str] = {} if only else sentence_files()
    for folder in sentences or ():
        files |= sentence_files(folder)
    if not files:
        raise SettingsError("no sentences: name a folder with --sentences", key="sentences")
    labelled = read_sentences(files)
    typer.echo(f"{len(labelled)} sentences in {len(files)} files", err=True)
    fitted = fit(labelled, E5Embedder(), _progress, read_frames(files))
    typer.echo("", err=True)
    report.mkdir(parents=True, exist_ok=True)
    (report / "report.md").write_text(figures(fitted), "utf-8")
    (report / PICTURE).write_text(picture(fitted), "utf-8")
    fitted.model.save(model)
    typer.echo(f"model: {model}\nreport: {report / 'report.md'}")


_DOING = {"embed": "reading sentences", "fit": "fitting"}


def _progress(what: str, done: int, whole: int) -> None:
    end = "\n" if done == whole else ""
    sys.stderr.write(f"\r{_DOING[what]}: {done} of {whole}{end}")
    sys.stderr.flush()
