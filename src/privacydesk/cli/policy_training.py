"""`privacydesk policy train` and `policy evaluate`: learning which passage answers a question."""

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
        typer.Argument(metavar="DIR", help="Where what is learnt is written, and check points."),
    ],
    epochs: Annotated[int, typer.Option("--epochs", help="How often every question is read.")] = 3,
) -> None:
    """Learn from the corpus to answer from policies; what was begun in the folder goes on.

    Needs the extra "train" (PyTorch), and half an hour on two cores. `policy evaluate --network
    DIR` measures it.
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
            help="Policies, NAME.md, with their questions, NAME.jsonl each; those of the corpus"
            " that were left out of training where there is none.",
        ),
    ] = None,
    network: Annotated[
        Path | None,
        typer.Option(
            "--network", metavar="DIR", help="What `policy train` made; what ships where none is."
        ),
    ] = None,
) -> None:
    """Measure how well questions are answered from policies, and what is not said is declined."""
    from privacydesk.encoder.embedding import E5Embedder  # noqa: PLC0415
    from privacydesk.policy.answering import SHIPPED, Learnt  # noqa: PLC0415
    from privacydesk.policy_training.evaluation import ask, by_desk, table  # noqa: PLC0415

    encoder, told, learnt = E5Embedder(), [], Learnt.load(network or SHIPPED)
    for policy in _policies(folder, left_out=folder is None):
        told += ask(policy, by_desk(policy, encoder, learnt))
    typer.echo(table(told))


def _policies(folder: Path | None, *, left_out: bool = False) -> list[QuestionedPolicy]:
    from privacydesk.data import questioned_policies  # noqa: PLC0415
    from privacydesk.policy_training.corpus import read_questioned  # noqa: PLC0415

    try:
        return [read_questioned(*files) for files in questioned_policies(folder, left_out=left_out)]
    except ValueError as error:
        fail(str(error))
