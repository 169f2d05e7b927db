"""TensorBoard: a folder per row of the table, with its figures as scalars, a step per result."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from harness import Record, needs
from harness_watchers.describing import Series, facts, figures, parameters

INSTALL = "infoharness[tensorboard]"
FOLDER = "runs"


class TensorBoard:
    """``where`` is the folder that ``tensorboard --logdir`` is given; by default ``runs``."""

    def __init__(self, where: str, total: dict[str, int], cached: int) -> None:
        self._protocol = needs("tensorboard.compat.proto.event_pb2", INSTALL)
        self._summary = needs("tensorboard.compat.proto.summary_pb2", INSTALL).Summary
        self._tensor = needs("tensorboard.compat.proto.tensor_pb2", INSTALL).TensorProto
        self._metadata = needs("tensorboard.plugins.text.metadata", INSTALL)
        self._writer = needs("tensorboard.summary.writer.record_writer", INSTALL).RecordWriter
        self._started = time.time_ns()
        self._folder = Path(where or FOLDER).expanduser() / (
            time.strftime("%Y%m%d-%H%M%S") + f"-{self._started % 10**9:09d}"
        )
        self._series = Series()
        said = f"{sum(total.values())} to compute, {cached} found in the store"
        self._append(self._folder, [self._text("run", said)], 0)

    def _text(self, tag: str, text: str) -> Any:
        """A text, Markdown, as the text plugin of TensorBoard reads it; its own maker of them
        needs TensorFlow."""
        value = self._summary.Value(
            tag=tag,
            metadata=self._metadata.create_summary_metadata("", ""),
            tensor=self._tensor(dtype="DT_STRING", string_val=[text.encode()]),
        )
        return self._summary(value=[value])

    def _append(self, folder: Path, summaries: list[Any], step: int) -> None:
        """Add to the one file of a folder; nothing stays open, so a killed run loses nothing."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"events.out.tfevents.{self._started // 10**9}.harness"
        event = self._protocol.Event
        events = [event(wall_time=time.time(), step=step, summary=one) for one in summaries]
        if not file.exists():
            events.insert(0, event(wall_time=time.time(), file_version="brain.Event:2"))
        with file.open("ab") as opened:
            writer = self._writer(opened)
            for one in events:
                writer.write(one.SerializeToString())

    def send(self, record: Record) -> None:
        """A step of its row; texts and parameters as a table of Markdown."""
        name, step = self._series.place(record)
        value = self._summary.Value
        numbers = [value(tag=k, simple_value=v) for k, v in figures(record).items()]
        rows = {**facts(record), **parameters(record)}
        lines = [f"| {_cell(k)} | {_cell(text)} |" for k, text in rows.items()]
        table = "\n".join(["| what | is |", "| --- | --- |", *lines])
        folder = self._folder / re.sub(r"[^\w.-]+", "-", name).strip("-")
        self._append(folder, [self._summary(value=numbers), self._text("result", table)], step)

    def finish(self, summary: dict[str, Any]) -> None:
        """Counts and seconds of the whole run."""
        self._append(self._folder, [self._text("finished", str(summary))], 1)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
