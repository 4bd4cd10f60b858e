// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>

namespace apical::model {

/// The elementary functions of golden results, which have to be the same on every processor: the C library's
/// choose their code, and with it their last bit, by what the processor can. Those of the first line are
/// within 0.9 of the last bit; the others, for what isn't called in every tick, are rounded from more digits,
/// sine and cosine correctly.
/// Beside them stand the functions of other number types, found by their arguments.
double exp(double), expm1(double), log(double), log1p(double), tanh(double);
double sin(double), cos(double), acos(double), log2(double), log10(double);
double pow(double base, double exponent);

}  // namespace apical::model
