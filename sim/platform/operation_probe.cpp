// SPDX-License-Identifier: Apache-2.0
#include "sim/platform/operation_probe.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "model/output_file.hpp"

namespace apical::sim {
namespace {

constexpr std::streamoff tail = 1 << 16;  // of a VCD file; a time has a few hundred bytes

// The code of an operation's word.
std::uint32_t code_of(const CoreOperation& op) {
  if (op.kind == CoreOperation::end) return 0;
  if (op.kind == CoreOperation::bad) return 7;
  if (op.kind == CoreOperation::decay) return 3;
  static constexpr std::uint32_t codes[] = {1, 2, 3, 4};  // forward, backward, update, learn
  return codes[static_cast<std::size_t>(op.operation.code)];
}

}  // namespace

OperationProbe::OperationProbe(const sc_core::sc_module_name& name, TlmCore& core)
    : sc_module(name), period_(core.period()) {
  core.model().listen([this](const OperationRecord& record) {
    const sc_core::sc_time begin = sc_core::sc_time::from_value(record.begin * period_.value());
    if (due_.empty())
      next_.notify(begin > sc_core::sc_time_stamp() ? begin - sc_core::sc_time_stamp()
                                                    : sc_core::SC_ZERO_TIME);
    due_.push_back(record);
  });
  SC_HAS_PROCESS(OperationProbe);
  SC_METHOD(play);
  sensitive << next_;
  dont_initialize();
}

void OperationProbe::play() {
  last_change_ = sc_core::sc_time_stamp();
  if (due_.empty()) {
    busy.write(false);
    return;
  }
  const OperationRecord record = due_.front();
  due_.pop_front();
  busy.write(true);
  tick.write(record.tick);
  operation.write(static_cast<std::uint32_t>(record.number));
  code.write(code_of(record.operation));
  index.write(static_cast<std::uint32_t>(record.operation.operation.index));
  const sc_core::sc_time end = sc_core::sc_time::from_value((record.begin + record.clocks) * period_.value());
  next_.notify(end > sc_core::sc_time_stamp() ? end - sc_core::sc_time_stamp() : sc_core::SC_ZERO_TIME);
}

void OperationProbe::trace(sc_core::sc_trace_file* file) const {
  const std::string prefix = std::string(name()) + ".";
  sc_core::sc_trace(file, busy, prefix + "busy");
  sc_core::sc_trace(file, tick, prefix + "tick");
  sc_core::sc_trace(file, operation, prefix + "operation");
  sc_core::sc_trace(file, code, prefix + "code");
  sc_core::sc_trace(file, index, prefix + "index");
}

// SystemC adds .vcd by itself, and says on standard output which unit of time was chosen.
Waveform::Waveform(std::filesystem::path file)
    : file_(std::move(file)),
      staged_(model::staged_name(file_).string()),
      trace_(sc_core::sc_create_vcd_trace_file(staged_.c_str())) {
  sc_core::sc_report_handler::set_actions("tracing timescale unit set", sc_core::SC_DO_NOTHING);
  trace_->set_time_unit(1, sc_core::SC_NS);
}

Waveform::~Waveform() {
  if (trace_ == nullptr) return;
  sc_core::sc_close_vcd_trace_file(trace_);
  std::error_code ignored;
  std::filesystem::remove(staged_ + ".vcd", ignored);
}

// SystemC ignores errors of writing, so the file tells whether it is whole: its last line with a time.
void Waveform::finish(const sc_core::sc_time& last_change) {
  sc_core::sc_close_vcd_trace_file(trace_);
  trace_ = nullptr;
  const std::filesystem::path staged = staged_ + ".vcd";
  std::ifstream in(staged, std::ios::ate | std::ios::binary);
  const auto size = static_cast<std::streamoff>(in.tellg());
  in.seekg(std::max<std::streamoff>(0, size - tail));
  std::uint64_t time = 0;
  std::string line;
  while (std::getline(in, line))
    if (!line.empty() && line[0] == '#' && !in.eof())
      std::from_chars(line.data() + 1, line.data() + line.size(), time);
  const bool whole = size > 0 && time >= last_change.value() / sc_core::sc_time(1, sc_core::SC_NS).value();
  if (!whole) model::discard_output(staged, file_);
  model::finish_output(staged, file_);
}

}  // namespace apical::sim
