// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "sim/isa/pass_words.hpp"
#include "sim/machines/emulator_integers.hpp"

namespace apical::sim {

/// The emulator with the retire ports of a core: executes a tick part by part and tells every new value in
/// the order in which a core writes it, with the random bits that it took.
class RetiringEmulator : public EmulatorIntegers {
 public:
  RetiringEmulator(std::string name, const std::shared_ptr<const fixedpoint::Program>&,
                   fixedpoint::EmulatorOptions);

  void write_input(const std::vector<std::int64_t>& raw) override;
  void tick() override;
  bool cut_tick(int number) override {
    listing_.operations.resize(static_cast<std::size_t>(number) + 1);
    return true;
  }
  const std::vector<Write>* writes() override { return &told_; }

 private:
  void update(int number, const Listed&);
  void tell_passes(int number, const Listed&, std::uint32_t slots);
  void remember(int layer, std::uint32_t slots);
  void learn(int number, int projection);

  Listing listing_;
  std::vector<Write> writes_, told_;                ///< since the last tick; up to its end
  std::vector<std::vector<std::int64_t>> before_;   ///< signals of one population
  std::vector<std::vector<std::int64_t>> weights_;  ///< as they were told, by projection that holds them
};

}  // namespace apical::sim
