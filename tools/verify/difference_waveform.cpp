// SPDX-License-Identifier: Apache-2.0
#include "tools/verify/difference_waveform.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>

#include "tools/report/output_folder.hpp"

namespace apical::tools {
namespace {

constexpr std::uint64_t ticks_before = 2, ticks_after = 1;  // of a waveform around a difference
constexpr std::uint64_t clocks_of_a_hang = 10'000;          // shown beyond those that the tick takes

// What the machine does is in the waveform, up to where it stops.
void play(const Rung& rung, const sim::Stimulus& stimulus, const sim::Difference& d,
          const std::string& file) {
  const std::uint64_t first = d.tick > ticks_before ? d.tick - ticks_before : 0;
  try {
    const auto machine = rung.make({true, first == 0 ? file : ""});
    for (std::uint64_t t = 0; t <= d.tick + ticks_after; ++t) {
      if (t == first && first > 0 && !machine->waveform(file))
        throw std::runtime_error(fmt::format("{} has no waveform", rung.name));
      if (!d.text.empty() && t == d.tick) machine->limit_tick(d.exact + clocks_of_a_hang);
      sim::advance(*machine, stimulus());
    }
  } catch (const sim::Stopped&) {  // where it stopped before, and its waveform ends with it
  }
}

// Verilator's writer maps its files into memory: where the disk is full it ends by a signal, hence a process
// of its own.
void play_apart(const Rung& rung, const sim::Stimulus& stimulus, const sim::Difference& d,
                const std::string& file) {
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process to write it");
  if (child == 0) {
    try {
      play(rung, stimulus, d, file);
      _exit(0);
    } catch (const std::exception& error) {
      fmt::print(stderr, "apical: {}\n", error.what());
      _exit(1);
    }
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  throw std::runtime_error(
      WIFSIGNALED(status) ? fmt::format("its writer ended by signal {}; is the disk full?", WTERMSIG(status))
                          : "its writer ended early");
}

std::uint64_t big_endian(const std::array<char, 17>& bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

// Blocks one after another, each of a byte for its kind and eight for its length with them; the first one has
// the times of begin and end. A writer whose disk is full leaves lengths that lead elsewhere, or nothing.
bool is_whole_waveform(const std::filesystem::path& file, std::uint64_t time) {
  constexpr int header = 0, geometry = 3, changes[] = {1, 5, 8}, hierarchy[] = {4, 6, 7};
  std::error_code failed;
  const std::uint64_t size = std::filesystem::file_size(file, failed);
  std::ifstream in(file, std::ios::binary);
  std::uint32_t kinds = 0;
  std::uint64_t at = 0;
  while (!failed && at < size) {
    std::array<char, 17> block{};
    in.seekg(static_cast<std::streamoff>(at));
    if (!in.read(block.data(), at == 0 ? 17 : 9)) return false;
    const int kind = static_cast<unsigned char>(block[0]);
    const std::uint64_t length = big_endian(block, 1);
    if (kind > 8 || length < 8 || length > size - at - 1) return false;
    if ((at == 0) != (kind == header)) return false;
    if (kind == header) {
      std::array<char, 17> times{};
      if (!in.read(times.data(), 8) || big_endian(times, 0) < time) return false;
    }
    kinds |= 1u << kind;
    at += 1 + length;
  }
  const auto has = [&](const int(&some)[3]) {
    return (kinds & (1u << some[0] | 1u << some[1] | 1u << some[2])) != 0;
  };
  return !failed && at == size && (kinds >> geometry & 1) != 0 && has(changes) && has(hierarchy);
}

std::filesystem::path write_difference_waveform(const Rung& rung, const sim::Stimulus& stimulus,
                                                const sim::Difference& d,
                                                const std::filesystem::path& folder) {
  OutputFolder out(folder);
  const std::filesystem::path staged = out.stage("difference.fst");
  play_apart(rung, stimulus, d, staged.string());
  if (!is_whole_waveform(staged, waveform_time(d)))
    throw std::runtime_error(fmt::format("{}: the waveform is not whole; is the disk full?",
                                         (out.path() / "difference.fst").string()));
  out.commit();
  return out.path() / "difference.fst";
}

}  // namespace apical::tools
