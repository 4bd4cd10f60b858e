# SPDX-License-Identifier: Apache-2.0
"""Python values as `section.key=value`, the form in which the command line takes them."""
from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, Optional, Union

import numpy as np

Overrides = Optional[Union[Mapping[str, Any], Iterable[str], str]]


def toml(value: Any) -> str:
    """A value as TOML in one line; ValueError for what TOML has no word for."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(inner) for inner in value) + "]"
    raise ValueError(f"overrides: {value!r}; accepted: numbers, strings, true and false, lists and dicts of them")


def assignments(overrides: Overrides) -> list[str]:
    """`section.key=value` of a dict, of one string or of several, or of nothing."""
    if overrides is None:
        return []
    if isinstance(overrides, str):
        return [overrides]
    if isinstance(overrides, Mapping):
        return [f"{key}={toml(value)}" for key, value in overrides.items()]
    texts = list(overrides)
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"overrides: {text!r}; accepted: \"section.key=value\"")
    return texts
