"""What a record's path was set to: as a position on an axis, and as what tells points apart."""

from __future__ import annotations

import dataclasses

from harness import Record
from harness.tables import matches

Setting = bool | int | float | str


def taken(r: Record, name: str) -> tuple[Setting | None, Record]:
    """The value of ``component.parameter`` (the component by its bare name or a glob of it) on the
    path of a record, and the record without it: what remains says which row it belongs to. None
    where the path has no such parameter."""
    component, _, parameter = name.rpartition(".")
    steps = [*zip(r.models, r.params["models"], strict=True), (r.estimator, r.params["estimator"])]
    for k, (full, params) in enumerate(steps):
        value = params.get(parameter)
        if component and matches(full, [component]) and isinstance(value, Setting):
            left = {n: v for n, v in params.items() if n != parameter}
            given = dict(r.params)
            if k < len(r.models):
                given["models"] = [left if i == k else p for i, (_, p) in enumerate(steps[:-1])]
            else:
                given["estimator"] = left
            return value, dataclasses.replace(r, params=given)
    return None, r
