// SPDX-License-Identifier: Apache-2.0
#include "sim/platform/timeline.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "model/output_file.hpp"
#include "sim/isa/core_map.hpp"

namespace apical::sim {
namespace {

std::string name_of(const OperationRecord& r, const fixedpoint::Program& program) {
  if (r.operation.kind == CoreOperation::end) return "END";
  if (r.operation.kind == CoreOperation::bad) return "bad operation";
  if (r.operation.kind == CoreOperation::decay)
    return fmt::format("UPDATE   {} mismatch",
                       program.populations[static_cast<std::size_t>(r.operation.operation.index)].name);
  return fixedpoint::describe(program, r.operation.operation);
}

}  // namespace

Timeline::Timeline(std::filesystem::path file, std::shared_ptr<const fixedpoint::Program> program,
                   double period_ns)
    : file_(std::move(file)),
      staged_(model::staged_name(file_)),
      program_(std::move(program)),
      microseconds_(period_ns * 1e-3) {
  out_.open(staged_);
  out_ << "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [";
  if (!out_) throw std::runtime_error(fmt::format("{} can't be written", staged_.string()));
  for (const auto& [id, name] : {std::pair(1, "ticks"), std::pair(2, "operations"), std::pair(3, "stalls")}) {
    out_ << (first_ ? "\n" : ",\n")
         << fmt::format(
                R"({{"ph": "M", "pid": 1, "tid": {}, "name": "thread_name", "args": {{"name": "{}"}}}})", id,
                name);
    first_ = false;
  }
}

Timeline::~Timeline() {
  std::error_code ignored;
  if (out_.is_open()) {
    out_.close();
    std::filesystem::remove(staged_, ignored);
  }
}

void Timeline::event(const char* track, const std::string& name, std::uint64_t begin, std::uint64_t clocks,
                     const std::string& arguments) {
  out_ << fmt::format(
      ",\n"
      R"({{"ph": "X", "pid": 1, "tid": {}, "name": "{}", "ts": {:.3f}, "dur": {:.3f}, "args": {{{}}}}})",
      track, name, static_cast<double>(begin) * microseconds_, static_cast<double>(clocks) * microseconds_,
      arguments);
}

void Timeline::add(const OperationRecord& r) {
  if (!in_tick_) tick_begin_ = r.begin - clocks::start;
  in_tick_ = true;
  const std::string name = name_of(r, *program_);
  const std::uint64_t stalls = r.clocks - r.lane_clocks;
  event(
      "2", name, r.begin, r.clocks,
      fmt::format(
          R"("operation": {}, "clocks": {}, "skipped": {}, "walks": {}, "busy": {}, "stalls": {}, "events": {})",
          r.number, r.clocks, r.skipped, r.walks, r.lane_clocks, stalls, r.events));
  if (stalls > clocks::operation) event("3", name, r.begin, stalls, fmt::format(R"("clocks": {})", stalls));
  if (r.operation.kind != CoreOperation::end && r.operation.kind != CoreOperation::bad) return;
  event("1", fmt::format("tick {}", r.tick), tick_begin_, r.begin + r.clocks - tick_begin_,
        fmt::format(R"("clocks": {})", r.begin + r.clocks - tick_begin_));
  in_tick_ = false;
}

void Timeline::finish() {
  out_ << "\n]}\n";
  out_.close();
  if (!out_) model::discard_output(staged_, file_);
  model::finish_output(staged_, file_);
}

}  // namespace apical::sim
