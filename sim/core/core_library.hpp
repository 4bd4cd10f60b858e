// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "sim/core/built_library.hpp"
#include "sim/core/core_plugin.hpp"
#include "sim/isa/image.hpp"

namespace apical::sim {

/// Where the Verilog is: hw/rtl, the sources of the plugin, and hw/synthesis.
struct CoreSources {
  std::filesystem::path rtl, plugin, synthesis;
};

/// A file or folder of the source tree ("tools/configs"): in the source tree around the file that holds this
/// code, a program or a library that one has loaded, or in share/apical of where that is installed; never in
/// the current folder. Throws std::runtime_error "no WHAT around this program" naming the places that were
/// tried.
std::filesystem::path find_around(const std::filesystem::path& place, const std::string& what);

/// The Verilog that lies there. Not that of the current folder, whose code would run. Throws
/// std::runtime_error.
CoreSources find_core_sources();

/// How to make a core, beyond its parameters.
struct CoreBuild {
  bool waveform = false;  ///< able to write FST; slower
  bool netlist = false;   ///< the gates that yosys makes of it (hw/synthesis/generic)
};

/// A hash of what decides what a core does beside its Verilog: the parameters, the plugin, the tools'
/// versions and how they are called; where the sources lie does not matter. Throws std::runtime_error without
/// the tools.
std::string core_fingerprint(const CoreSources&, const CoreParameters&, const CoreBuild&);

/// A verilated core as a shared library, from the cache or built.
class CoreLibrary {
 public:
  /// `say` is told what is being built. Throws std::runtime_error with the end of the tools' output.
  CoreLibrary(const CoreSources&, const CoreParameters&, const CoreBuild&,
              const std::function<void(const std::string&)>& say);

  const CorePlugin& plugin() const { return *plugin_; }
  const std::filesystem::path& file() const { return library_->file(); }

 private:
  std::shared_ptr<const BuiltLibrary> library_;
  const CorePlugin* plugin_ = nullptr;
};

}  // namespace apical::sim
