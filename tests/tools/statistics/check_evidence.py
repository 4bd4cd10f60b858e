#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Decisions, decided by someone else: e-values integrated numerically from their definition.

Usage: check_evidence.py EVIDENCE_VALUES [SEED]
The definition: of x_1 .. x_n normal with mean lambda sigma, the ratio of
    integral over lambda > 0 and sigma > 0 of 2 phi(lambda) prod_i N(x_i; lambda sigma, sigma^2) d lambda d sigma / sigma
to  integral over sigma > 0 of prod_i N(x_i; 0, sigma^2) d sigma / sigma.
Ends with 0 (every e-value to 1e-9, every verdict equal), 1 (one isn't) or 2 (bad usage).
"""
import math
import random
import subprocess
import sys

import numpy as np

TOLERANCE = 1e-9  # of an e-value, relative
LAMBDA, LAMBDA_WEIGHT = np.polynomial.legendre.leggauss(400)
LAMBDA, LAMBDA_WEIGHT = 7.0 * (LAMBDA + 1.0), 7.0 * LAMBDA_WEIGHT  # 0..14
LOG_SIGMA = np.arange(-5.0, 36.0, 0.04)  # trapezoids: exponentially close for what falls off at both ends


def log_integral(exponents, weights):
    top = exponents.max()
    return top + math.log(float((np.exp(exponents - top) * weights).sum()))


def log_e(count, total, squares):
    """Of `count` values with this sum and sum of squares."""
    scale = math.sqrt(squares / count)  # the ratio doesn't depend on the unit
    total, squares = total / scale, float(count)
    sigma = np.exp(LOG_SIGMA)
    null = -count * LOG_SIGMA - squares / (2.0 * sigma**2)
    lam = LAMBDA[:, None]
    one = null[None, :] + lam * total / sigma[None, :] - count * lam**2 / 2.0 - lam**2 / 2.0
    one = one + math.log(2.0 / math.sqrt(2.0 * math.pi))
    step = LOG_SIGMA[1] - LOG_SIGMA[0]
    return log_integral(one, LAMBDA_WEIGHT[:, None] * step) - log_integral(null, step)


def decision(margin, error, comparisons, resolution, losses):
    threshold = math.log(comparisons / error)
    for n in range(2, len(losses) + 1):
        x = [v - margin for v in losses[:n]]
        total = math.fsum(x)
        # Every difference is of two scores, each rounded to a step: its variance is r^2 / 12 twice the larger.
        squares = math.fsum(v * v for v in x) + n * 2.0 * resolution**2 / 12.0
        if squares == 0.0:
            continue
        if log_e(n, -total, squares) >= threshold:
            return "yes", n
        if log_e(n, total, squares) >= threshold:
            return "no", n
    return "undecided", len(losses)


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    seed = int(sys.argv[2]) if len(sys.argv) == 3 else random.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    cases = []
    for _ in range(16):
        mean, spread = draw.uniform(-1.5, 1.5), draw.choice([0.05, 0.3, 1.0])
        resolution = draw.choice([0.0, 100.0 / 360.0])
        losses = [draw.gauss(mean, spread) for _ in range(draw.choice([5, 14, 40]))]
        if resolution > 0.0:
            losses = [resolution * round(x / resolution) for x in losses]
        cases.append((draw.choice([0.0, 0.5]), draw.choice([0.01, 0.05]), draw.choice([1, 6]), resolution, losses))
    text = "".join(" ".join(repr(v) for v in (*case[:4], *case[4])) + "\n" for case in cases)
    lines = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    worst, verdicts, wrong = 0.0, {}, len(lines) != len(cases)
    for case, line in zip(cases, lines):
        values, found = line.split(";")
        for n, value in enumerate(values.split(), 1):
            x = [v - case[0] for v in case[4][:n]]
            squares = math.fsum(v * v for v in x)
            expected = log_e(n, math.fsum(x), squares) if squares > 0.0 else 0.0
            worst = max(worst, abs(math.expm1(float(value) - expected)))
        expected = decision(*case)
        verdicts[expected[0]] = verdicts.get(expected[0], 0) + 1
        if found.split() != [expected[0], str(expected[1])]:
            print(f"decides {found.strip()}, here {expected}: {case}")
            wrong = True
    print(f"e-values differ by {worst:.2g} at most; verdicts {verdicts}")
    return int(wrong or not worst <= TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
