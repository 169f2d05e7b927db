"""Files written whole or not at all, and files read with one line for whatever is wrong with them.

What comes from outside is checked before it is used: sizes before anything is allocated, and every
failure, whatever library raises it, is a `UsageError` that names the file, the line or the array,
and the form that would be right. Nothing is ever unpickled.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
import io
import json
import math
import os
import secrets
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.errors import UsageError, needs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@contextlib.contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file under a temporary name, moved to ``path`` at the end, removed where writing fails.

    Its mode is what the umask of the process leaves of read and write for all.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as out:
            yield out
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def unpacked(path: Path) -> Path:
    """The name of a file without the suffix of its compression."""
    return path.with_suffix("") if path.suffix.lower() in COMPRESSED else path


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file to be read, decompressed where its suffix says so (``.gz``, ``.xz``, ``.bz2``).

    Raises `UsageError` where it cannot be read, also while it is read.
    """
    module = COMPRESSED.get(path.suffix.lower())
    try:
        with importlib.import_module(module).open(path) if module else path.open("rb") as file:
            yield file
    except (OSError, EOFError, zlib.error) as error:
        what = getattr(error, "strerror", None) or first_line(error)
        raise UsageError(f"{path}: {what}; wanted a whole file that can be read") from error
    except Exception as error:
        if type(error).__name__ != "LZMAError":
            raise
        raise UsageError(f"{path}: {first_line(error)}; wanted a whole file") from error


MOST_UNPACKED = 2**31
"""Bytes of a text that was compressed."""
NEVER_PACKED = (".npz", ".npy", ".parquet", ".arrow", ".feather")
"""Formats that are compressed inside, or read from where they lie."""
COMPRESSED = {".gz": "gzip", ".xz": "lzma", ".bz2": "bz2"}


def read_bytes(path: Path) -> bytes:
    """The contents of a file. Raises `UsageError` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror or error}; wanted a file that can be read"
        ) from None


def digest(*paths: Path) -> str:
    """A digest of the contents of files, and of the files in folders.

    Raises `UsageError` where one cannot be read.
    """
    sha = hashlib.sha256()
    for path in paths:
        inside = sorted(file for file in path.rglob("*") if file.is_file())
        for file in inside if path.is_dir() else [path]:
            try:
                with file.open("rb") as content:
                    sha.update(hashlib.file_digest(content, "sha256").digest())
            except OSError as error:
                raise UsageError(
                    f"{file}: {error.strerror or error}; wanted a file that can be read"
                ) from None
    return sha.hexdigest()


def read_text(path: Path, encoding: str = "utf-8", setting: str = "") -> str:
    """The text of a file, without a byte order mark; line ends as the file has them.

    It is decompressed where its suffix says so (`opened`).
    ``setting`` is the parameter that states another encoding, if there is one: the error names it.
    Raises `UsageError` for a file that cannot be read, an encoding that nobody knows, and bytes
    that are not in it; the last with the line, and with an encoding that would fit.
    """
    content = _unpacked_bytes(path) if unpacked(path) != path else read_bytes(path)
    try:
        return content.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except LookupError:
        raise UsageError(
            f"{setting or 'encoding'}: {encoding!r} is not an encoding that Python knows; wanted "
            "utf-8, cp1252, utf-16 ..."
        ) from None
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = content.count(b"\n", 0, start) + 1
        guess = _likely(content, encoding)
        other = f"{setting}={guess}" if setting else f"the file converted from {guess}"
        raise UsageError(
            f"{path}, line {line}: byte 0x{content[start]:02x} is not {encoding} (it reads as "
            f"{guess}); wanted {encoding}, or {other}"
        ) from None


def lines(
    path: Path, encoding: str = "utf-8", setting: str = "", ends: str = "\n"
) -> Iterator[str]:
    """The lines of a text with their ends, one after another; the text is never held as a whole.

    ``ends`` is what ends a line: ``\\n``, or nothing for ``\\r`` as well. Otherwise as `read_text`.
    """
    own = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
    read, packed = 0, unpacked(path) != path
    try:
        with opened(path) as file, io.TextIOWrapper(file, own, newline=ends) as text:
            for line in text:
                read += len(line)
                if packed and read > MOST_UNPACKED:
                    raise _too_long(path)
                yield line
    except (LookupError, UnicodeError):
        read_text(path, encoding, setting)  # which says what is wrong, and where
        raise


def _too_long(path: Path) -> UsageError:
    return UsageError(f"{path}: more than {MOST_UNPACKED} bytes unpacked; wanted a smaller file")


def _unpacked_bytes(path: Path) -> bytes:
    with opened(path) as file:
        content = file.read(MOST_UNPACKED + 1)
    if len(content) > MOST_UNPACKED:
        raise _too_long(path)
    return content


def _likely(content: bytes, tried: str) -> str:
    """An encoding that decodes all of ``content``: UTF-16 where it looks so, UTF-8, or Windows'."""
    for guess in ("utf-16", "utf-8", "cp1252"):
        if guess == tried or (guess == "utf-16" and b"\0" not in content):
            continue
        with contextlib.suppress(UnicodeError):
            content.decode(guess)
            return guess
    return "latin-1"


def parse_json(text: str, where: str) -> Any:
    """A JSON value. Raises `UsageError`, which begins with ``where``, for anything else."""
    try:
        return json.loads(text)
    except RecursionError:
        raise UsageError(f"{where}: nested too deeply; wanted plain JSON") from None
    except ValueError as error:
        raise UsageError(f"{where}: {error}; wanted JSON") from None


def read_json(path: Path, encoding: str = "utf-8", setting: str = "") -> Any:
    """The JSON value in a file. Raises `UsageError` as `read_text` and `parse_json` do."""
    return parse_json(read_text(path, encoding, setting), str(path))


def json_lines(path: Path, encoding: str = "utf-8", setting: str = "") -> Iterator[tuple[int, Any]]:
    """The number, from 1, and the JSON value of every line that is not blank.

    Lines end at ``\\n`` alone: a JSON string may hold U+2028, U+0085 and their like. Raises
    `UsageError`, with the line of the file, for what is not JSON.
    """
    for number, line in enumerate(read_text(path, encoding, setting).split("\n"), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except RecursionError:
                raise UsageError(f"{path}:{number}: nested too deeply; wanted plain JSON") from None
            except ValueError as error:
                # The decoder counts lines within its text, which is this line alone.
                what = (
                    f"{error.msg} at column {error.colno}"
                    if isinstance(error, json.JSONDecodeError)
                    else error
                )
                raise UsageError(f"{path}:{number}: {what}; wanted one JSON value a line") from None


def parquet_rows(
    path: Path, install: str, columns: Sequence[str] | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file, in batches, as dictionaries.

    ``install`` is what ``pip install`` is given where pyarrow is missing. Raises `UsageError` for
    what is not a whole Parquet file.
    """
    parquet = needs("pyarrow.parquet", install)
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1024, columns=columns):
                yield from batch.to_pylist()
    except Exception as error:  # pyarrow raises nearly anything on a broken file
        raise UsageError(
            f"{path}: cannot be read as Parquet: {first_line(error)}; wanted a whole Parquet file"
        ) from error


def first_line(error: BaseException, most: int = 160) -> str:
    """What an error of some library says, on one line; its type where it says nothing."""
    return " ".join(str(error).split())[:most] or type(error).__name__


def read_arrays(path: Path, skip: Collection[str] = ()) -> dict[str, Any]:
    """The arrays of an ``.npz`` archive by name, or the one of an ``.npy`` file under ``""``.

    Arrays in ``skip`` are left alone, whatever they hold. Every header is held against the size
    of what follows it, and the sum against the memory of the machine, before an array is made.

    Raises
    ------
    UsageError : not such a file, a broken one, or an array of Python objects.
    """
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                file.seek(0)
                size = os.fstat(file.fileno()).st_size
                return {"": _one_array(file, size, str(path))}
        return _archive(path, skip)
    except UsageError:
        raise
    except OSError as error:
        what = error.strerror or first_line(error)
        if error.errno == errno.EINVAL:  # zipfile goes to where a damaged directory says
            what = "a damaged archive"
        raise UsageError(f"{path}: {what}; wanted an .npz file") from None
    except Exception as error:  # zipfile, zlib, struct and numpy raise nearly anything
        raise UsageError(
            f"{path}: cannot be read as .npz ({first_line(error)}); wanted a whole archive of "
            "plain arrays, as numpy.savez writes it"
        ) from error


def read_pictures(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pictures ``(n, height, width)`` of a file in MNIST's format, and their labels ``(n,)``.

    The format is IDX, also compressed; the labels are in the file beside it under the usual name:
    ``train-images-idx3-ubyte`` and ``train-labels-idx1-ubyte``. Raises `UsageError`.
    """
    path, partner = picture_files(path)
    x, y = _idx(path, 3), _idx(partner, 1)
    if len(x) != len(y):
        raise UsageError(f"{partner}: {len(y)} labels; wanted {len(x)}, one per picture of {path}")
    return x, y


def picture_files(path: Path) -> tuple[Path, Path]:
    """A file of pictures in MNIST's format, and that of the labels beside it.

    Raises `UsageError` where the name is not of that kind.
    """
    partner = path.with_name(path.name.replace("images-idx3", "labels-idx1"))
    if partner == path:
        raise UsageError(f"{path}: wanted a name such as train-images-idx3-ubyte, as MNIST has it")
    return path, partner


def _idx(path: Path, axes: int) -> NDArray[np.uint8]:
    """The array of an IDX file of bytes. Raises `UsageError` for any other."""
    import numpy as np

    wanted = f"wanted an IDX file of bytes with {axes} axes, as MNIST has them"
    raw = _unpacked_bytes(path) if unpacked(path) != path else read_bytes(path)
    head = 4 + 4 * axes
    if len(raw) < head or raw[:4] != bytes([0, 0, 8, axes]):
        raise UsageError(f"{path}: begins with {raw[:4].hex()}; {wanted}")
    shape = np.frombuffer(raw[4:head], ">u4").astype(int)
    if len(raw) - head != math.prod(shape.tolist()):
        raise UsageError(f"{path}: {len(raw) - head} values; wanted {math.prod(shape.tolist())}")
    return np.frombuffer(raw[head:], np.uint8).reshape(shape)


def _archive(path: Path, skip: Collection[str]) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        members = {
            member.filename.removesuffix(".npy"): member
            for member in archive.infolist()
            if member.filename.removesuffix(".npy") not in skip
        }
        total = sum(member.file_size for member in members.values())
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        # What lies there as it is has its place on the disk, and finds another.
        if total > max(memory, path.stat().st_size):
            raise UsageError(
                f"{path}: {total} bytes of arrays, more than this machine's memory; wanted fewer"
            )
        found = {}
        for name, member in members.items():
            with archive.open(member) as file:
                found[name] = _one_array(file, member.file_size, f"{path}: array {name!r}")
        return found


def _one_array(file: IO[bytes], size: int, where: str) -> Any:
    """An array from ``size`` bytes in numpy's format, whose header must promise what is there."""
    import numpy as np

    from harness import mapped

    try:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            raise ValueError(f"format {version[0]}.{version[1]}")
        shape, fortran, dtype = read_header(file)
    except ValueError as error:
        raise UsageError(
            f"{where}: not in numpy's format ({first_line(error)}); wanted .npz or .npy"
        ) from None
    if dtype.hasobject:
        raise UsageError(
            f"{where}: Python objects, which would have to be unpickled; wanted plain numbers or "
            "strings, such as array.astype(float) or array.astype(str)"
        )
    count = math.prod(shape)
    left = size - file.tell()
    if not dtype.itemsize or min(shape, default=0) < 0 or count * dtype.itemsize != left:
        raise UsageError(
            f"{where}: shape {shape} of {dtype} takes {count * dtype.itemsize} bytes, {left} are "
            "there; wanted a whole array"
        )
    flat = mapped.zeros(count, dtype)
    content, read = flat.view(np.uint8).data, 0
    while read < left:
        got = file.readinto(content[read : read + mapped.PART])  # type: ignore[attr-defined]
        if not got:
            raise UsageError(f"{where}: ends after {read} of {left} bytes; wanted all")
        read += got
    return mapped.copied(flat.reshape(shape[::-1]).T) if fortran else flat.reshape(shape)
