// SPDX-License-Identifier: Apache-2.0
#include "sim/isa/format_words.hpp"

namespace apical::sim {

using fixedpoint::Format;

namespace {

int dropped(const Format& f) {
  return f.rounding == fixedpoint::Rounding::stochastic ? 16 - f.random_bits : 0;
}

template <class Word>
void put_word(Word& word, const Format& f) {
  word.bits = f.bits;
  word.signed_format = f.is_signed;
  word.rounding = static_cast<int>(f.rounding);
  word.overflow = static_cast<int>(f.overflow);
}

template <class Word>
Format format_in(const Word& word, int random_dropped) {
  Format f;
  f.random_bits = 16 - random_dropped;
  f.bits = word.bits;
  f.is_signed = word.signed_format;
  f.rounding = static_cast<fixedpoint::Rounding>(word.rounding);
  f.overflow = static_cast<fixedpoint::Overflow>(word.overflow);
  return f;
}

}  // namespace

void put(isa::Pass& pass, const Format& f) {
  put_word(pass.result, f);
  pass.terms.random_dropped = dropped(f);
}
void put(isa::Matrix& matrix, const Format& f) {
  put_word(matrix.weight, f);
  matrix.walk.random_dropped = dropped(f);
}
Format format_of(const isa::Pass& pass) {
  return format_in(pass.result, pass.terms.random_dropped);
}
Format format_of(const isa::Matrix& matrix) {
  return format_in(matrix.weight, matrix.walk.random_dropped);
}

int random_level(const isa::Pass& pass) {
  return pass.result.rounding == isa::mode::stochastic && !pass.terms.no_random ? 2 : 0;
}
int random_level(const isa::Matrix& matrix) {
  return matrix.walk.random_dropped > 0 ? 1 : 0;
}

}  // namespace apical::sim
