"""Token sequences that memory does not hold: read and written in parts, the same bits."""

import os
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import harness  # noqa: E402
from harness import Split, TokenSequences, mapped, stream, torch_generator  # noqa: E402
from harness_lm import reading, training  # noqa: E402
from harness_lm.network import Design  # noqa: E402
from harness_lm.settings import Network  # noqa: E402
from harness_lm.tokens import Native  # noqa: E402

SMALL = {"steps": 2, "width": 8, "layers": 1, "heads": 1, "window": 16, "batch": 4}


def texts(sizes=(40, 1, 90, 16, 15, 17, 3)):
    cuts = np.concatenate([[0], np.cumsum(sizes)])
    ids = stream(0).integers(97, 123, size=cuts[-1])
    rows = np.arange(len(sizes))
    return TokenSequences(ids, cuts, 256, "bytes", split=Split(rows[:3], rows[3:]))


def in_parts(monkeypatch):
    """Everything lies in files, and few bytes go through memory at once."""
    monkeypatch.setenv(mapped.SETTING, "0")
    monkeypatch.setattr(mapped, "PART", 100)
    monkeypatch.setattr(reading, "MANY", 2)


@pytest.mark.parametrize("cutter", [{}, {"tokenizer": "pairs", "vocabulary": 260}])
def test_what_models_and_estimators_make_of_parts_is_what_they_make_at_once(
    monkeypatch, tmp_path, cutter
):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    found = []
    for _ in range(2):
        data = texts()
        made = [
            harness.model(f"lm/{name}", **SMALL, **cutter).transform(data, to=None, rng=stream(1))
            for name in ("tiny-lm", "tiny-lm-states")
        ]
        entropies = [
            harness.estimator("lm/cross-entropy", skip=skip).estimate(made[0], rng=stream(2))
            for skip in (0, 3)
        ]
        for name in ("state-samples", "state-next"):
            for limit in (5, 1000):
                model = harness.model(f"lm/{name}", limit=limit)
                made.append(model.transform(made[1], to=None, rng=stream(3)))
        found.append(([part.fingerprint() for part in made], [e.value for e in entropies]))
        in_parts(monkeypatch)
    assert found[0] == found[1]


def test_windows_are_drawn_from_all_that_there_are(monkeypatch):
    """As from a list of them, which takes three numbers for each token."""
    in_parts(monkeypatch)
    data = texts()
    design = Design.of(Network(**SMALL), 256)
    opened = [
        np.concatenate([[256], data.ids[a:b]])
        for a, b in np.lib.stride_tricks.sliding_window_view(data.offsets, 2)
    ]
    listed = [
        s[at : at + design.window + 1]
        for s in opened
        for at in range(max(len(s) - design.window, 1))
    ]
    windows = training.Windows(Native(256).encode(data), design, "cpu")
    inputs, targets = windows.draw(200, torch_generator(stream(5)))
    chosen = torch.randint(len(listed), (200,), generator=torch_generator(stream(5)))
    for row, i in enumerate(chosen.tolist()):
        real = targets[row] != training.IGNORED
        assert inputs[row][real].tolist() == listed[i][:-1].tolist()
        assert targets[row][real].tolist() == listed[i][1:].tolist()


MORE_MIB = 48
"""Of data that are written, besides what the libraries and a network hold."""
SHARE = 4
READ = """
import re, resource, sys
import numpy as np
import harness
from harness import Split, TokenSequences, mapped, stream
what, tokens, width, more = sys.argv[1], *map(int, sys.argv[2:])
small = dict(steps=1, width=width, layers=1, heads=1, window=64, batch=4)
model = harness.model(f"lm/{what}", **small)

def data(count):
    ids = mapped.zeros(count, np.int64)
    for part in mapped.blocks_of(ids):
        at = np.arange(part.start, part.stop)
        ids[part] = at * at // 7 % 4
    ids[:1000] = np.arange(1000) % 4  # equal training parts: one network
    ids.flags.writeable = False
    cuts = np.array([0, 1000, *range(1000 + (count - 1000) // 8, count, (count - 1000) // 8)])
    cuts[-1] = count
    rows = np.arange(len(cuts) - 1)
    return TokenSequences(ids, cuts, 4, split=Split(rows[:1], rows[1:]))

model.transform(data(5000), to=None, rng=stream(0))  # trains, and imports what there is
(held,) = re.findall(r"VmData:\\s+(\\d+) kB", open("/proc/self/status").read())
resource.setrlimit(resource.RLIMIT_DATA, 2 * (1024 * int(held) + more * 2**20,))
found = model.transform(data(tokens), to=None, rng=stream(0))
if what == "tiny-lm":
    print(found.log_p.nbytes, harness.estimator("lm/cross-entropy").estimate(found, rng=stream(0)).value)
else:
    samples = harness.model("lm/state-samples", limit=100).transform(found, to=None, rng=stream(0))
    print(found.x.nbytes, samples.n, found.fingerprint())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not count private maps")
@pytest.mark.parametrize(
    ("what", "width", "token_bytes"),
    [("tiny-lm-states", 128, 8 * 128), pytest.param("tiny-lm", 8, 8, marks=pytest.mark.slow)],
)
def test_outputs_four_times_larger_than_memory(tmp_path, what, width, token_bytes):
    """Hidden states of few tokens; and tokens, their log-probabilities and counts, each so large.

    `RLIMIT_DATA` counts heap and private maps, as for structures.
    """
    tokens = SHARE * MORE_MIB * 2**20 // token_bytes + 1008
    more = {mapped.SETTING: "8", "TMPDIR": str(tmp_path), "HARNESS_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", READ, what, str(tokens), str(width), str(MORE_MIB)],
        env=os.environ | more,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[0]) >= SHARE * MORE_MIB * 2**20
