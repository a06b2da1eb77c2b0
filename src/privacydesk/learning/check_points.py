"""Check points, from which stopped training is resumed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch

FILE: Final = "check-point.pt"


class CheckPoint(NamedTuple):
    """A file of training states; those of another digest are ignored."""

    file: Path
    digest: str
    learning: Mapping[str, Any]
    tell: Callable[[str], None]

    def resume(self) -> int:
        """Load the states and return how many epochs were done."""
        if not self.file.exists():
            return 0
        state = torch.load(self.file)
        if state.get("digest") != self.digest:
            self.tell("begins anew: the check point is of another corpus")
            return 0
        for name, one in self.learning.items():
            one.load_state_dict(state[name])
        self.tell(f"goes on after epoch {state['epoch']}")
        return int(state["epoch"])

    def keep(self, epoch: int) -> None:
        """Save the states after a number of epochs."""
        state = {name: one.state_dict() for name, one in self.learning.items()}
        fresh = self.file.with_suffix(".new")
        torch.save(state | {"epoch": epoch, "digest": self.digest}, fresh)
        fresh.replace(self.file)
