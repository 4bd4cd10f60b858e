# SPDX-License-Identifier: Apache-2.0
"""apical in Python: configurations, trainings, machines that you step, sweeps, weights.

    import apical
    config = apical.load("tools/configs/digits8.toml", {"run.epochs": 2})
    run = apical.run(config, machine="emulator")
    print(run.result.score, run.result.state_digest)

    machine = apical.Machine(config, machine="emulator", weights=run.weights())
    machine.tick(input, target)
    machine.read("u", 2)

Real numbers are float64 in C order; such arrays go in without a copy. What the command line refuses is a
ValueError with the same message. `apical.nir` exchanges networks with neuromorphic tools.
"""
from ._core import (
    Config,
    CurvePoint,
    Machine,
    MachineResult,
    Run,
    SignalStatistics,
    Sweep,
    SweepRow,
    __version__,
    load,
    parse,
    run,
    sweep,
)
from .quantiser import Quantised, quantise
from .weights import load_weights, save_weights

__all__ = [
    "Config",
    "CurvePoint",
    "Machine",
    "MachineResult",
    "Quantised",
    "Run",
    "SignalStatistics",
    "Sweep",
    "SweepRow",
    "__version__",
    "load",
    "load_weights",
    "parse",
    "quantise",
    "run",
    "save_weights",
    "sweep",
]
