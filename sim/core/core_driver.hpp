// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/core/backdoor.hpp"
#include "sim/core/core_host.hpp"
#include "sim/isa/core_map.hpp"

namespace apical::sim {

/// Drives a Verilated core (hw/rtl/apical_core.sv) through its register port: loads, writes inputs, ticks,
/// reads. `Model` is the class that Verilator made; its parameters must suffice for the program.
template <class Model>
class CoreDriver : public RegisterPort {
 public:
  CoreDriver(std::shared_ptr<const fixedpoint::Program> program, const CoreParameters& core)
      : program_(std::move(program)), lanes_(core.lanes), host_(*this, program_, core) {
    find_memories();
    reset();
    load();
  }
  /// A model erases its scopes from the thread's context, which another driver may have set since.
  ~CoreDriver() override {
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

  void write(int offset, std::uint32_t value) override { access(offset, Request::write, value); }
  std::uint32_t read(int offset) override { return access(offset, Request::read, 0); }

  void write_memory(int memory, std::uint32_t address, std::int64_t value) {
    host_.write_memory(memory, address, value);
  }
  std::int64_t read_memory(int memory, std::uint32_t address) { return host_.read_memory(memory, address); }

  /// Raw values of population 0, units 0 .. count-1.
  void write_input(const std::int64_t* raw, std::size_t count) { host_.write_input({raw, raw + count}); }
  void write_target(const std::int64_t* raw, std::size_t count) { host_.write_target({raw, raw + count}); }
  void set_beta(std::uint32_t value) { host_.set_beta(value); }
  void set_learning_scale(double factor) { host_.set_learning_scale(factor); }

  /// Starts a tick and waits for its end; returns its clocks as the core counts them.
  std::uint32_t tick() {
    const std::uint32_t before = read(reg::cycles);
    write(reg::control, reg::Control::tick_mask);
    for (std::uint64_t waited = 0; reg::Status::decode(read(reg::status)).busy; ++waited)
      if (waited > 100'000'000) throw std::runtime_error("the core's tick does not end");
    return read(reg::cycles) - before;
  }

  /// A signal or a weight between ticks: in place where the model shows its memories, else through the
  /// window.
  std::int64_t signal(int memory, int population, int unit) {
    const std::uint32_t address =
        image().first_unit[static_cast<std::size_t>(population)] + static_cast<std::uint32_t>(unit);
    if (signals_.empty()) return host_.read_signal(population, memory, unit);
    const MemoryView& view = signals_[static_cast<std::size_t>(memory)];
    return view ? view[address] : 0;
  }
  std::int64_t weight(int projection, int row, int column) {
    const std::uint32_t address = weight_address(image(), *program_, lanes_, projection, row, column);
    if (banks_.empty()) return host_.read_weight(projection, row, column);
    const std::uint32_t width = static_cast<std::uint32_t>(lanes_);
    return banks_[address % width][address / width];
  }
  /// The same through the window, as a host on a board reads.
  std::int64_t window_signal(int memory, int population, int unit) {
    return host_.read_signal(population, memory, unit);
  }
  std::int64_t window_weight(int projection, int row, int column) {
    return host_.read_weight(projection, row, column);
  }

  Model& model() { return *model_; }
  const CoreImage& image() const { return host_.image(); }
  std::uint64_t clocks() const { return clocks_; }  ///< simulated since the construction

 private:
  std::unique_ptr<Model> make() {
    if constexpr (std::is_constructible_v<Model, VerilatedContext*, const char*>)
      return std::make_unique<Model>(&context_, "core");
    else
      return std::make_unique<Model>();
  }
  /// Verilator names instances of a generate loop in one way where it elaborated the loop, in another where
  /// Yosys did.
  void find_memories() {
    const std::string top = "core.apical_core.";
    for (const auto& [open, close] : {std::pair{"__BRA__", "__KET__"}, std::pair{"[", "]"}}) {
      const auto name = [o = open, c = close](int number) { return o + std::to_string(number) + c; };
      for (int m = 0; m < memory::scratch; ++m)
        signals_.emplace_back(context_, top + "u_neuron.u_memory.gen_signal" + name(m) + ".gen_ram.u_ram");
      for (int b = 0; b < lanes_; ++b)
        banks_.emplace_back(context_, top + "u_lanes.u_weights.gen_bank" + name(b) + ".u_ram");
      if (signals_.front() && banks_.front()) return;
      signals_.clear();
      banks_.clear();
    }
  }
  void load() {
    host_.load();
    if (const std::uint32_t errors = read(reg::errors); errors != 0)
      throw std::runtime_error("the core refused its program, error register " + std::to_string(errors));
  }

  std::uint32_t access(int offset, Request request, std::uint32_t value) {
    model_->request_i = 1;
    model_->write_i = request == Request::write;
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
  VerilatedContext context_;  ///< its own, so that drivers of one model don't share memories
  std::unique_ptr<Model> model_ = make();
  std::vector<MemoryView> signals_, banks_;
  std::uint64_t clocks_ = 0;
  CoreHost host_;
};

}  // namespace apical::sim
