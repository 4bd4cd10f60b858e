# SPDX-License-Identifier: Apache-2.0
"""Type hints of the compiled part; its docstrings say more."""
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.float64]
_Overrides = Optional[Union[Mapping[str, Any], Iterable[str], str]]
_Path = Union[str, os.PathLike[str]]
_Weights = Optional[Union[_Path, Mapping[str, npt.ArrayLike]]]

__version__: str

class Config:
    def override(self, overrides: _Overrides) -> Config: ...
    def effective(self) -> dict[str, Any]: ...
    def __getitem__(self, key: str) -> Any: ...
    def canonical(self) -> str: ...
    def toml(self, comment: str = ...) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def layers(self) -> list[int]: ...
    @property
    def weight_shapes(self) -> dict[str, tuple[int, int]]: ...
    @property
    def source(self) -> str: ...

def load(path: _Path, overrides: _Overrides = ...) -> Config: ...
def parse(text: str, overrides: _Overrides = ..., source: str = ...) -> Config: ...

class SignalStatistics:
    signal: str
    layer: int
    population: str
    format: str
    minimum: float
    maximum: float
    count: int
    saturated: int
    clipped: float
    rounded_to_zero: int
    used_bits: list[int]
    resolution: float

class Machine:
    def __init__(self, config: Config, machine: str = ..., weights: _Weights = ...) -> None: ...
    def tick(
        self, input: npt.ArrayLike, target: Optional[npt.ArrayLike] = ..., nudge: Optional[float] = ...
    ) -> None: ...
    def run_ticks(
        self,
        inputs: npt.ArrayLike,
        targets: Optional[npt.ArrayLike] = ...,
        nudge: Optional[npt.ArrayLike] = ...,
        record: Sequence[tuple[str, int]] = ...,
        learning: bool = ...,
    ) -> dict[tuple[str, int], _Array]: ...
    def read(self, signal: str, layer: int) -> _Array: ...
    def weights(self, which: Union[int, str]) -> _Array: ...
    def all_weights(self) -> dict[str, _Array]: ...
    def set_weights(self, which: Union[int, str], values: npt.ArrayLike) -> None: ...
    def raw_weights(self, which: Union[int, str]) -> npt.NDArray[np.int64]: ...
    def set_raw_weights(self, which: Union[int, str], values: npt.ArrayLike) -> None: ...
    def weight_lsb(self, which: Union[int, str]) -> float: ...
    def checkpoint(self) -> bytes: ...
    def restore(self, checkpoint: bytes) -> None: ...
    def set_learning_scale(self, factor: float) -> None: ...
    def live_raw(self, signal: str, layer: int) -> npt.NDArray[np.int64]: ...
    def lsb(self, signal: str, layer: int) -> float: ...
    def live_weights(self, which: Union[int, str]) -> _Array: ...
    def state_digest(self) -> str: ...
    def statistics(self) -> list[SignalStatistics]: ...
    @property
    def name(self) -> str: ...
    @property
    def config(self) -> Config: ...
    @property
    def macs(self) -> int: ...
    @property
    def events(self) -> int: ...
    @property
    def trouble(self) -> str: ...
    @property
    def notes(self) -> list[str]: ...
    @property
    def failed(self) -> bool: ...

def quantised(
    values: npt.ArrayLike, format: str, random16: npt.ArrayLike
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], float]: ...

class CurvePoint:
    ticks: int
    score: float
    score_learning: float

class MachineResult:
    machine: str
    score: float
    score_learning: float
    classification: bool
    curve: list[CurvePoint]
    signals: list[SignalStatistics]
    state_digest: str
    ticks: int
    macs: int
    events: int
    wall_seconds: float
    failed: bool
    trouble: str

class Run:
    @property
    def config(self) -> Config: ...
    @property
    def results(self) -> list[MachineResult]: ...
    @property
    def result(self) -> MachineResult: ...
    @property
    def notes(self) -> list[str]: ...
    def weights(self, result: int = ...) -> dict[str, _Array]: ...
    def initial_weights(self) -> dict[str, _Array]: ...

def run(
    config: Config,
    machine: str = ...,
    weights: _Weights = ...,
    trace: Optional[_Path] = ...,
    timeline: Optional[_Path] = ...,
    out: Optional[_Path] = ...,
    quiet: bool = ...,
) -> Run: ...

class SweepRow:
    digest: str
    machine: str
    status: str
    measure: str
    score: float
    settings: str
    state_digest: str
    trouble: str
    notes: str

class Sweep:
    rows: list[SweepRow]
    needs: list[str]
    store: str
    report: str

def sweep(
    study: _Path,
    out: Optional[_Path] = ...,
    overrides: _Overrides = ...,
    threads: int = ...,
    retry: bool = ...,
) -> Sweep: ...
