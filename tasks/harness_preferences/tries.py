"""Prefix trees of texts: equal beginnings are shared, word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from harness import Ints

WORD = re.compile(r"\s*\S+")
"""A word with the space before it, so that words joined are the text, but for its end."""


def trie(texts: Sequence[str]) -> tuple[Ints, tuple[str, ...], Ints]:
    """Parents (v,), what each node adds, and the node of each text (n,).

    Chains without a branch are one node. A text that begins another one ends in a node of its own,
    which adds nothing. Node 0 is the root.
    """
    words = [tuple(WORD.findall(text)) for text in texts]
    distinct = sorted(set(words))
    parent, added = [-1], [""]
    ends: dict[tuple[str, ...], int] = {}
    # Spans of sorted texts that share their first words, with the node that these are.
    open_ = [(0, len(distinct), 0, 0)]
    while open_:
        start, stop, node, shared = open_.pop()
        while start < stop:
            first = distinct[start]
            if len(first) == shared:  # the text ends here, and others go on
                ends[first] = len(parent)
                parent.append(node)
                added.append("")
                start += 1
                continue
            end = start + 1
            while end < stop and distinct[end][shared] == first[shared]:
                end += 1
            last, same = distinct[end - 1], shared
            while same < min(len(first), len(last)) and first[same] == last[same]:
                same += 1
            child = len(parent)
            parent.append(node)
            added.append("".join(first[shared:same]))
            if end - start == 1:
                ends[first] = child
            else:
                open_.append((start, end, child, same))
            start = end
    return np.array(parent, np.int64), tuple(added), np.array([ends[w] for w in words], np.int64)
