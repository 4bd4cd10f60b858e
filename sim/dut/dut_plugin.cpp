// SPDX-License-Identifier: Apache-2.0
// Compiled together with Verilator's output for a design (class VDut, all of it public) into a shared
// library.
#include "dut_plugin.hpp"

#include <memory>
#include <stdexcept>
#include <string>

#include "VDut.h"
#include "verilated.h"
#include "verilated_sym_props.h"
#include "verilated_syms.h"
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

// What ends a simulation of Verilator's ends this tick, not the program around it.
void vl_stop(const char* file, int line, const char*) VL_MT_UNSAFE {
  throw std::runtime_error(std::string("$stop, or a failed assertion, at ") + file + ":" +
                           std::to_string(line));
}
void vl_fatal(const char* file, int line, const char*, const char* message) VL_MT_UNSAFE {
  throw std::runtime_error(std::string(message) + " at " + file + ":" + std::to_string(line));
}
void vl_finish(const char* file, int line, const char*) VL_MT_UNSAFE {
  throw std::runtime_error(std::string("$finish at ") + file + ":" + std::to_string(line));
}

namespace apical::sim {
namespace {

// How Verilator stores so many bits.
VerilatedVarType natural_type(int width) {
  return width <= 8    ? VLVT_UINT8
         : width <= 16 ? VLVT_UINT16
         : width <= 32 ? VLVT_UINT32
         : width <= 64 ? VLVT_UINT64
                       : VLVT_WDATA;
}

int bytes_of(VerilatedVarType type, int width) {
  return type == VLVT_WDATA ? 4 * VL_WORDS_I(width) : 1 << (type - VLVT_UINT8);
}

// Its shape; false where it isn't made of bits, or of which Verilator doesn't tell it.
bool describe(const VerilatedVar& variable, DutVariable& v) {
  if (variable.isParam() || variable.udims() > DutVariable::most_dimensions ||
      natural_type(1) > variable.vltype() || variable.vltype() > VLVT_WDATA)
    return false;
  v.data = static_cast<unsigned char*>(variable.datap());
  v.width = variable.dims() == 0 ? 1 : variable.packed().elements();
  v.dimensions = variable.udims();
  for (int d = 0; d < v.dimensions; ++d) {
    v.low[d] = variable.low(d + 1);
    v.high[d] = variable.high(d + 1);
  }
  // A memory of bits that were declared without a range looks like a vector that wouldn't be stored so.
  if (v.dimensions == 0 && variable.vltype() == VLVT_UINT8 && v.width > 8) {
    v.dimensions = 1;
    v.width = 1;
    v.low[0] = variable.packed().low();
    v.high[0] = variable.packed().high();
  }
  v.bytes = bytes_of(variable.vltype(), v.width);
  return natural_type(v.width) == variable.vltype();
}

class Dut {
 public:
  Dut() {
    Verilated::threadContextp(&context_);
    const char* none[] = {"design"};
    context_.commandArgs(1, none);  // of $test$plusargs
#if VM_TRACE
    context_.traceEverOn(true);
#endif
    model_ = std::make_unique<VDut>(&context_, "TOP");
  }
  ~Dut() {
    // A model takes its scopes out of the context that the thread used last, which may be another one's.
    Verilated::threadContextp(&context_);
    trace(nullptr);
  }

  bool find(const std::string& name, DutVariable& v) {
    const VerilatedVar* const variable = variable_of(name);
    return variable != nullptr && describe(*variable, v);
  }

  const char* beside(const std::string& name) {
    beside_.clear();
    std::string within = name;
    const VerilatedScope* scope = nullptr;
    do {
      const std::size_t dot = within.rfind('.');
      within = dot == std::string::npos ? "" : within.substr(0, dot);
      scope = scope_of(within);
    } while (scope == nullptr && !within.empty());
    if (scope == nullptr) return "";
    if (scope->varsp() != nullptr)
      for (const auto& [own, variable] : *scope->varsp())
        if (!variable.isParam()) add(own);
    const std::string prefix = std::string(scope->name()) + ".";
    for (const auto& [full, inner] : *context_.scopeNameMap())
      if (const std::string path = full;
          path.rfind(prefix, 0) == 0 && path.find('.', prefix.size()) == std::string::npos)
        add(path.substr(prefix.size()) + ".");
    return beside_.c_str();
  }

  bool clock(const DutVariable& clock) {
    return guarded([&] {
      *clock.data = 1;
      model_->eval();
      dump(2 * clocks_);
      ++clocks_;
      *clock.data = 0;
      model_->eval();
      dump(2 * clocks_ - 1);
    });
  }
  bool settle() {
    return guarded([&] { model_->eval(); });
  }
  const char* error() const {
    return error_.c_str();
  }
  std::uint64_t clocks() const {
    return clocks_;
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
  template <class Action>
  bool guarded(Action action) {
    Verilated::threadContextp(&context_);
    try {
      action();
      return true;
    } catch (const std::exception& error) {
      error_ = error.what();
      return false;
    }
  }
  void dump([[maybe_unused]] std::uint64_t time) {
#if VM_TRACE
    if (wave_) wave_->dump(time);
#endif
  }
  void add(const std::string& name) {
    beside_ += (beside_.empty() ? "" : ", ") + name;
  }
  const VerilatedScope* scope_of(const std::string& within) const {
    const std::string top = std::string("TOP.") + APICAL_TOP;
    return context_.scopeFind((within.empty() ? top : top + "." + within).c_str());
  }
  // Ports first: what the host writes there goes to the model's own.
  const VerilatedVar* variable_of(const std::string& name) const {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string::npos)
      if (const VerilatedScope* const ports = context_.scopeFind("TOP.TOP"))
        if (const VerilatedVar* const port = ports->varFind(name.c_str())) return port;
    const VerilatedScope* const scope = scope_of(dot == std::string::npos ? "" : name.substr(0, dot));
    return scope == nullptr ? nullptr
                            : scope->varFind(name.substr(dot == std::string::npos ? 0 : dot + 1).c_str());
  }

  VerilatedContext context_;
  std::unique_ptr<VDut> model_;
#if VM_TRACE
  std::unique_ptr<VerilatedFstC> wave_;
#endif
  std::string error_, beside_;
  std::uint64_t clocks_ = 0;
};

Dut* of(void* self) {
  return static_cast<Dut*>(self);
}

}  // namespace

extern "C" const DutPlugin* apical_dut_plugin() {
  static const DutPlugin plugin = {
      []() -> void* { return new Dut; },
      [](void* self) { delete of(self); },
      [](void* self, const char* name, DutVariable* variable) {
        return of(self)->find(name, *variable) ? 1 : 0;
      },
      [](void* self, const char* name) { return of(self)->beside(name); },
      [](void* self, const DutVariable* clock) { return of(self)->clock(*clock) ? 1 : 0; },
      [](void* self) { return of(self)->settle() ? 1 : 0; },
      [](void* self) { return of(self)->error(); },
      [](const void* self) { return static_cast<const Dut*>(self)->clocks(); },
      [](void* self, const char* file) { return of(self)->trace(file) ? 1 : 0; }};
  return &plugin;
}

}  // namespace apical::sim
