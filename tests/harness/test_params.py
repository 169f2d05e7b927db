"""Parameters from text and from Python values: typed, checked, refused with what would be right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import Estimate, EstimatorSpec, Param, Samples, UsageError
from harness.params import coerce, describe, effective, parse, split_setting
from harness.quantities import ENTROPY

TYPES = {
    int: st.integers(),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    int | None: st.none() | st.integers(),
    tuple[int, ...]: st.lists(st.integers()).map(tuple),
    tuple[float, ...]: st.lists(st.floats(allow_nan=False)).map(tuple),
}


def param(kind, default=None, **more):
    return Param("p", kind, default, "a parameter", **more)


@given(st.sampled_from(list(TYPES)).flatmap(lambda kind: st.tuples(st.just(kind), TYPES[kind])))
def test_what_python_prints_is_read_back(pair):
    kind, value = pair
    text = ",".join(map(repr, value)) if isinstance(value, tuple) else repr(value)
    read = parse(param(kind), text, "m.p")
    assert read == value
    assert type(read) is type(value)
    assert coerce(param(kind), value, "m.p") == value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (str, " a b ", "a b"),
        (str, "1,2", "1,2"),
        (bool, "Yes", True),
        (bool, "0", False),
        (float, "1e-3", 0.001),
        (float | None, "", None),
        (float | None, "None", None),
        (float | None, "2", 2.0),
        (tuple[float, ...], "0.1, 0.2", (0.1, 0.2)),
        (tuple[float, ...], "(0.1,)", (0.1,)),
        (tuple[str, ...], "Cu,Al", ("Cu", "Al")),
        (tuple[int, ...], "", ()),
    ],
)
def test_text(kind, text, value):
    assert parse(param(kind), text, "m.p") == value


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        (int, "2.5", "wanted a whole number"),
        (int, "", "wanted a whole number"),
        (float, "wide", "wanted a number"),
        (bool, "maybe", "wanted true or false"),
        (int | None, "x", "wanted a whole number"),
        (tuple[float, ...], "0.1;0.2", "wanted a number"),
    ],
)
def test_text_of_another_type_is_refused(kind, text, wanted):
    with pytest.raises(UsageError, match=f"m.p: {text!r}; {wanted}"):
        parse(param(kind), text, "m.p")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, 2.0),
        (int, True),
        (float, "1"),
        (float, True),
        (str, 3),
        (tuple[int, ...], 3),
        (bool, 1),
        (int, None),
    ],
)
def test_values_of_another_type_are_refused(kind, value):
    with pytest.raises(UsageError, match=r"m\.p: .* is \w+; wanted"):
        coerce(param(kind), value, "m.p")


def test_whole_numbers_are_numbers_and_lists_are_tuples():
    assert type(coerce(param(float), 3, "m.p")) is float
    assert coerce(param(tuple[float, ...]), [1, 2.5], "m.p") == (1.0, 2.5)


@pytest.mark.parametrize(
    ("limits", "inside", "outside", "wanted"),
    [
        ({"low": 1}, "1", "0", "at least 1"),
        ({"high": 1}, "1", "1.01", "at most 1"),
        ({"above": 0}, "0.1", "0", "more than 0"),
        ({"above": 0, "high": 1}, "1", "1.5", "more than 0 and at most 1"),
        ({"low": 0}, "0", "nan", "at least 0"),
    ],
)
def test_limits_include_what_they_say(limits, inside, outside, wanted):
    assert parse(param(float, **limits), inside, "m.p") == float(inside)
    with pytest.raises(UsageError, match=f"m.p: {float(outside)}; wanted {wanted}"):
        parse(param(float, **limits), outside, "m.p")


def test_limits_hold_for_every_item_and_choices_for_every_word():
    rates = param(tuple[float, ...], above=0, high=1)
    with pytest.raises(UsageError, match=r"1\.5; wanted more than 0 and at most 1"):
        parse(rates, "0.5,1.5", "m.p")
    ties = param(str, choices=("first", "random"))
    assert parse(ties, "random", "m.p") == "random"
    with pytest.raises(UsageError, match="'last'; wanted one of 'first', 'random'"):
        parse(ties, "last", "m.p")


SPEC = EstimatorSpec(
    name="m",
    summary="a method",
    implementation="nowhere:M",
    params=(Param("k", int, 3, "neighbours", low=1), Param("h", float, 0.1, "width", above=0)),
    reads=Samples,
    gives=Estimate,
    quantity=ENTROPY,
)


def test_given_over_defaults_in_the_declared_order():
    assert list(effective(SPEC, "x/m", {"h": 1}).items()) == [("k", 3), ("h", 1.0)]
    assert effective(SPEC, "x/m", {"k": "5"}) == {"k": 5, "h": 0.1}


def test_unknown_parameters_name_the_nearest():
    with pytest.raises(UsageError, match=r"unknown parameter of x/m 'kk': did you mean k\?"):
        effective(SPEC, "x/m", {"kk": 1})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("msc.h=0.02", ("msc", "h", "0.02")),
        ("msc/msc.h=0.02", ("msc/msc", "h", "0.02")),
        ("a.b.c=d=e.f", ("a.b", "c", "d=e.f")),
        ("colabfit.dataset=", ("colabfit", "dataset", "")),
    ],
)
def test_settings(text, parts):
    assert split_setting(text) == parts


@pytest.mark.parametrize("text", ["msc.h", "h=1", ".h=1", "msc.=1", "=", ""])
def test_settings_that_are_none(text):
    with pytest.raises(UsageError, match=r"wanted NAME\.PARAMETER=VALUE"):
        split_setting(text)


def test_types_in_words():
    assert describe(int | None) == "a whole number or none"
    assert describe(tuple[float, ...]) == "a number (several, with commas)"
