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
    trace(nullptr);
    model_->final();
  }

  std::uint32_t access(int offset, bool write, std::uint32_t value) {
    model_->request_i = 1;
    model_->write_i = write;
    model_->addr_i = static_cast<std::uint8_t>(offset);
    model_->wdata_i = value;
    model_->eval();
    while (!model_->ack_o) clock();
    const std::uint32_t data = model_->rdata_o;
    clock();
    model_->request_i = 0;
    return data;
  }

  bool tick(std::uint64_t limit) {
    retired_.clear();
    access(APICAL_REG_CONTROL, true, 1);
    for (std::uint64_t waited = 0; waited < limit; ++waited) {
      model_->eval();
      if (model_->idle_o) return true;
      clock();
    }
    return false;
  }

  std::uint64_t clocks() const {
    return clocks_;
  }
  const std::vector<RetiredWeight>& retired() const {
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
    if (const std::uint64_t moved = model_->retire_weight_valid_o)
      for (int lane = 0; lane < APICAL_LANES; ++lane)
        if ((moved >> lane) & 1) {
          // Sign-extended from the width of a weight.
          const auto raw = static_cast<std::int32_t>(
              bits(model_->retire_weight_new_o, lane * APICAL_WEIGHT_BITS, APICAL_WEIGHT_BITS)
              << (32 - APICAL_WEIGHT_BITS));
          retired_.push_back({static_cast<std::int32_t>(model_->retire_weight_projection_o),
                              static_cast<std::int32_t>(model_->retire_weight_row_o),
                              static_cast<std::int32_t>(model_->retire_weight_column_o) + lane,
                              raw >> (32 - APICAL_WEIGHT_BITS)});
        }
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
  std::vector<RetiredWeight> retired_;
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
      [](void* self, int offset, int write, std::uint32_t value) {
        return of(self)->access(offset, write != 0, value);
      },
      [](void* self, std::uint64_t limit) { return of(self)->tick(limit) ? 1 : 0; },
      [](const void* self) { return static_cast<const Core*>(self)->clocks(); },
      [](void* self, const RetiredWeight** records) -> std::uint64_t {
        *records = of(self)->retired().data();
        return of(self)->retired().size();
      },
      [](void* self, const char* file) { return of(self)->trace(file) ? 1 : 0; }};
  return &plugin;
}

}  // namespace apical::sim
