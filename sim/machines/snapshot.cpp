// SPDX-License-Identifier: Apache-2.0
#include "sim/machines/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <stdexcept>

#include "fixedpoint/emulator/digest.hpp"
#include "sim/machines/integer_machine.hpp"

namespace apical::sim {
namespace {

using namespace fixedpoint;

constexpr std::size_t word_bytes = 8, digest_words = 4, head_words = 9;
constexpr int sent_error = state_fields - 1;
constexpr char magic[word_bytes + 1] = "apicalST";

using Words = std::vector<std::int64_t>;

std::int64_t mark() {
  std::int64_t word = 0;
  std::memcpy(&word, magic, word_bytes);
  return word;
}

void add_digest(Words& words, const std::string& hex) {
  words.resize(words.size() + digest_words);
  std::memcpy(words.data() + words.size() - digest_words, hex.data(), digest_words * word_bytes);
}

std::string digest_at(const Words& words, std::size_t place) {
  std::string hex(digest_words * word_bytes, '\0');
  std::memcpy(hex.data(), words.data() + place, hex.size());
  return hex;
}

// Somebody else's bytes, as a message repeats them.
std::string shown(std::string hex) {
  for (char& c : hex)
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) c = '?';
  return hex;
}

std::string checksum(const Words& words, std::size_t count) {
  StateDigest digest;
  digest.add(Words(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count)));
  return digest.hex();
}

std::size_t matrices_of(const Program& program) {
  return static_cast<std::size_t>(std::count_if(program.projections.begin(), program.projections.end(),
                                                [](const Projection& p) { return p.shares < 0; }));
}

// Reads words one after the other, and says of each that isn't right what it should be.
class Reader {
 public:
  Reader(const Words& words, std::size_t first, std::size_t last)
      : words_(words), next_(first), last_(last) {}

  std::int64_t value(const std::string& what, std::int64_t low, std::int64_t high) {
    if (next_ >= last_)
      throw std::invalid_argument(fmt::format("snapshot: ends before {}; accepted: a whole one", what));
    const std::int64_t word = words_[next_++];
    if (word < low || word > high)
      throw std::invalid_argument(fmt::format("snapshot: {} is {}; accepted: {}..{}", what, word, low, high));
    return word;
  }
  void size(const std::string& what, std::size_t wanted) {
    const auto exactly = static_cast<std::int64_t>(wanted);
    value(what, exactly, exactly);
  }
  template <class Values>
  void values(const std::string& what, std::int64_t low, std::int64_t high, Values& out) {
    for (auto& one : out) one = value(what, low, high);
  }
  void end() const {
    if (next_ != last_)
      throw std::invalid_argument(
          fmt::format("snapshot: {} words too many; accepted: a whole one", last_ - next_));
  }

 private:
  const Words& words_;
  std::size_t next_, last_;
};

struct Range {
  std::int64_t low, high;
};

// Errors of a dendrite give way to rates where B learns, and may be either.
Range range_of(const Program& program, int layer, int field) {
  const Format& held = field_format(program, layer, field);
  Range range{held.minimum_raw(), held.maximum_raw()};
  if (field == static_cast<int>(Signal::error) || field == sent_error) {
    const Format& own = program.populations[static_cast<std::size_t>(layer)][Signal::error];
    range.low = std::min(range.low, own.minimum_raw());
    range.high = std::max(range.high, own.maximum_raw());
  }
  return range;
}

struct State {
  std::uint32_t ticks = 0;
  std::int64_t beta = 0;
  Words eta;
  std::vector<LayerState> layers;
  std::vector<Words> matrices;
};

State read_state(const Program& program, Reader reader) {
  State state;
  state.ticks = static_cast<std::uint32_t>(reader.value("ticks", 0, UINT32_MAX));
  state.beta = reader.value("beta", 0, (1 << constant_bits) - 1);
  reader.size("the number of projections", program.projections.size());
  state.eta.resize(program.projections.size());
  reader.values("eta", 0, (1 << eta_bits) - 1, state.eta);
  reader.size("the number of populations", program.populations.size());
  for (int layer = 0; layer < static_cast<int>(program.populations.size()); ++layer) {
    const Population& p = program.populations[static_cast<std::size_t>(layer)];
    reader.size("units of " + p.name, static_cast<std::size_t>(p.units));
    LayerState& values = state.layers.emplace_back();
    for (int field = 0; field < state_fields; ++field) {
      auto& some = values.field(field);
      some.resize(static_cast<std::size_t>(p.units));
      const Range range = range_of(program, layer, field);
      reader.values(fmt::format("{} of {}", field_name(field), p.name), range.low, range.high, some);
    }
  }
  reader.size("the number of matrices", matrices_of(program));
  for (const Projection& p : program.projections) {
    if (p.shares >= 0) continue;
    reader.size("rows of " + p.name, static_cast<std::size_t>(p.rows));
    reader.size("columns of " + p.name, static_cast<std::size_t>(p.columns));
    reader.values("a weight of " + p.name, p.learned().minimum_raw(), p.learned().maximum_raw(),
                  state.matrices.emplace_back(size_of(p)));
  }
  reader.end();
  return state;
}

// The words of a snapshot that is whole and belongs to the program.
Words checked_words(const Program& program, const void* bytes, std::size_t size) {
  const std::size_t least = head_words + digest_words;
  if (size < least * word_bytes || std::memcmp(bytes, magic, word_bytes) != 0)
    throw std::invalid_argument("snapshot: not one; accepted: the bytes of apical_snapshot()");
  Words words(size / word_bytes);
  std::memcpy(words.data(), bytes, words.size() * word_bytes);
  if (words[1] != snapshot_version)
    throw std::invalid_argument(
        fmt::format("snapshot: version {}; accepted: {}", words[1], snapshot_version));
  if (size % word_bytes != 0 || words[2] != static_cast<std::int64_t>(words.size()))
    throw std::invalid_argument(fmt::format(
        "snapshot: {} bytes of one that says it has {} words; accepted: a whole one", size, words[2]));
  const std::size_t content = words.size() - digest_words;
  if (checksum(words, content) != digest_at(words, content))
    throw std::invalid_argument(
        "snapshot: its checksum is another one: it is damaged; accepted: one as it was taken");
  if (const std::string wanted = program_digest(program); digest_at(words, 3) != wanted)
    throw std::invalid_argument(fmt::format("snapshot: of the program {}; accepted: of this machine's, {}",
                                            shown(digest_at(words, 3)), wanted));
  return words;
}

}  // namespace

std::size_t snapshot_bytes(const Program& program) {
  std::size_t words = head_words + 1 + program.projections.size() + 1 + 1 + digest_words;
  for (const Population& p : program.populations)
    words += 1 + state_fields * static_cast<std::size_t>(p.units);
  for (const Projection& p : program.projections)
    if (p.shares < 0) words += 2 + size_of(p);
  return words * word_bytes;
}

Words snapshot(const Emulator& emulator) {
  const Program& program = emulator.program();
  const std::size_t size = snapshot_bytes(program) / word_bytes;
  Words words{mark(), snapshot_version, static_cast<std::int64_t>(size)};
  words.reserve(size);
  const auto add = [&](auto value) { words.push_back(static_cast<std::int64_t>(value)); };
  add_digest(words, program_digest(program));
  add(emulator.ticks());
  add(emulator.beta());
  add(program.projections.size());
  for (std::size_t k = 0; k < program.projections.size(); ++k) add(emulator.eta(static_cast<int>(k)));
  add(program.populations.size());
  for (std::size_t k = 0; k < program.populations.size(); ++k) {
    const LayerState& state = emulator.state(static_cast<int>(k));
    add(program.populations[k].units);
    for (int field = 0; field < state_fields; ++field) {
      const auto& values = state.field(field);
      words.insert(words.end(), values.begin(), values.end());
    }
  }
  add(matrices_of(program));
  for (std::size_t k = 0; k < program.projections.size(); ++k) {
    const Projection& p = program.projections[k];
    if (p.shares >= 0) continue;
    add(p.rows);
    add(p.columns);
    for (int row = 0; row < p.rows; ++row)
      for (int column = 0; column < p.columns; ++column)
        add(emulator.learned(static_cast<int>(k), row, column));
  }
  add_digest(words, checksum(words, words.size()));
  return words;
}

void restore(Emulator& emulator, const void* bytes, std::size_t size) {
  const Program& program = emulator.program();
  const Words words = checked_words(program, bytes, size);
  const State state = read_state(program, Reader(words, 3 + digest_words, words.size() - digest_words));
  // Nothing from here on is refused, and nothing needs memory.
  std::size_t matrix = 0;
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k) {
    const Projection& p = program.projections[static_cast<std::size_t>(k)];
    emulator.set_eta_register(k, state.eta[static_cast<std::size_t>(k)]);
    if (p.shares >= 0) continue;
    const std::int64_t* raw = state.matrices[matrix++].data();
    for (int row = 0; row < p.rows; ++row)
      for (int column = 0; column < p.columns; ++column) emulator.set_learned(k, row, column, *raw++);
  }
  for (int k = 0; k < static_cast<int>(state.layers.size()); ++k)
    emulator.restore(k, state.layers[static_cast<std::size_t>(k)]);
  emulator.set_beta_register(state.beta);
  emulator.restore_ticks(state.ticks);
}

}  // namespace apical::sim
