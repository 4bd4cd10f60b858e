// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <random>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "sim/core/core_model.hpp"
#include "tests/tools/command_line.hpp"
#include "tools/deploy/bundle.hpp"
#include "tools/deploy/replay.hpp"

namespace apical::test {

namespace fs = std::filesystem;
using nlohmann::json;

using Lines = std::vector<std::string>;

inline Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline std::string text_of(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class Bundles : public CommandLine {
 protected:
  Bundles() {
    file(
        "net.toml",
        "[network]\nlayers = [64, 6, 10]\ngain = 0.3\n[dynamics]\nbeta = 0.5\n[learning]\neta = 0.1\n[core]\n"
        "lanes = 2\n");
    RecordProperty("seed", std::to_string(seed));
  }
  void export_to(const std::string& name, const std::string& more = "") {
    const Outcome o =
        apical("vectors export net.toml --ticks 3 --weights-every 2 --out '" + name + "' " + more);
    if (o.status != 0) throw std::runtime_error(o.error);
  }
  Outcome replay(const std::string& name) const {
    return apical("vectors replay '" + name + "' --machine emulator");
  }
  json manifest(const std::string& name) const {
    return json::parse(content(folder / name / "manifest.json"));
  }
  void write(const std::string& name, const std::string& file, const std::string& text) const {
    std::ofstream(folder / name / file, std::ios::binary) << text;
  }
  /// Makes the checksum of a file fit again, as somebody would who wants to deceive.
  void sum_again(const std::string& name, const std::string& changed) const {
    std::string sums;
    for (const std::string& line : lines_of(content(folder / name / "SHA256SUMS")))
      sums += (line.substr(66) == changed ? tools::sha256(content(folder / name / changed))
                                          : line.substr(0, 64)) +
              line.substr(64) + "\n";
    write(name, "SHA256SUMS", sums);
  }
  /// What reading and playing it on the emulator says: "" where all is well. Whatever is thrown is an
  /// InputError of one line that names the bundle.
  std::string trouble(const std::string& name) const {
    try {
      const tools::ReadBundle bundle = tools::read_bundle(folder / name);
      sim::CoreModel core(bundle.parameters);
      sim::ModelPort port(core);
      testing::internal::CaptureStdout();
      const int status = tools::replay_scripts(bundle, "emulator", port, tools::any_wait);
      const std::string said = testing::internal::GetCapturedStdout();
      return status == 0 ? "" : said;
    } catch (const tools::InputError& error) {
      const std::string what = error.what();
      EXPECT_EQ(what.find('\n'), std::string::npos) << what;
      EXPECT_TRUE(contains(what, name)) << what;
      EXPECT_FALSE(contains(what, "json.exception")) << what;
      EXPECT_TRUE(contains(what, "accepted:")) << what;
      return what;
    }
  }
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  int make(const std::string& name, const std::string& target) const {
    return std::system(fmt::format("make -C '{}' {} >'{}' 2>&1", (folder / name).string(), target,
                                   (folder / "make.log").string())
                           .c_str());
  }

  static constexpr std::uint64_t seed = 22;
  std::mt19937_64 random_{seed};
};

}  // namespace apical::test
