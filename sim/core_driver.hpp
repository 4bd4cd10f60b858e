#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/backdoor.hpp"
#include "sim/core_map.hpp"
#include "sim/image.hpp"

namespace apical::sim {

/// Drives a Verilated core (hw/rtl/apical_core.sv) through its register port: loads, writes inputs, ticks,
/// reads. `Model` is the class that Verilator made; its parameters must suffice for the program.
template <class Model>
class CoreDriver {
 public:
  CoreDriver(std::shared_ptr<const fixedpoint::Program> program, const CoreParameters& core,
             const Thresholds& thresholds = {})
      : program_(std::move(program)), lanes_(core.lanes), image_(assemble(*program_, core, thresholds)) {
    find_memories();
    reset();
    load();
  }
  /// A model erases its scopes from the thread's context, which another driver may have set since.
  ~CoreDriver() {
    Verilated::threadContextp(&context_);
    model_->final();
    model_.reset();
    Verilated::threadContextp(Verilated::defaultContextp());
  }

  void reset() {
    model_->request_i = 0;
    model_->rst_ni = 0;
    clock();
    clock();
    model_->rst_ni = 1;
    clock();
  }

  /// One clock: inputs as they are, both edges.
  void clock() {
    model_->clk_i = 1;
    model_->eval();
    ++clocks_;
    model_->clk_i = 0;
    model_->eval();
  }

  void write(int offset, std::uint32_t value) { access(offset, true, value); }
  std::uint32_t read(int offset) { return access(offset, false, 0); }

  void select(int memory, std::uint32_t address) {
    write(reg::window_select, static_cast<std::uint32_t>(memory));
    write(reg::window_address, address);
  }
  void write_memory(int memory, std::uint32_t address, std::int64_t value) {
    if (memory != selected_ || address != next_) select(memory, address);
    const std::int64_t high = value >> 32;
    if (high != high_) write(reg::window_high, static_cast<std::uint32_t>(high));
    high_ = high;
    write(reg::window_data, static_cast<std::uint32_t>(value));
    selected_ = memory;
    next_ = address + 1;
  }
  /// A word of 32 bits or fewer, sign-extended.
  std::int64_t read_memory(int memory, std::uint32_t address) {
    if (memory != selected_ || address != next_) select(memory, address);
    const std::uint32_t value = read(reg::window_data);
    high_ = -2;  // the window left the upper half of the word there
    selected_ = memory;
    next_ = address + 1;
    return static_cast<std::int32_t>(value);
  }

  /// Raw values of population 0, units 0 .. count-1.
  void write_input(const std::int64_t* raw, std::size_t count) {
    write(reg::input_unit, 0);
    for (std::size_t i = 0; i < count; ++i) write(reg::input, static_cast<std::uint32_t>(raw[i]));
  }
  void write_target(const std::int64_t* raw, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      write_memory(memory::target, image_.first_unit.back() + static_cast<std::uint32_t>(i), raw[i]);
  }
  void set_beta(std::uint32_t value) { write(reg::beta, value); }
  void set_learning_scale(double factor) {
    for (std::size_t k = 0; k < image_.eta_word.size(); ++k)
      write_memory(window::descriptors, image_.eta_word[k],
                   eta_register(*program_, static_cast<int>(k), factor));
  }

  /// Starts a tick and waits for its end; returns its clocks as the core counts them.
  std::uint32_t tick() {
    const std::uint32_t before = read(reg::cycles);
    write(reg::control, 1);
    for (std::uint64_t waited = 0; (read(reg::status) & 1) != 0; ++waited)
      if (waited > 100'000'000) throw std::runtime_error("the core's tick does not end");
    return read(reg::cycles) - before;
  }

  /// A signal or a weight between ticks: in place where the model shows its memories, else through the
  /// window.
  std::int64_t signal(int memory, int population, int unit) {
    const std::uint32_t address =
        image_.first_unit[static_cast<std::size_t>(population)] + static_cast<std::uint32_t>(unit);
    if (signals_.empty()) return read_memory(memory, address);
    const MemoryView& view = signals_[static_cast<std::size_t>(memory)];
    return view ? view[address] : 0;
  }
  std::int64_t weight(int projection, int row, int column) {
    const std::uint32_t address = weight_address(image_, *program_, lanes_, projection, row, column);
    if (banks_.empty()) return read_memory(window::weights, address);
    const std::uint32_t width = static_cast<std::uint32_t>(lanes_);
    return banks_[address % width][address / width];
  }
  /// The same through the window, as a host on a board reads.
  std::int64_t window_signal(int memory, int population, int unit) {
    return read_memory(
        memory, image_.first_unit[static_cast<std::size_t>(population)] + static_cast<std::uint32_t>(unit));
  }
  std::int64_t window_weight(int projection, int row, int column) {
    return read_memory(window::weights, weight_address(image_, *program_, lanes_, projection, row, column));
  }

  Model& model() { return *model_; }
  const CoreImage& image() const { return image_; }
  std::uint64_t clocks() const { return clocks_; }  ///< simulated since the construction

 private:
  std::unique_ptr<Model> make() {
    if constexpr (std::is_constructible_v<Model, VerilatedContext*, const char*>)
      return std::make_unique<Model>(&context_, "core");
    else
      return std::make_unique<Model>();
  }
  void find_memories() {
    const auto name = [](int number) { return "__BRA__" + std::to_string(number) + "__KET__"; };
    const std::string top = "core.apical_core.";
    for (int m = 0; m < memory::scratch; ++m)
      signals_.emplace_back(context_, top + "u_neuron.u_memory.gen_signal" + name(m) + ".gen_ram.u_ram");
    for (int b = 0; b < lanes_; ++b)
      banks_.emplace_back(context_, top + "u_lanes.u_weights.gen_bank" + name(b) + ".u_ram");
    if (signals_.front() && banks_.front()) return;
    signals_.clear();
    banks_.clear();
  }
  void load() {
    write(reg::control, 2);
    while ((read(reg::status) & 2) != 0) {
    }
    for (const CoreWrite& w : image_.memory) write_memory(w.select, w.address, w.value);
    for (const auto& [offset, value] : image_.registers) write(offset, value);
    if (const std::uint32_t errors = read(reg::errors); errors != 0)
      throw std::runtime_error("the core refused its program, error register " + std::to_string(errors));
  }

  std::uint32_t access(int offset, bool is_write, std::uint32_t value) {
    model_->request_i = 1;
    model_->write_i = is_write;
    model_->addr_i = static_cast<std::uint8_t>(offset);
    model_->wdata_i = value;
    model_->eval();
    while (!model_->ack_o) clock();
    const std::uint32_t data = model_->rdata_o;
    clock();
    model_->request_i = 0;
    return data;
  }

  std::shared_ptr<const fixedpoint::Program> program_;
  int lanes_;
  CoreImage image_;
  VerilatedContext context_;  ///< its own, so that drivers of one model don't share memories
  std::unique_ptr<Model> model_ = make();
  std::vector<MemoryView> signals_, banks_;
  std::uint64_t clocks_ = 0;
  int selected_ = -1;
  std::uint32_t next_ = 0;
  std::int64_t high_ = -2;
};

}  // namespace apical::sim
