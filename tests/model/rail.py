"""A bank on paper: a payout rail that carries any currency, one line per transfer, and answers in such lines."""

from collections.abc import Sequence

from cagnotte.hooks.specs import hookimpl
from cagnotte.hooks.values import LineKind, StatusLine, TransferBatch

NAME = "paper"


class PaperRail:
    """Writes and reads "reference what" lines."""

    name = NAME
    transfers_max = 3
    file_suffix = ".txt"

    def make_file(self, batch: TransferBatch) -> bytes:
        """Write a batch."""
        lines = [f"{one.end_to_end_id} {one.amount_minor}\n" for one in batch.transfers]
        return "".join([f"{batch.message_id} {batch.currency}\n", *lines]).encode()

    def read_status(self, content: bytes) -> list[StatusLine]:
        """Read an answer."""
        words = [line.split() for line in content.decode().splitlines()]
        return [
            StatusLine(number, LineKind(kind), end_to_end_id=reference)
            for number, (reference, kind) in enumerate(words, start=1)
        ]


@hookimpl
def payout_rails() -> Sequence[PaperRail]:
    """Bring the rail."""
    return [PaperRail()]
