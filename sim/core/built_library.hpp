// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace apical::sim {

inline constexpr const char* verilator_includes = "/usr/share/verilator/include";

/// What a tool says of its version; throws std::runtime_error where it isn't installed.
std::string version_of(const std::string& tool);

/// Words of a command in the order of calls; folders are written as names in braces, since where things lie
/// doesn't decide what a core does. Everything else does, and is part of its fingerprint.
struct Recipe {
  std::string netlist;  ///< "" where Verilator reads the Verilog itself
  std::string verilate, compile, link;
  std::vector<std::string> units;  ///< C++ sources of Verilator's beside those that it writes
};

/// What a shared library is made of, and how.
struct LibraryBuild {
  std::string what;         ///< "a core", for messages
  std::string doing;        ///< "verilating a core of 4 lanes", said when it begins
  std::string fingerprint;  ///< of all that decides what it does beside the Verilog
  Recipe recipe;
  std::filesystem::path root;    ///< of the Verilog
  std::filesystem::path plugin;  ///< C++ source that is compiled beside Verilator's
  /// A command of the recipe with the folders in place; `folder` is that of the build.
  std::function<std::string(const std::string& command, const std::filesystem::path& folder)> placed;
  /// Whether the tools would now read another file than the one of these that they have read.
  std::function<bool(const std::set<std::filesystem::path>& read)> stale;
};

/// A shared library of Verilator's output and a plugin: loaded from the cache ($XDG_CACHE_HOME/apical/cores)
/// where one of its fingerprint is there, whole, and every file that the tools have read for it is the same
/// here; built by verilator and the C++ compiler otherwise.
class BuiltLibrary {
 public:
  /// `say` is told what is being built. Throws std::runtime_error with the end of the tools' output.
  BuiltLibrary(const LibraryBuild&, const std::function<void(const std::string&)>& say);
  const std::filesystem::path& file() const { return file_; }
  /// The one symbol that is looked for; throws std::runtime_error where it isn't there.
  void* symbol(const char* name) const;

 private:
  std::filesystem::path file_;
  std::shared_ptr<void> handle_;
};

}  // namespace apical::sim
