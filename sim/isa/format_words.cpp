#include "sim/isa/format_words.hpp"

namespace apical::sim {

using fixedpoint::Format;

namespace {

template <class Word>
void put_word(Word& word, const Format& f) {
  word.bits = f.bits;
  word.signed_format = f.is_signed;
  word.rounding = static_cast<int>(f.rounding);
  word.overflow = static_cast<int>(f.overflow);
}

template <class Word>
Format format_in(const Word& word) {
  Format f;
  f.bits = word.bits;
  f.is_signed = word.signed_format;
  f.rounding = static_cast<fixedpoint::Rounding>(word.rounding);
  f.overflow = static_cast<fixedpoint::Overflow>(word.overflow);
  return f;
}

}  // namespace

void put(isa::Pass& pass, const Format& f) {
  put_word(pass.result, f);
}
void put(isa::Matrix& matrix, const Format& f) {
  put_word(matrix.weight, f);
}
Format format_of(const isa::Pass& pass) {
  return format_in(pass.result);
}
Format format_of(const isa::Matrix& matrix) {
  return format_in(matrix.weight);
}

int random_level(const isa::Pass& pass) {
  return pass.result.rounding == isa::mode::stochastic && !pass.terms.no_random ? 1 : 0;
}
int random_level(const isa::Matrix&) {
  return 0;
}

}  // namespace apical::sim
