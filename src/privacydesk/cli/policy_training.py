"""``privacydesk policy train`` and ``policy evaluate``: the network that finds answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privacydesk.cli.policy_files import fail
from privacydesk.errors import SettingsError

if TYPE_CHECKING:
    from privacydesk.policy_training.corpus import QuestionedPolicy


def train(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder for the network and its checkpoints."),
    ],
    epochs: Annotated[int, typer.Option("--epochs", help="Passes over all questions.")] = 3,
) -> None:
    """Train the network that answers questions from policies; resumes from checkpoints in DIR.

    Needs the extra "train" (PyTorch), and takes half an hour on two cores. Evaluate the result with
    `policy evaluate --network DIR`.
    """
    try:
        from privacydesk.policy_training.loop import Pace  # noqa: PLC0415
        from privacydesk.policy_training.teaching import teach  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{error.name} is not installed: pip install 'privacydesk[train]'", key="train"
        ) from None
    teach(
        _policies(None),
        _policies(None, left_out=True),
        folder,
        pace=Pace(epochs=epochs),
        tell=lambda line: typer.echo(line, err=True),
    )
    typer.echo(f"network: {folder}")


def evaluate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="Folder of policies (NAME.md) with questions (NAME.jsonl). Default: the policies"
            " of the corpus that are not used for training.",
        ),
    ] = None,
    network: Annotated[
        Path | None,
        typer.Option(
            "--network",
            metavar="DIR",
            help="A network made by `policy train`. Default: the shipped one.",
        ),
    ] = None,
) -> None:
    """Evaluate how well questions are answered, and unanswerable ones declined."""
    from privacydesk.encoder.embedding import E5Embedder  # noqa: PLC0415
    from privacydesk.policy.answering import BUNDLED_MODELS, AnswerModels  # noqa: PLC0415
    from privacydesk.policy_training.evaluation import ask, by_desk, table  # noqa: PLC0415

    encoder, results, models = E5Embedder(), [], AnswerModels.load(network or BUNDLED_MODELS)
    for policy in _policies(folder, left_out=folder is None):
        results += ask(policy, by_desk(policy, encoder, models))
    typer.echo(table(results))


def _policies(folder: Path | None, *, left_out: bool = False) -> list[QuestionedPolicy]:
    from privacydesk.data import questioned_policies  # noqa: PLC0415
    from privacydesk.policy_training.corpus import read_questioned  # noqa: PLC0415

    try:
        return [read_questioned(*files) for files in questioned_policies(folder, left_out=left_out)]
    except ValueError as error:
        fail(str(error))
