"""What people have, read without believing it."""

import contextlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from compute.training_set import Column, Schema, SchemaError
from compute.training_set.importers import UnreadableData, labels_of, read


def npz(path: Path, **arrays) -> Path:
    np.savez_compressed(path / "data.npz", **arrays)
    return path / "data.npz"


def csv(path: Path, text: str) -> Path:
    (path / "data.csv").write_text(text, newline="")
    return path / "data.csv"


def same(columns, **expected):
    assert columns.keys() == expected.keys()
    for name, array in expected.items():
        assert columns[name].dtype == array.dtype
        np.testing.assert_array_equal(columns[name], array)


def test_npz_keeps_dtypes_and_shapes(tmp_path):
    image, label = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.int16([5, -5])
    same(read(npz(tmp_path, image=image, label=label)), image=image, label=label)
    fortran, swapped = np.asfortranarray(image), label.astype(">i2")
    same(read(npz(tmp_path, image=fortran, label=swapped)), image=image, label=label)
    same(read(npz(tmp_path, yes=np.array([True, False]))), yes=np.uint8([1, 0]))


def test_csv_takes_the_narrowest_dtype_and_joins_numbered_columns(tmp_path):
    text = "label,pixel0,pixel1,pixel2,t\n3,0,255,7,-1\n1,1,2,3,300\n"
    same(
        read(csv(tmp_path, text)),
        label=np.uint8([3, 1]),
        pixel=np.uint8([[0, 255, 7], [1, 2, 3]]),
        t=np.int16([-1, 300]),
    )
    same(read(csv(tmp_path, "x_1,x_2\n1,70000\n")), x=np.uint32([[1, 70000]]))
    same(read(csv(tmp_path, "\ufeffa,b\r\n1,2\r\n")), a=np.uint8([1]), b=np.uint8([2]))  # Excel's
    same(read(csv(tmp_path, "a1,b1\n1,2\n")), a1=np.uint8([1]), b1=np.uint8([2]))
    same(read(csv(tmp_path, "x0,x2\n1,2\n")), x0=np.uint8([1]), x2=np.uint8([2]))


def test_long_tables_are_read_in_chunks(tmp_path):
    text = "a,b\n" + "".join(f"{n},{-n}\n" for n in range(10_000))
    columns = read(csv(tmp_path, text))
    np.testing.assert_array_equal(columns["a"], np.arange(10_000))
    np.testing.assert_array_equal(columns["b"], -np.arange(10_000))


def test_real_numbers_become_integers_by_a_chosen_power_of_two(tmp_path):
    values = [0.5, -1.25, 0.375, 3.0]
    expected = np.int8([2, -5, 2, 12])  # 0.375 * 4 = 1.5, a tie, goes to the even 2
    same(read(csv(tmp_path, "x\n0.5\n-1.25\n0.375\n3\n"), scale_log2={"x": 2}), x=expected)
    same(read(npz(tmp_path, x=np.array(values)), scale_log2={"x": 2}), x=expected)
    with pytest.raises(UnreadableData, match="power of two"):
        read(npz(tmp_path, x=np.array(values)))
    schema = Schema((Column("x", "int8", (), scale_log2=2),))  # said once, by the founder
    same(read(csv(tmp_path, "x\n-1.25\n"), schema=schema), x=np.int8([-5]))


def test_the_integers_of_numpy_and_pandas_become_small(tmp_path):
    wide = npz(tmp_path, x=np.array([3, 300]), y=np.int32([1, -1]))
    same(read(wide), x=np.uint16([3, 300]), y=np.int8([1, -1]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x,y\n1,2\n3,48678.95\n", "row 3, column y: '48678.95' is a real number; .*--scale y="),
        ("x0,x1\n1,2.5\n", "column x1: .*--scale x="),
        ("x,y\n1,\n", "row 2, column y: the cell is empty"),
        ("x,y\n1,two\n", "column y: 'two' is no number"),
        ("x;y\n1;2\n", "separates its cells with ';'"),
        ("x\ty\n1\t2\n", "separates its cells with tabs"),
        ("", "is empty"),
        (",x\n0,1\n", "no name for column 1: .*index=False"),
        ("1,2\n3,4\n", "first line names the columns"),
        ("x,y\n1,2\n1\n", "row 3: it has 1 cells, the header 2"),
    ],
)
def test_a_table_says_where_it_is_wrong_and_what_to_do(tmp_path, text, words):
    with pytest.raises(UnreadableData, match=words):
        read(csv(tmp_path, text))


@pytest.mark.parametrize("name", ["data.csv", "data.jsonl", "data.txt"])
@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        ("größe,y\n1,2\n", "latin1", "latin1"),
        ("x,y\n1,2\n", "utf-16", "utf-16"),
        ("x,y\n1,2\n", "utf-16-le", "utf-16le"),
        ("x,y\n1,2\n", "utf-16-be", "utf-16be"),
    ],
)
def test_another_encoding_is_told_and_how_to_convert_it(tmp_path, name, text, encoding, told):
    (tmp_path / name).write_bytes(text.encode(encoding))
    with pytest.raises(UnreadableData, match=f"{name} is not text in UTF-8: .*iconv -f {told} "):
        read(tmp_path / name)


def test_names_of_columns_and_files_are_read_as_people_write_them(tmp_path):
    (tmp_path / "DATA.CSV").write_text("x, y\n1, 2\n")
    same(read(tmp_path / "DATA.CSV"), x=np.uint8([1]), y=np.uint8([2]))


def test_values_take_the_dtypes_of_the_set_they_are_for(tmp_path):
    schema = Schema((Column("x", "int32", ()), Column("y", "uint8", ())))
    columns = read(csv(tmp_path, "y,x\n255,1\n"), schema=schema)
    same(columns, y=np.uint8([255]), x=np.int32([1]))
    with pytest.raises(UnreadableData, match="do not fit the set's uint8"):
        read(csv(tmp_path, "y,x\n256,1\n"), schema=schema)
    with pytest.raises(SchemaError):
        read(csv(tmp_path, "y,z\n1,1\n"), schema=schema)


def jsonl(path: Path, *lines: str) -> Path:
    (path / "data.jsonl").write_text("\n".join(lines))
    return path / "data.jsonl"


def test_json_lines(tmp_path):
    path = jsonl(tmp_path, '{"x":[[1,2],[3,-4]],"y":7}', '{"y":300,"x":[[5,6],[7,8]]}')
    x = np.int8([[[1, 2], [3, -4]], [[5, 6], [7, 8]]])
    same(read(path), x=x, y=np.uint16([7, 300]))
    same(read(jsonl(tmp_path, '{"t":0.5}', '{"t":-2}'), scale_log2={"t": 1}), t=np.int8([1, -4]))
    long = jsonl(tmp_path, *(f'{{"n":{n}}}' for n in range(3000)))
    np.testing.assert_array_equal(read(long)["n"], np.arange(3000))


@pytest.mark.parametrize(
    "lines",
    [
        [""],
        ["[1]"],
        ["{}"],
        ['{"x":1}', "", '{"x":1}'],
        ['{"x":1}', '{"y":1}'],
        ['{"x":[1]}', '{"x":[1,2]}'],
        [*['{"x":[1]}'] * 1024, '{"x":[1,2]}'],
        ['{"x":"1"}'],
        ['{"x":null}'],
        ['{"x":0.5}'],
        ['{"x":NaN}'],
        ['{"x":[]}'],
        ['{"x":99999999999999999999}'],
        ['{"x":' + "9" * 5000 + "}"],
        ['{"x":' + "[" * 100_000],
        ['{"x":' + "1" * (1 << 20) + "}"],
        ['{"X":1}'],
        ['{"x":\x00}'],
    ],
    ids=lambda lines: f"{len(lines)}x{lines[-1][:12]!r}",
)
def test_lines_that_are_no_examples_are_refused(tmp_path, lines):
    with pytest.raises((UnreadableData, SchemaError)):
        read(jsonl(tmp_path, *lines))


def picture(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_classes_keep_their_names_and_order(tmp_path):
    for name in ("2", "10", "9"):
        (tmp_path / name).mkdir()
        picture(tmp_path / name / "a.png", np.full((2, 2), int(name), np.uint8))
    (tmp_path / "2" / "Thumbs.db").write_bytes(b"left behind")
    assert labels_of(tmp_path) == {"label": ("2", "9", "10")}  # not as text
    assert read(tmp_path)["image"][:, 0, 0].tolist() == [2, 9, 10]


def test_a_folder_for_a_set_takes_the_labels_of_the_set(tmp_path):
    (tmp_path / "dogs").mkdir()
    picture(tmp_path / "dogs" / "a.png", np.zeros((2, 2), np.uint8))
    schema = Schema(
        (Column("image", "uint8", (2, 2)), Column("label", "uint8", (), labels=("cats", "dogs")))
    )
    assert read(tmp_path, schema=schema)["label"].tolist() == [1]
    (tmp_path / "birds").mkdir()
    with pytest.raises(UnreadableData, match="birds: the set has no class of this name, but cats"):
        read(tmp_path, schema=schema)


def test_a_folder_of_splits_is_not_a_folder_of_classes(tmp_path):
    (tmp_path / "train" / "cats").mkdir(parents=True)
    with pytest.raises(UnreadableData, match="train holds folders"):
        read(tmp_path)


def test_what_file_managers_leave_is_no_data(tmp_path):
    texts, pictures = tmp_path / "texts", tmp_path / "pictures"
    texts.mkdir()
    picture(pictures / "cat" / "1.png", np.zeros((2, 3), np.uint8))
    (texts / "a.txt").write_text("abc")
    wanted = read(texts, window=2), read(pictures), labels_of(pictures)
    for folder in (texts, pictures, pictures / "cat"):
        for name in ("Thumbs.db", ".DS_Store", "desktop.ini"):
            (folder / name).write_bytes(b"\xff")
        picture(folder / "__MACOSX" / "._1.png", np.zeros((9, 9), np.uint8))
    same(read(texts, window=2), **wanted[0])
    same(read(pictures), **wanted[1])
    assert labels_of(pictures) == wanted[2] == {"label": ("cat",)}


@pytest.mark.parametrize("name", ["2.png", "README.md"])
def test_a_file_beside_the_classes_is_not_left_out_in_silence(tmp_path, name):
    picture(tmp_path / "cat" / "1.png", np.zeros((2, 3), np.uint8))
    (tmp_path / name).write_text("?")
    with pytest.raises(UnreadableData, match=f"{name} is in no class"):
        read(tmp_path)


def test_images_are_labelled_by_their_folder(tmp_path):
    cat, dog = np.full((2, 3), 7, np.uint8), np.full((2, 3), 9, np.uint8)
    picture(tmp_path / "dog" / "1.png", dog)
    picture(tmp_path / "cat" / "2.png", cat)
    picture(tmp_path / "cat" / "1.png", cat + 1)
    same(read(tmp_path), image=np.stack([cat + 1, cat, dog]), label=np.uint8([0, 0, 1]))


def test_coloured_images(tmp_path):
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    picture(tmp_path / "a" / "1.png", pixels)
    same(read(tmp_path), image=pixels[None], label=np.uint8([0]))
    picture(tmp_path / "a" / "2.png", pixels[:, :, 0].copy())
    with pytest.raises(UnreadableData, match="equal in size"):
        read(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a,b\n1\n",
        "a,b\n1,2,3\n",
        "a\n1\n\n2\n",
        "a\nx\n",
        "a\n99999999999999999999\n",
        "a,a\n1,2\n",
        "A\n1\n",
        "a\n\x00\n",
        'a\n"1\n',
        "a\n" + "0" * 65 + "\n",
        "a" + "1" * 5000 + "\n1\n",
        ",".join(f"c{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(65))
        + "\n"
        + "1," * 64
        + "1\n",
    ],
)
def test_tables_that_are_none_are_refused(tmp_path, text):
    with pytest.raises((UnreadableData, SchemaError)):
        read(csv(tmp_path, text))


@pytest.mark.parametrize("value", ["nan", "inf", "1e300"])
def test_numbers_that_are_none_are_refused(tmp_path, value):
    with pytest.raises(UnreadableData, match=r"is no number|integer of 64 bits"):
        read(csv(tmp_path, f"x\n{value}\n"), scale_log2={"x": 8})


def header(shape: str, descr: str = "'|u1'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        header("(4,)") + b"abc",
        header("(4,)") + b"abcde",
        header("(1099511627776,)") + b"abc",
        header("(-1,)") + b"",
        header("(-2, -2)") + b"abcd",
        header("(4294967296, 4294967296, 4294967296)"),
        header("(1,)", "'|O'") + b"\x80\x04N.",
        header("(1,)", "'|S1'") + b"a",
        header("(1,)", "[('a', '|u1')]") + b"a",
        b"\x93NUMPY\x09\x00",
    ],
)
def test_archives_that_lie_are_refused(tmp_path, content):
    path = tmp_path / "data.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", content)
    with pytest.raises(UnreadableData):
        read(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    from compute.training_set.importers import errors

    path = npz(tmp_path, x=np.zeros(10_000_000, np.uint8))
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(errors, "MAX_DELTA_BYTES", 1_000_000)
    with pytest.raises(UnreadableData, match="more than 1000000 bytes"):
        read(path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"no archive")
    (tmp_path / "x.pickle").write_bytes(b"")
    folder = tmp_path / "images"
    folder.mkdir()
    for path in ("x.npz", "x.pickle", "missing.csv", "images"):
        with pytest.raises(UnreadableData):
            read(tmp_path / path)
    (folder / "a").mkdir()
    (folder / "a" / "1.png").write_bytes(b"no image")
    with pytest.raises(UnreadableData, match=r"1\.png"):
        read(folder)


@given(st.binary(min_size=1, max_size=8), st.integers(0, 10**9))
@settings(max_examples=300)
@pytest.mark.parametrize("kind", ["npz", "csv", "jsonl", "png"])
def test_damaged_files_are_read_or_refused(tmp_path, kind, noise, place):
    """Bytes of a good file, some replaced: columns, or one of two errors, never another."""
    folder = tmp_path / "images"
    if kind == "npz":
        path = victim = npz(tmp_path, x=np.arange(50, dtype=np.int16), y=np.zeros(50, np.uint8))
    elif kind == "jsonl":
        path = victim = jsonl(tmp_path, *['{"x":[1,2],"y":3}'] * 20)
    elif kind == "csv":
        path = victim = csv(tmp_path, "x0,x1,y\n" + "1,2,3\n" * 20)
    else:
        path, victim = folder, folder / "a" / "1.png"
        picture(victim, np.arange(64, dtype=np.uint8).reshape(8, 8))
    data = bytearray(victim.read_bytes())
    place %= len(data)
    data[place : place + len(noise)] = noise
    victim.write_bytes(data)
    with contextlib.suppress(UnreadableData, SchemaError):
        assert all(array.dtype.kind in "iu" for array in read(path).values())


def test_deep_images_are_refused_rather_than_clipped(tmp_path):
    picture(tmp_path / "a" / "1.png", np.full((2, 2), 40_000, np.uint16))
    with pytest.raises(UnreadableData, match="8 bits"):
        read(tmp_path)


def test_an_image_of_too_many_pixels_is_refused_unread(tmp_path):
    data = io.BytesIO()
    Image.new("1", (5000, 5000)).save(data, "PNG")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(data.getvalue())
    with pytest.raises(UnreadableData, match="pixels"):
        read(tmp_path)
