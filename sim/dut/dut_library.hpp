// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "sim/core/built_library.hpp"
#include "sim/dut/dut_description.hpp"
#include "sim/dut/dut_plugin.hpp"

namespace apical::sim {

/// A verilated design of a user's as a shared library, from the cache or built. Its Verilog runs as a program
/// of the user's.
class DutLibrary {
 public:
  /// `plugin`: the folder of dut_plugin.cpp. `say` is told what is being built. Throws std::runtime_error
  /// with the end of the tools' output.
  DutLibrary(const DutDescription&, const std::filesystem::path& plugin, bool waveform,
             const std::function<void(const std::string&)>& say);
  const DutPlugin& plugin() const { return *plugin_; }

 private:
  std::shared_ptr<const BuiltLibrary> library_;
  const DutPlugin* plugin_ = nullptr;
};

}  // namespace apical::sim
