# SPDX-License-Identifier: Apache-2.0
"""What a store's rows should say, computed from its CSV alone: checksums, means, Student's intervals."""
import ctypes
import math

import numpy


class Hash(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def checksum(text):
    """XXH3-128 of a row, as its last column has it."""
    function = ctypes.CDLL("libxxhash.so.0").XXH3_128bits
    function.restype, function.argtypes = Hash, [ctypes.c_char_p, ctypes.c_size_t]
    data = text.encode()
    found = function(data, len(data))
    return f"{found.high:016x}{found.low:016x}"


def quantile(probability, freedom):
    """Of Student's t, by bisection over the integral of its density."""
    def below(t):
        x = numpy.linspace(0.0, t, 20001)
        scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
        return 0.5 + numpy.trapz(scale * (1 + x * x / freedom) ** (-(freedom + 1) / 2), x)
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < probability else (low, middle)
    return low


def interval(values):
    """Mean and half of the 95 % interval."""
    values = numpy.array(values)
    return values.mean(), quantile(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
