"""From the files people have to columns of integers: NumPy archives, CSV tables, image folders.

Files are as hostile as anything that arrives: sizes are checked before memory is taken, and
nothing is unpickled. Real numbers become integers by a power of two that the person chooses, and
the model specification undoes with the input's `scale_log2`.
"""

import csv
import re
import zipfile
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from compute.training_set.manifest import MAX_DELTA_BYTES
from compute.training_set.schema import DTYPES, MAX_COLUMNS, Schema

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
MAX_IMAGE_PIXELS = 1 << 22
_NUMBERED = re.compile(r"(.*?)_?([0-9]+)")
_CHUNK_ROWS = 4096
_CELL = 64  # a number is shorter


class UnreadableData(ValueError):
    """The file cannot become columns of a training set; the message says what to change."""


def read(
    path: Path, *, schema: Schema | None = None, scale_log2: Mapping[str, int] | None = None
) -> dict[str, np.ndarray]:
    """Columns [n, *shape] from a .npz file, a .csv file or a folder of images.

    Columns named in `scale_log2` hold real numbers x and become round(x * 2**scale_log2), ties to
    even. With `schema`, integers take its dtypes, so that the result can be proposed to that set.
    Raises UnreadableData or SchemaError.
    """
    scales = dict(scale_log2 or {})
    if path.is_dir():
        columns = read_images(path)
    elif path.suffix == ".npz":
        columns = read_npz(path, scales)
    elif path.suffix == ".csv":
        columns = read_csv(path, scales)
    else:
        raise UnreadableData(f"{path} is neither a .npz file, a .csv file nor a folder of images")
    if schema is not None:
        wanted = {column.name: column.dtype for column in schema.columns}
        columns = {name: _cast(name, a, wanted.get(name, a.dtype)) for name, a in columns.items()}
    (schema or Schema.of(columns)).check(columns)
    return columns


def read_npz(path: Path, scale_log2: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Arrays of a NumPy archive by name, integers or named in `scale_log2`."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MAX_COLUMNS:
                raise UnreadableData(f"{path} holds more than {MAX_COLUMNS} arrays")
            _bound(path, sum(member.file_size for member in members))
            return {
                name: _integers(name, _read_npy(archive, member), scale_log2)
                for member in members
                for name in [member.filename.removesuffix(".npy")]
            }
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise UnreadableData(f"{path} cannot be read: {error}") from None


def read_csv(path: Path, scale_log2: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Columns of a table whose first line names them, in the narrowest integer type that holds all.

    Columns x0, x1, … (or x_1, x_2, …) that count up side by side become one column x of vectors.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            _bound(path, path.stat().st_size)
            rows = csv.reader(file, strict=True)
            header = next(rows, [])
            groups = _groups(header)
            chunks = list(_csv_chunks(path, rows, len(header), groups, scale_log2))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableData(f"{path} cannot be read: {error}") from None
    if not chunks:
        raise UnreadableData(f"{path} has no rows under its header")
    return {name: _narrow(np.concatenate([chunk[name] for chunk in chunks])) for name in groups}


def read_images(folder: Path) -> dict[str, np.ndarray]:
    """`image` uint8 [n, height, width] (or [n, height, width, 3]) and `label` from a folder with
    one folder of images a class; labels count the class folders in order of their names."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise UnreadableData("Reading images needs Pillow: pip install pillow") from None
    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    files = [(file, k) for k, entry in enumerate(classes) for file in sorted(entry.iterdir())]
    if not files:
        raise UnreadableData(f"{folder} has no images: put each class into a folder of its own")
    images: list[np.ndarray] = []
    for file, _ in files:
        try:
            with Image.open(file, formats=IMAGE_FORMATS) as image:
                if image.width * image.height > MAX_IMAGE_PIXELS:
                    raise UnreadableData(f"{file} has more than {MAX_IMAGE_PIXELS} pixels")
                gray = image.mode in ("1", "L", "I;16")
                pixels = np.asarray(image.convert("L" if gray else "RGB"), np.uint8)
        except (OSError, UnidentifiedImageError, SyntaxError) as error:
            raise UnreadableData(f"{file} cannot be read: {error}") from None
        if images and pixels.shape != images[0].shape:
            raise UnreadableData(
                f"{file} is {pixels.shape}, the images before it are {images[0].shape}: "
                "make all images equal in size and all gray or all coloured"
            )
        images.append(pixels)
        _bound(folder, len(images) * pixels.size)
    labels = np.array([label for _, label in files], np.int64)
    return {"image": np.stack(images), "label": _narrow(labels)}


def _read_npy(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as file:
        try:
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran_order, dtype = read_header(file)
        except (ValueError, KeyError) as error:
            raise UnreadableData(f"{member.filename} is not a NumPy array: {error}") from None
        if dtype.kind not in "iufb":
            raise UnreadableData(f"{member.filename} holds {dtype}: only numbers can be read")
        size = dtype.itemsize
        for length in shape:
            size *= length
        if size < 0 or size != member.file_size - file.tell():
            raise UnreadableData(f"{member.filename} is not as long as its shape says")
        flat = np.frombuffer(file.read(size), dtype)
    if flat.nbytes != size:
        raise UnreadableData(f"{member.filename} ends early")
    return flat.reshape(shape, order="F" if fortran_order else "C")


def _integers(name: str, array: np.ndarray, scale_log2: Mapping[str, int]) -> np.ndarray:
    if name in scale_log2:
        return _narrow(_quantise(name, array.astype(np.float64), scale_log2[name]))
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind == "f":
        raise UnreadableData(
            f"{name} holds real numbers: choose a power of two to multiply them by (scale_log2)"
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _quantise(name: str, values: np.ndarray, scale_log2: int) -> np.ndarray:
    scaled = np.rint(np.ldexp(values, scale_log2))
    if not np.all(np.abs(scaled) < 2.0**63):  # NaN compares false
        raise UnreadableData(f"{name} has values that are no integers of 64 bits after scaling")
    return scaled.astype(np.int64)


def _narrow(values: np.ndarray) -> np.ndarray:
    """In the smallest dtype that holds all values, unsigned before signed."""
    for dtype in sorted(DTYPES, key=lambda name: (np.dtype(name).itemsize, name[0] != "u")):
        if _fits(values, np.dtype(dtype)):
            return values.astype(dtype)
    raise AssertionError("int64 and uint64 hold every integer array")


def _cast(name: str, values: np.ndarray, dtype: np.dtype | str) -> np.ndarray:
    if not _fits(values, np.dtype(dtype)):
        raise UnreadableData(f"{name} has values that do not fit the set's {np.dtype(dtype)}")
    return values.astype(dtype)


def _fits(values: np.ndarray, dtype: np.dtype) -> bool:
    limits = np.iinfo(dtype)
    return not values.size or (limits.min <= int(values.min()) and int(values.max()) <= limits.max)


def _groups(header: list[str]) -> dict[str, slice | int]:
    """The place of every column: a slice where neighbours are numbered consecutively."""
    groups: dict[str, slice | int] = {}
    place = 0
    while place < len(header):
        name, length = _run(header, place)
        if name in groups:
            raise UnreadableData(f"two columns are called {name!r}")
        groups[name] = place if length == 1 else slice(place, place + length)
        place += length
    if not 0 < len(groups) <= MAX_COLUMNS:
        raise UnreadableData(f"a table has 1 to {MAX_COLUMNS} columns, not {len(groups)}")
    return groups


def _run(header: list[str], place: int) -> tuple[str, int]:
    first = _NUMBERED.fullmatch(header[place])
    if first is None or not first[1] or int(first[2]) > 1:
        return header[place], 1
    length = 1
    for name in header[place + 1 :]:
        following = _NUMBERED.fullmatch(name)
        if following is None or following[1] != first[1]:
            break
        if int(following[2]) != int(first[2]) + length:
            break
        length += 1
    return (first[1], length) if length > 1 else (header[place], 1)


def _csv_chunks(
    path: Path,
    rows: Iterator[list[str]],
    width: int,
    groups: Mapping[str, slice | int],
    scale_log2: Mapping[str, int],
) -> Iterator[dict[str, np.ndarray]]:
    line = 2
    while chunk := list(islice(rows, _CHUNK_ROWS)):
        try:
            if any(len(row) != width for row in chunk):
                raise ValueError(f"a row has not {width} cells")
            if any(len(cell) > _CELL for row in chunk for cell in row):
                raise ValueError(f"a cell has more than {_CELL} characters")
            table = np.array(chunk)
            yield {name: _cells(name, table[:, at], scale_log2) for name, at in groups.items()}
        except (ValueError, OverflowError) as error:
            raise UnreadableData(f"{path}, lines {line} and after: {error}") from None
        line += len(chunk)


def _cells(name: str, text: np.ndarray, scale_log2: Mapping[str, int]) -> np.ndarray:
    if name in scale_log2:
        return _quantise(name, text.astype(np.float64), scale_log2[name])
    return text.astype(np.int64)


def _bound(path: Path, size: int) -> None:
    if size > MAX_DELTA_BYTES:
        raise UnreadableData(f"{path} holds more than {MAX_DELTA_BYTES} bytes: split it")
