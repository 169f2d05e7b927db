"""The kinds of section. A module here with a `Section` that has a ``kind`` adds one."""
