// SPDX-License-Identifier: Apache-2.0
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

/// Reads a program out of the memories of a core: see disassemble().
class ProgramReader {
 public:
  ProgramReader(const CoreMemories& memories, const CoreParameters& core) : m_(memories), core_(core) {}
  Disassembly read();

 private:
  isa::Header header(int p) const { return isa::Header::decode(&m_.descriptors[header_address(p)]); }
  const std::uint32_t* pass_words(int p, int slot) const { return &m_.descriptors[pass_address(p, slot)]; }
  isa::Pass pass(int p, int slot) const { return isa::Pass::decode(pass_words(p, slot)); }
  const std::uint32_t* projection_words(int k) const {
    return &m_.descriptors[projection_address(core_.pops, k)];
  }
  fixedpoint::Format format(const isa::Pass&) const;
  int shift(int p, int slot) const { return pass(p, slot).result.shift; }
  // Left shift of the addend of an advanced response less that of the product.
  int product_up(int p) const {
    const isa::Pass rate = pass(p, slot::rate);
    return rate.align.up_addend - rate.terms.up_product;
  }
  // Operations from one on to the END, or to one that a core stops at.
  void read_operations(std::uint32_t first);
  void read_links();
  fixedpoint::Population& population(int index) const {
    return program_->populations[static_cast<std::size_t>(index)];
  }
  bool copies(int p, int slot) const {
    return (used_[static_cast<std::size_t>(p)] >> slot & 1) != 0 && pass(p, slot).result.kind == kind::relay;
  }
  void read_units(int index);
  // What a population is follows from what it copies, and from whom.
  void read_compartment(int index);
  // Binary points of a population by themselves: that of the drive is 0, that of a rate is 0, too, and
  // matrices make up for it.
  void read_points(int index);
  void read_alpha_frac(int index);
  // What a population copies ties its binary points to those of another one.
  void read_copies(int index);
  void tie_drives();
  void read_slope(int index);
  void read_projection(int k);
  // Binary points of the errors that come back; of several projections the first one counts, read last.
  void read_apical(int k);
  void read_tables(int index);
  std::uint32_t read_table(const isa::Pass&, const fixedpoint::Format& out,
                           fixedpoint::ActivationTable& table) const;
  // Parts of an UPDATE instead of slots; nothing to do for other codes but to look whether it can be.
  void translate(CoreOperation& op) const;
  void check_pass(int index, int number) const;
  void check_features(const isa::Pass&, const std::string& where) const;
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
