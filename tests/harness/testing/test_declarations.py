"""What a plugin declares is compared with what it has."""

import pytest

from harness import UsageError

FIELDS = "    k: int = 3\n    rule: str = 'a'"
PARAMS = "params=(Param('k', int, 3, 'neighbours', low=1), Param('rule', str, 'a', 'which', choices=('a', 'b')))"


@pytest.mark.parametrize(
    ("fields", "params", "message"),
    [
        (FIELDS, PARAMS, ""),
        ("    rule: str = field(default='a', kw_only=True)\n    k: int = 3", PARAMS, ""),
        (FIELDS.replace("str", "Literal['a', 'b']"), PARAMS, ""),
        (FIELDS.replace("3", "4"), PARAMS, "default 4 in the class, 3 in the spec"),
        (FIELDS.replace("3", "3.0"), PARAMS, "default 3.0 in the class, 3 in the spec"),
        (FIELDS.replace("int", "int | None"), PARAMS, "in the class, <class 'int'> in the spec"),
        (FIELDS.replace("str", "Literal['a', 'c']"), PARAMS, "rule: type"),
        (FIELDS, PARAMS.replace("'neighbours'", "''"), "k: no summary"),
        (FIELDS, PARAMS.replace("low=1", "low=5"), "wanted at least 5"),
        (FIELDS, "params=()", "the fields (k, rule) beside the declared ()"),
        ("    rule: str = 'a'\n    k: int = 3", PARAMS, "in the same order"),
        (
            FIELDS + "\n    def __post_init__(self): raise ValueError('no')",
            PARAMS,
            "ValueError: no",
        ),
    ],
)
def test_parameters_are_the_fields(results, estimator, fields, params, message):
    found = results(estimator("return Estimate(1.0)", params, fields))
    assert (found["parameters"].result == "failed") == bool(message)
    assert message in found["parameters"].reason


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("@dataclass(frozen=True)", "@dataclass", "no frozen dataclass"),
        ("@dataclass(frozen=True)", "", "no frozen dataclass"),
        ("data, *, rng", "data, rng", "takes (data, rng); wanted estimate(self, data, *, rng)"),
        ("data, *, rng", "data, *, seed", "takes (data, *seed)"),
        ("def estimate", "def measure", "no method estimate"),
        (':Method"', ':Missing"', "cannot import harness_tried:Missing"),
    ],
)
def test_the_lazy_reference_is_a_frozen_dataclass_with_the_method(
    results, estimator, old, new, message
):
    source = estimator("return Estimate(1.0)").replace(old, new)
    assert source != estimator("return Estimate(1.0)")
    found = results(source)
    assert "reference" in found.failed
    assert message in found["reference"].reason


def test_a_plugin_that_imports_something_heavy_is_told_so(results, estimator):
    found = results("import scipy\n" + estimator("return Estimate(1.0)"), fresh=True)
    assert found.failed == {"import-budget"}
    assert "brings scipy" in found["import-budget"].reason


def test_a_plugin_that_does_not_load_has_one_check_that_says_why(results):
    found = results("import no_such_package\n")
    assert found.failed == set(found) == {"loads"}
    assert "pip install no_such_package" in found["loads"].reason


def test_what_needs_an_absent_package_is_skipped_with_the_command(results, estimator):
    spec = "requires=('no_such_package',), install='tried[all]'"
    found = results(estimator("return Estimate(1.0)", spec))
    assert found.failed == set()
    assert {found[c].result for c in ("reference", "parameters", "output", "bad-data")} == {
        "skipped"
    }
    assert "pip install 'tried[all]'" in found["output"].reason


def test_parameters_for_the_checks_are_checked_too(results, estimator):
    source = estimator("return Estimate(self.k)", PARAMS, FIELDS)
    assert results(source, {"method": {"k": "7"}}).failed == set()
    with pytest.raises(UsageError, match="wanted at least 1"):
        results(source, {"method": {"k": 0}})
    with pytest.raises(UsageError, match="did you mean tried/method"):
        results(source, {"metod": {"k": 1}})
