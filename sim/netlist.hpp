#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "sim/core_library.hpp"

namespace apical::sim {

/// Synthesises apical_core with yosys to gates and flip-flops (memories stay arrays) and returns the Verilog
/// netlist, from the cache when the same sources and parameters were synthesised before. Throws
/// std::runtime_error with the end of yosys' output.
std::filesystem::path make_netlist(const CoreSources&, const CoreParameters&,
                                   const std::function<void(const std::string&)>& say);

}  // namespace apical::sim
