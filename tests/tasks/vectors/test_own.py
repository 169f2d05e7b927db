"""The user's own columns: every format, what is recognized, and what is refused."""

import numpy as np
import pytest

import harness
from harness import UsageError
from harness.columns import of_object, read_columns, variables

RNG = np.random.default_rng(0)
N = 120
A = RNG.normal(size=N)
B = RNG.normal(size=N)
CODE = RNG.integers(3, size=N)
NAME = np.array(["red", "green", "blue"])[CODE]
ZEROS = np.where(RNG.random(N) < 0.4, 0.0, RNG.exponential(size=N))
COLUMNS = {"a": A, "b": B, "code": CODE, "name": NAME, "flag": CODE > 0, "zeros": ZEROS}
KINDS = ["continuous", "continuous", "discrete", "discrete", "discrete", "mixed"]


def written(folder, ending):
    path = folder / f"data{ending}"
    if ending in (".csv", ".tsv"):
        mark = "," if ending == ".csv" else "\t"
        rows = zip(*(map(str, column.tolist()) for column in COLUMNS.values()), strict=True)
        path.write_text("\n".join([mark.join(COLUMNS), *map(mark.join, rows)]) + "\n")
    elif ending == ".npz":
        np.savez(path, **COLUMNS)
    else:
        pa = pytest.importorskip("pyarrow")
        from pyarrow import feather, parquet

        table = pa.table({name: pa.array(column.tolist()) for name, column in COLUMNS.items()})
        if ending == ".parquet":
            parquet.write_table(table, path)
        else:
            feather.write_feather(table, path)
    return path


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".npz", ".parquet", ".arrow", ".feather"])
def test_every_format_gives_the_same_columns(tmp_path, ending):
    columns = read_columns(written(tmp_path, ending))
    assert [column.name for column in columns] == list(COLUMNS)
    assert [column.kind for column in columns] == KINDS
    np.testing.assert_array_equal(columns[0].values, A)
    np.testing.assert_array_equal(columns[2].values, CODE)
    np.testing.assert_array_equal(columns[3].values, np.unique(NAME, return_inverse=True)[1])


def test_tables_in_numpy_files(tmp_path):
    np.save(tmp_path / "a.npy", np.column_stack([A, B]))
    assert [c.name for c in read_columns(tmp_path / "a.npy")] == ["0", "1"]
    np.savez(tmp_path / "a.npz", x=np.column_stack([A, B]), y=CODE)
    columns = read_columns(tmp_path / "a.npz")
    assert [c.name for c in columns] == ["x.0", "x.1", "y"]
    (case,) = harness.task("pairs", path=str(tmp_path / "a.npz"), x=("x",), y=("y",)).cases(seed=0)
    data = case.load()
    assert data.x.shape == (N, 2)
    assert (data.x_kind, data.y_kind) == ("continuous", "discrete")


def load(task, path, **params):
    (case,) = harness.task(task, path=str(path), **params).cases(seed=0)
    return case.load()


def test_tasks_group_columns(tmp_path, caplog):
    path = written(tmp_path, ".csv")
    assert load("samples", path, x=("a", "b")).x.shape == (N, 2)
    data = load("conditioned", path, x=("a", "zeros"), y=("b",), z=("name", "flag"))
    assert (data.x_kind, data.y_kind, data.z_kind) == ("mixed", "continuous", "discrete")
    assert "z is discrete: name (discrete), flag (discrete)" in caplog.text
    data = load("pairs", path, x=("code",), y=("a",), continuous=("code",))
    assert data.x_kind == "continuous"
    data = load("pairs", path, x=("zeros",), y=("a",), discrete=("z*",))
    assert data.x_kind == "discrete"


def test_the_right_estimators_answer(tmp_path):
    path = written(tmp_path, ".csv")
    records = harness.run(
        tasks=("pairs",),
        estimators=("classics/ross", "classics/ksg"),
        params={"pairs": {"path": str(path), "x": ("a",), "y": ("flag",)}},
    )
    values = {record.estimator: record.value for record in records}
    assert abs(values["classics/ross"]) < 0.3


@pytest.mark.parametrize(
    ("text", "params", "said"),
    [
        ("a,b\n1.5,2\n,3\n4.5,\n2,3\n", {}, r"missing values in a 1, b 1 of 4 rows; .*missing=drop"),
        ("a,b\n1.5,2\n2.5,x\n3.5,4\n4,5\n", {}, "b at row 1: 1 of 4 fields are no numbers, such as 'x'"),
        ("a,b\n1.5,2\ninf,3\n", {}, "a at row 1: infinity; wanted finite"),
        ("a,b\n1_0,2\n3_1,3\n", {"x": ()}, "pairs.x is empty; wanted --set pairs.x=COLUMN"),
        ("a,b\n1,2\n3,4\n", {"x": ("c",)}, "no column 'c'; it has a, b"),
        ("a,b\n,2\n,4\n1,2\n", {"missing": "drop"}, "1 rows without missing values"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, text, params, said):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        load("pairs", path, **{"x": ("a",), "y": ("b",), **params})


def test_files_that_are_none(tmp_path):
    with pytest.raises(UsageError, match=r"pairs.path is empty; wanted --set pairs.path=FILE"):
        next(iter(harness.task("pairs", x=("a",), y=("b",)).cases(seed=0)))
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(UsageError, match=r"unknown kind of file '.xlsx'; wanted one of .csv"):
        load("samples", tmp_path / "a.xlsx")
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="cannot be read as Parquet"):
        load("samples", tmp_path / "a.parquet")


def test_missing_rows_are_dropped_together(tmp_path, caplog):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "".join(f"{i}.5,{'' if i == 3 else i}\n" for i in range(9)))
    assert load("pairs", path, x=("a",), y=("b",), missing="drop").n == 8
    assert "1 of 9 rows have missing values and are left out" in caplog.text


def test_objects_of_python():
    pandas, torch = pytest.importorskip("pandas"), pytest.importorskip("torch")
    frame = pandas.DataFrame(COLUMNS)
    assert [c.kind for c in of_object(frame, "x")] == KINDS
    frame["cat"] = pandas.Categorical(NAME)
    frame["gaps"] = pandas.array([None, *CODE[1:]], "Int64")
    cat, gaps = of_object(frame[["cat", "gaps"]], "x")
    assert (cat.kind, gaps.kind) == ("discrete", "discrete")
    assert np.isnan(gaps.values).tolist() == [True] + [False] * (N - 1)
    (tensor,) = of_object(torch.tensor(A, requires_grad=True), "x")
    np.testing.assert_array_equal(tensor.values, A)
    assert len(of_object(torch.zeros(4, 3, dtype=torch.bfloat16), "x")) == 3
    with pytest.raises(UsageError, match="columns of different lengths: x 120, y 3"):
        variables({"x": of_object(A, "x"), "y": of_object(A[:3], "y")})
