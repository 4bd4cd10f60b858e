#pragma once
#include <fmt/format.h>

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/isa/core_map.hpp"
#include "sim/isa/disassemble.hpp"
#include "sim/isa/pass_words.hpp"

namespace apical::sim {

[[noreturn]] inline void refuse(const std::string& what) {
  throw std::invalid_argument("not a program of the compiler: " + what);
}

// A field of a descriptor word.
inline std::uint32_t bits(std::uint32_t word, int first, int count) {
  return word >> first & ((1u << count) - 1);
}

/// Reads a program out of the memories of a core: see disassemble().
class ProgramReader {
 public:
  ProgramReader(const CoreMemories& memories, const CoreParameters& core) : m_(memories), core_(core) {}
  Disassembly read();

 private:
  std::uint32_t header(int p, int word) const {
    return m_.descriptors[static_cast<std::size_t>(p) * 64 + 60 + static_cast<std::size_t>(word)];
  }
  const std::uint32_t* pass(int p, int slot) const {
    return m_.descriptors.data() + std::ptrdiff_t{p} * 64 + std::ptrdiff_t{slot} * 4;
  }
  const std::uint32_t* matrix(int k) const {
    return m_.descriptors.data() + std::ptrdiff_t{core_.pops} * 64 + std::ptrdiff_t{k} * 16;
  }
  fixedpoint::Format format(std::uint32_t word) const;
  // Eight bits in two's complement.
  static int signed_byte(std::uint32_t word, int first) {
    return static_cast<int>(bits(word, first, 8) ^ 0x80) - 0x80;
  }
  static int shift(std::uint32_t word) { return signed_byte(word, 20); }
  // Operations from one on to the END, or to one that a core stops at.
  void read_operations(std::uint32_t first);
  void read_links();
  fixedpoint::Population& population(int index) const {
    return program_->populations[static_cast<std::size_t>(index)];
  }
  bool copies(int p, int slot) const {
    return (used_[static_cast<std::size_t>(p)] >> slot & 1) != 0 &&
           bits(pass(p, slot)[0], 0, 4) == static_cast<std::uint32_t>(kind::relay);
  }
  void read_units(int index);
  // What a population is follows from what it copies, and from whom.
  void read_compartment(int index);
  // Binary points of a population by themselves: that of the drive is 0, that of a rate is 0, too, and
  // matrices make up for it.
  void read_points(int index);
  // What a population copies ties its binary points to those of another one.
  void read_copies(int index);
  void tie_drives();
  void read_slope(int index);
  void read_projection(int k);
  // Binary points of the errors that come back; of several projections the first one counts, read last.
  void read_apical(int k);
  void read_tables(int index);
  std::uint32_t read_table(const std::uint32_t* word, const fixedpoint::Format& out,
                           fixedpoint::ActivationTable& table) const;
  // Parts of an UPDATE instead of slots; nothing to do for other codes but to look whether it can be.
  void translate(CoreOperation& op) const;
  void check_pass(int index, int number) const;
  void check_features(const PassWords&, const std::string& where) const;
  void check_projection(int k);

  const CoreMemories& m_;
  const CoreParameters& core_;
  Disassembly d_;
  std::shared_ptr<fixedpoint::Program> program_;
  std::vector<PassPlaces> places_;
  std::vector<std::uint32_t> used_;  ///< by population: slots of its UPDATEs
  std::set<int> backward_;           ///< projections with a BACKWARD
  int projections_ = 0;
};

}  // namespace apical::sim
