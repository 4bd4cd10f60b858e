// SPDX-License-Identifier: Apache-2.0
// Compiled together with Verilator's output for apical_core (class VApicalCore) into a shared library.
#include "core_plugin.hpp"

#include <memory>
#include <vector>

#include "VApicalCore.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

namespace apical::sim {
namespace {

// Bits first..first+count of a port, however Verilator stores it.
template <class Port>
std::uint32_t bits(const Port& port, int first, int count) {
  const std::uint64_t mask = (std::uint64_t{1} << count) - 1;
  if constexpr (std::is_integral_v<Port>) {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(port) >> first) & mask);
  } else {
    const int word = first / 32, offset = first % 32;
    std::uint64_t value = port[word];
    if (offset + count > 32) value |= std::uint64_t{port[word + 1]} << 32;
    return static_cast<std::uint32_t>((value >> offset) & mask);
  }
}

class Core {
 public:
  Core() : model_(std::make_unique<VApicalCore>(&context_)) {
#if VM_TRACE
    context_.traceEverOn(true);
#endif
    model_->request_i = 0;
    model_->rst_ni = 0;
    clock();
    clock();
    model_->rst_ni = 1;
    clock();
  }
  ~Core() {
    // A model takes its scopes out of the context that the thread used last, which may be another core's, and
    // gone.
    Verilated::threadContextp(&context_);
    trace(nullptr);
    model_->final();
  }

  bool access(int offset, bool write, std::uint32_t value, std::uint64_t limit, std::uint32_t& data) {
    model_->request_i = 1;
    model_->write_i = write;
    model_->addr_i = static_cast<std::uint8_t>(offset);
    model_->wdata_i = value;
    model_->eval();
    for (std::uint64_t waited = 0; !model_->ack_o; ++waited) {
      if (waited == limit) return false;
      clock();
    }
    data = model_->rdata_o;
    clock();
    model_->request_i = 0;
    return true;
  }

  bool wait(std::uint64_t limit) {
    for (std::uint64_t waited = 0;; ++waited) {
      model_->eval();
      if (model_->idle_o) return true;
      if (waited == limit) return false;
      clock();
    }
  }

  std::uint64_t clocks() const {
    return clocks_;
  }
  int operation() const {
    return model_->retire_operation_o;
  }
  void record(bool on) {
    recording_ = on;
  }
  const std::vector<Retired>& retired() {
    if (taken_) retired_.clear();
    taken_ = true;
    return retired_;
  }

  bool trace(const char* file) {
#if VM_TRACE
    if (wave_) wave_->close();
    wave_.reset();
    if (file != nullptr) {
      wave_ = std::make_unique<VerilatedFstC>();
      model_->trace(wave_.get(), 99);
      wave_->open(file);
    }
    return true;
#else
    return file == nullptr;
#endif
  }

 private:
  void clock() {
    model_->clk_i = 1;
    model_->eval();
    dump(2 * clocks_);
    ++clocks_;
    model_->clk_i = 0;
    model_->eval();
    dump(2 * clocks_ - 1);
    if (recording_) keep();
  }
  void keep() {
    if (taken_) retired_.clear();
    taken_ = false;
    Retired r{};
    r.clock = clocks_;
    r.tick = model_->retire_tick_o;
    r.operation = model_->retire_operation_o;
    if (model_->retire_valid_o) {
      r.signal = model_->retire_signal_o;
      r.row = static_cast<std::int32_t>(model_->retire_addr_o);
      r.column = -1;
      r.old_value = static_cast<std::int64_t>(model_->retire_old_o);
      r.new_value = static_cast<std::int64_t>(model_->retire_new_o);
      r.random = model_->retire_random_o;
      retired_.push_back(r);
    }
    const std::uint64_t moved = model_->retire_weight_valid_o;
    if (moved == 0) return;
    r.signal = -1;
    r.projection = model_->retire_weight_projection_o;
    r.row = static_cast<std::int32_t>(model_->retire_weight_row_o);
    for (int lane = 0; lane < APICAL_LANES; ++lane) {
      if (((moved >> lane) & 1) == 0) continue;
      r.column = static_cast<std::int32_t>(model_->retire_weight_column_o) + lane;
      r.old_value = weight(model_->retire_weight_old_o, lane);
      r.new_value = weight(model_->retire_weight_new_o, lane);
      r.random = bits(model_->retire_weight_random_o, lane * 16, 16);
      retired_.push_back(r);
    }
  }
  // Sign-extended from the width of a weight.
  template <class Port>
  static std::int32_t weight(const Port& port, int lane) {
    const std::uint32_t raw = bits(port, lane * APICAL_WEIGHT_BITS, APICAL_WEIGHT_BITS);
    return static_cast<std::int32_t>(raw << (32 - APICAL_WEIGHT_BITS)) >> (32 - APICAL_WEIGHT_BITS);
  }
  void dump([[maybe_unused]] std::uint64_t time) {
#if VM_TRACE
    if (wave_) wave_->dump(time);
#endif
  }

  VerilatedContext context_;
  std::unique_ptr<VApicalCore> model_;
#if VM_TRACE
  std::unique_ptr<VerilatedFstC> wave_;
#endif
  std::vector<Retired> retired_;
  bool recording_ = false, taken_ = false;
  std::uint64_t clocks_ = 0;
};

Core* of(void* self) {
  return static_cast<Core*>(self);
}

}  // namespace

extern "C" const CorePlugin* apical_core_plugin() {
  static const CorePlugin plugin = {
      []() -> void* { return new Core; },
      [](void* self) { delete of(self); },
      [](void* self, int offset, int write, std::uint32_t value, std::uint64_t limit, std::uint32_t* data) {
        return of(self)->access(offset, write != 0, value, limit, *data) ? 1 : 0;
      },
      [](void* self, std::uint64_t limit) { return of(self)->wait(limit) ? 1 : 0; },
      [](const void* self) { return static_cast<const Core*>(self)->clocks(); },
      [](const void* self) { return static_cast<const Core*>(self)->operation(); },
      [](void* self, int on) { of(self)->record(on != 0); },
      [](void* self, const Retired** records) -> std::uint64_t {
        const std::vector<Retired>& retired = of(self)->retired();
        *records = retired.data();
        return retired.size();
      },
      [](void* self, const char* file) { return of(self)->trace(file) ? 1 : 0; }};
  return &plugin;
}

}  // namespace apical::sim
