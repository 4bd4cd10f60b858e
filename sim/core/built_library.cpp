// SPDX-License-Identifier: Apache-2.0
#include "sim/core/built_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "sim/core/external_tools.hpp"

namespace apical::sim {

namespace fs = std::filesystem;

std::string version_of(const std::string& tool) {
  std::FILE* const pipe = popen((tool + " --version 2>/dev/null").c_str(), "r");
  char line[200] = "";
  if (pipe != nullptr) {
    if (std::fgets(line, sizeof line, pipe) == nullptr) line[0] = '\0';
    pclose(pipe);
  }
  if (line[0] == '\0')
    throw std::runtime_error(tool + " is not installed; tools/setup installs what the core needs");
  return line;
}

namespace {

// Builds it in a folder; core.so is there afterwards.
void compile(const LibraryBuild& build, const fs::path& folder) {
  const Recipe& r = build.recipe;
  const fs::path log = folder / "log";
  if (!r.netlist.empty()) run_tools(build.placed(r.netlist, folder), log);
  run_tools(build.placed(r.verilate, folder), log);
  std::vector<fs::path> units{build.plugin};
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".cpp") units.push_back(entry.path());
  for (const std::string& unit : r.units) units.push_back(fs::path(verilator_includes) / unit);
  const std::string compiler = build.placed(r.compile, folder);
  std::string objects, commands;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const std::string object = shell_word((folder / fmt::format("{}.o", i)).string());
    commands += fmt::format("{} -c {} -o {}\n", compiler, shell_word(units[i].string()), object);
    objects += " " + object;
  }
  std::ofstream(folder / "commands") << commands;
  run_tools(fmt::format("xargs -d '\\n' -P {} -I COMMAND sh -c COMMAND <{}",
                        std::max(1u, std::thread::hardware_concurrency()),
                        shell_word((folder / "commands").string())),
            log);
  run_tools(fmt::format("{} -o {}{}", r.link, shell_word((folder / "core.so").string()), objects), log);
}

// Files that the tools have read, from what Verilator and yosys write about it.
std::vector<fs::path> files_read(const fs::path& root, const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string(), ending = "__verFiles.dat";
    if (name.size() < ending.size() || name.substr(name.size() - ending.size()) != ending) continue;
    std::ifstream verilator(entry.path());
    for (std::string line; std::getline(verilator, line);)  // S size inode times "path"
      if (const std::size_t quote = line.find('"'); line[0] == 'S' && quote != std::string::npos)
        files.push_back(root / line.substr(quote + 1, line.rfind('"') - quote - 1));
  }
  std::ifstream yosys(folder / "netlist.d");  // a makefile's dependencies, from the folder of the Verilog
  std::string word;
  for (char c; yosys.get(c);)
    if (c == '\\' && yosys.peek() == ' ') {
      word += static_cast<char>(yosys.get());
    } else if (c != ' ' && c != '\n') {
      word += c;
    } else {
      if (!word.empty() && word.back() != ':') files.push_back(root / word);
      word.clear();
    }
  return files;
}

// What stands beside a library in the cache: a line of hash and name for the library itself and for every
// file that the tools have read, from the folder of the Verilog where it is in there.
std::string record(const fs::path& root, const fs::path& folder) {
  const fs::path rtl = fs::canonical(root), built = fs::canonical(folder);
  const auto within = [](const fs::path& place, const fs::path& file) {
    return std::mismatch(place.begin(), place.end(), file.begin(), file.end()).first == place.end();
  };
  std::set<std::string> lines;
  for (const fs::path& file : files_read(root, folder)) {
    std::error_code ignored;
    const fs::path real = fs::canonical(file, ignored);
    if (!fs::is_regular_file(real, ignored) || within(built, real)) continue;
    const fs::path name = within(rtl, real) ? real.lexically_relative(rtl) : real;
    lines.insert(fmt::format("{} {}\n", hash_of(content_of(real)), name.string()));
  }
  return fmt::format("{} core\n{}", hash_of(content_of(folder / "core.so")), fmt::join(lines, ""));
}

// Whether a library is whole and made of what the files of its record are in this folder of Verilog.
bool valid(const LibraryBuild& build, const fs::path& library) {
  std::ifstream file(library.string() + ".files");
  std::set<fs::path> read;
  bool whole = false;
  std::error_code ignored;
  for (std::string line; std::getline(file, line);) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) return false;
    const fs::path name = line.substr(space + 1), path = whole ? build.root / name : library;
    if (!fs::is_regular_file(path, ignored) || hash_of(content_of(path)) != line.substr(0, space))
      return false;
    if (whole && name.is_relative()) read.insert(name);
    whole = true;
  }
  return whole && !build.stale(read);
}

// A library of that fingerprint in the cache; "" if none is made of this Verilog.
fs::path cached(const LibraryBuild& build) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(core_cache(), ignored))
    if (entry.path().extension() == ".so" &&
        entry.path().filename().string().rfind(build.fingerprint, 0) == 0 && valid(build, entry.path()))
      return entry.path();
  return {};
}

}  // namespace

BuiltLibrary::BuiltLibrary(const LibraryBuild& build, const std::function<void(const std::string&)>& say)
    : file_(cached(build)) {
  if (file_.empty()) {
    const BuildFolder folder;
    say(fmt::format("{} (once; kept in {})", build.doing, core_cache().string()));
    try {
      compile(build, folder.path());
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("{} can't be built: {}", build.what, error.what()));
    }
    const fs::path files = folder.path() / "files";
    std::ofstream out(files);
    const std::string text = record(build.root, folder.path());
    out << text;
    out.close();
    if (!out) throw std::runtime_error(fmt::format("{}: can't be written", files.string()));
    file_ = core_cache() / fmt::format("{}-{}.so", build.fingerprint, hash_of(text.substr(text.find('\n'))));
    fs::rename(folder.path() / "core.so", file_);
    fs::rename(files, file_.string() + ".files");
  }
  void* const handle = dlopen(file_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw std::runtime_error(fmt::format("{}: {}", file_.string(), dlerror()));
  handle_ = std::shared_ptr<void>(handle, [](void* h) { dlclose(h); });
}

void* BuiltLibrary::symbol(const char* name) const {
  void* const found = dlsym(handle_.get(), name);
  if (found == nullptr) throw std::runtime_error(fmt::format("{}: {}", file_.string(), dlerror()));
  return found;
}

}  // namespace apical::sim
