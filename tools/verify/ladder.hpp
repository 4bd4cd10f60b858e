// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/core/core_library.hpp"
#include "sim/dut/dut_description.hpp"
#include "sim/machines/integer_machine.hpp"

namespace apical::tools {

/// What a rung's machine is made for: a core that can write waveforms, which it may begin with loading.
struct RungUse {
  bool waveform = false;
  std::string file;  ///< of a waveform from the first clock on; empty: none
};

/// One machine of the ladder, to be made as often as wanted.
struct Rung {
  std::string name;
  std::function<std::unique_ptr<sim::IntegerMachine>(const RungUse&)> make;
  bool has_waveform = false;  ///< it is Verilog
};

/// The Verilog of the core, or of the folder that a user names ("": none). Throws InputError where it has no
/// core.
sim::CoreSources chosen_sources(const std::string& rtl);

/// The ladder below the golden model up to rung `last`: each is compared with the one before it.
std::vector<Rung> ladder(const std::string& last, const std::string& rtl, int lanes,
                         const std::shared_ptr<const fixedpoint::Program>&);

/// The emulator, and a design of a user's compared with it.
std::vector<Rung> ladder_of_dut(const std::shared_ptr<const sim::DutDescription>&,
                                const std::shared_ptr<const fixedpoint::Program>&);
inline constexpr const char* dut_rung = "dut";

}  // namespace apical::tools
