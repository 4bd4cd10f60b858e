// SPDX-License-Identifier: Apache-2.0
// Whatever a host does between ticks meets the same core: any register, any memory and none, any address, any
// data, refused or not, on the Verilated core, on its model, and on the model behind the bus of the platform.
#include <fmt/format.h>

#include <iostream>
#include <map>

#include "VCoreNarrow.h"
#include "VCoreWide.h"
#include "lockstep.hpp"
#include "random_program.hpp"
#include "sim/platform/platform.hpp"
#include "sim/platform/tlm_core.hpp"

using namespace apical;

namespace {

namespace reg = sim::reg;
namespace memory = sim::memory;
namespace window = sim::window;

// One has no word of more than 32 bits and nothing that may be left out, no size of it is a power of two; the
// other has it all.
sim::CoreParameters narrow() {
  return sim::named_core(APICAL_CORES, "narrow");
}
sim::CoreParameters wide() {
  return sim::named_core(APICAL_CORES, "wide");
}

const sc_core::sc_time period(10, sc_core::SC_NS);

struct Platforms {
  sim::Platform narrow_platform{"narrow_platform", period}, wide_platform{"wide_platform", period};
  sim::TlmCore narrow_core{"narrow_core", narrow(), period}, wide_core{"wide_core", wide(), period};
  Platforms() {
    narrow_platform.attach(narrow_core);
    wide_platform.attach(wide_core);
  }
};
Platforms& platforms() {
  static Platforms both;
  return both;
}

struct HostPort : sim::RegisterPort {
  explicit HostPort(sim::Host& h) : host(h) {}
  void write(int offset, std::uint32_t value) override { host.write32(at(offset), value); }
  std::uint32_t read(int offset) override { return host.read32(at(offset)); }
  static std::uint64_t at(int offset) {
    return sim::Platform::core_address + static_cast<std::uint64_t>(offset);
  }
  sim::Host& host;
};

// Does every access on all machines, and wants the same answers and the same ERRORS.
class Together : public sim::RegisterPort {
 public:
  Together(sim::RegisterPort& core, sim::RegisterPort& model, sim::RegisterPort& platform)
      : core_(core), model_(model), platform_(platform) {}

  void write(int offset, std::uint32_t value) override {
    core_.write(offset, value);
    model_.write(offset, value);
    if (offset <= reg::observed_memory) platform_.write(offset, value);
    expect_equal(reg::errors, "ERRORS");
  }
  std::uint32_t read(int offset) override {
    const std::uint32_t value = expect_equal(offset, "read");
    // Behind its bus a tick or a clear may end some accesses later.
    if (offset == reg::status && value == 0)
      while (platform_.read(reg::status) != 0) {
      }
    if (offset != reg::errors) expect_equal(reg::errors, "ERRORS");
    return value;
  }
  /// What no document says: any word, of which only that it can be read counts.
  void read_any(int offset) {
    for (auto* port : {&core_, &model_, &platform_}) (void)port->read(offset);
  }
  std::uint64_t accesses = 0;

 private:
  std::uint32_t expect_equal(int offset, const char* what) {
    ++accesses;
    const std::uint32_t expected = core_.read(offset);
    const bool timed = offset == reg::status || offset == reg::cycles || offset == reg::stalls;
    const auto where = [&] {
      return fmt::format("{} {:#04x}, memory {}, word {}", what, offset, core_.read(reg::window_select),
                         core_.read(reg::window_address));
    };
    EXPECT_EQ(model_.read(offset), expected) << where() << " of the model";
    if (offset <= reg::observed_memory && !timed) {
      EXPECT_EQ(platform_.read(offset), expected) << where() << " of the platform";
    }
    return expected;
  }
  sim::RegisterPort &core_, &model_, &platform_;
};

// A host who knows what it has spoilt, and mends it before a tick.
class RandomHost {
 public:
  RandomHost(Together& port, const sim::CoreParameters& core, std::uint64_t seed)
      : port_(port), core_(core), random_(seed) {}

  void begin(const std::shared_ptr<const fixedpoint::Program>& program) {
    program_ = program;
    host_.emplace(port_, program, core_);
    port_.write(reg::tick, 0);
    host_->load();
    settings_ = {{reg::tick, 0}, {reg::beta, 1 << 13}};
    port_.write(reg::beta, 1 << 13);
    ticked_ = false;
  }

  void act() {
    switch (below(12)) {
      case 0:
        return some_register();
      case 1:
        return some_input();
      case 2:  // as a host looks at something again and again
        port_.read(reg::window_address);
        return;
      case 3:
        settle();
        port_.read(
            any_of({reg::events, reg::macs, reg::lane_cycles, reg::tick, reg::interrupt, reg::parameters}));
        return;
      case 4:
        move_window();
        return;
      default:
        return window_access();
    }
  }

  void mend() {
    for (auto at = spoilt_.rbegin(); at != spoilt_.rend(); ++at) {
      port_.write(reg::window_select, at->select);
      port_.write(reg::window_address, at->address);
      port_.write(reg::window_high, at->high);
      port_.write(reg::window_data, at->low);
    }
    spoilt_.clear();
    for (const auto& [offset, value] : host_->image().registers) port_.write(offset, value);
    // Bits beyond those of the memory don't count; behind the last tick comes the first one.
    for (const auto& [offset, value] : host_->image().registers)
      if (offset == reg::tick_operation) port_.write(offset, value | word() << 6);
    if (below(8) == 0) settings_[reg::tick] = ~below(2);
    for (const auto& [offset, value] : settings_) port_.write(offset, value);
    port_.write(reg::errors, ~0u);
    select_ = ~0u;
  }

  // With accesses while it runs: refused, and reported.
  void tick() {
    port_.write(reg::input_unit, 0);
    for (int unit = 0; unit < program_->populations.front().units; ++unit)
      if (below(2) == 0)
        port_.write(reg::input, value_of(program_->populations.front()[fixedpoint::Signal::rate]));
    settle();
    port_.write(reg::window_select, memory::rate);
    port_.write(reg::window_address, 0);
    port_.write(reg::control, reg::Control::tick_mask);
    if (below(2) == 0) {
      port_.write(reg::window_data, word());
      port_.write(reg::input, word());
    }
    settle();
    ++settings_[reg::tick];
    EXPECT_EQ(port_.read(reg::tick), settings_[reg::tick]);
    ticked_ = true;
  }

  void compare_state() {
    for (std::uint32_t m = 0; m < memory::scratch; ++m) {
      port_.write(reg::window_select, m);
      port_.write(reg::window_address, 0);
      for (int unit = 0; unit < core_.units; ++unit) port_.read(reg::window_data);
    }
    port_.write(reg::window_select, window::weights);
    port_.write(reg::window_address, 0);
    for (int i = 0; i < core_.lanes * core_.depth; ++i) port_.read(reg::window_data);
    select_ = ~0u;
  }

 private:
  struct Word {
    std::uint32_t select, address, high, low;
  };

  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  int any_of(std::initializer_list<int> all) {
    return all.begin()[below(static_cast<std::uint32_t>(all.size()))];
  }
  std::uint32_t word() {
    const auto any = static_cast<std::uint32_t>(random_());
    return below(3) == 0 ? any : below(2) == 0 ? any >> below(32) : ~(any >> below(32));
  }
  std::uint32_t value_of(const fixedpoint::Format& f) {
    const auto span = static_cast<std::uint64_t>(f.maximum_raw() - f.minimum_raw()) + 1;
    return static_cast<std::uint32_t>(f.minimum_raw() + static_cast<std::int64_t>(random_() % span));
  }
  void settle() {
    while (port_.read(reg::status) != 0) {
    }
  }

  void some_register() {
    int offset = 4 * static_cast<int>(below(64));
    if (offset == reg::window_data || offset == reg::input || offset == reg::control) offset = reg::interrupt;
    // A counter of clocks is another one behind a bus; what is on its way counts when it arrives.
    if (offset == reg::events || offset == reg::status) settle();
    if (below(3) == 0) {
      port_.read(offset);
      return;
    }
    if (below(6) == 0) {  // no tick, no clear, and bits that mean nothing
      settle();
      offset = reg::control;
      port_.write(offset, word() & ~3u);
      return;
    }
    const std::uint32_t value = word();
    port_.write(offset, value);
    if (offset == reg::window_select) select_ = value & reg::WindowSelect::memory_mask;
    if (offset == reg::window_address) select_ = ~0u;
  }

  // Behind descriptors that the assembler wrote.
  void some_input() {
    if (!spoilt_.empty()) mend();
    if (below(2) == 0) port_.write(reg::input_unit, below(4) == 0 ? word() : below(24));
    port_.write(reg::input, word());
  }

  std::uint32_t size_of(std::uint32_t select) const {
    if (select < memory::count) return static_cast<std::uint32_t>(core_.units);
    switch (select) {
      case window::operations:
        return static_cast<std::uint32_t>(core_.ops);
      case window::descriptors:
        return sim::projection_address(core_.pops, core_.projs);
      case window::decay:
        return static_cast<std::uint32_t>(core_.decay);
      case window::table_base:
      case window::table_delta:
        return static_cast<std::uint32_t>(core_.table);
      case window::weights:
        return static_cast<std::uint32_t>(core_.lanes * core_.depth);
      default:
        return 0;
    }
  }

  void move_window() {
    select_ = below(4) == 0 ? below(64) : below(3) == 0 ? 32 + below(6) : below(17);
    port_.write(reg::window_select, below(2) == 0 ? select_ : select_ | word() << 6);
    const std::uint32_t size = size_of(select_);
    address_ = below(6) == 0 ? word() : below(4) == 0 ? size - 2 + below(4) : below(size + 1);
    port_.write(reg::window_address, address_);
  }

  void window_access() {
    if (select_ == ~0u || below(3) == 0) move_window();
    const bool there = address_ < size_of(select_);
    // Not architectural: only the lanes' scan reads steps, and passes of a tick write scratch.
    if (select_ == memory::step || (ticked_ && select_ == memory::scratch && core_.advanced != 0)) {
      port_.read_any(reg::window_data);
      port_.write(reg::window_high, 0);
    } else if (below(3) == 0) {
      port_.read(reg::window_data);
    } else if (!there) {
      port_.write(reg::window_data, word());
      return;
    } else {
      Word old{select_, address_, 0, port_.read(reg::window_data)};
      old.high = port_.read(reg::window_high);
      spoilt_.push_back(old);
      port_.write(reg::window_address, address_);
      if (below(2) == 0) port_.write(reg::window_high, word());
      port_.write(reg::window_data, word());
      if (below(2) == 0) {
        port_.write(reg::window_address, address_);
        port_.read(reg::window_data);
        port_.read(reg::window_high);
      }
    }
    if (there) ++address_;
  }

  Together& port_;
  sim::CoreParameters core_;
  std::mt19937_64 random_;
  std::shared_ptr<const fixedpoint::Program> program_;
  std::optional<sim::CoreHost> host_;
  std::map<int, std::uint32_t> settings_;
  std::vector<Word> spoilt_;
  std::uint32_t select_ = ~0u, address_ = 0;  ///< where the window stands; ~0: unknown
  bool ticked_ = false;
};

template <class Model>
void random_accesses(const sim::CoreParameters& parameters, sim::Platform& platform, std::uint64_t seed) {
  constexpr int programs = 12, phases = 8, acts = 150;
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  const auto first = test::random_small_program(random, parameters);
  sim::CoreDriver<Model> core(first, parameters);
  sim::CoreModel model(parameters);
  sim::ModelPort model_port(model);
  HostPort platform_port(platform.host);
  for (sim::RegisterPort* port :
       {static_cast<sim::RegisterPort*>(&model_port), static_cast<sim::RegisterPort*>(&platform_port)})
    sim::CoreHost(*port, first, parameters).load();
  Together together(core, model_port, platform_port);
  RandomHost host(together, parameters, seed);
  for (int p = 0; p < programs && !testing::Test::HasFailure(); ++p) {
    host.begin(test::random_small_program(random, parameters));
    for (int phase = 0; phase < phases && !testing::Test::HasFailure(); ++phase) {
      for (int i = 0; i < acts && !testing::Test::HasFailure(); ++i) host.act();
      host.mend();
      host.tick();
      EXPECT_EQ(model.trouble(), "");
    }
    host.compare_state();
    if (testing::Test::HasFailure()) std::cout << "program " << p << "\n";
  }
  std::cout << together.accesses << " answers compared\n";
}

}  // namespace

TEST(HwHost, AnyAccessToACoreWithoutOptionsIsTheSameOnAllMachines) {
  sim::Platform& platform = platforms().narrow_platform;
  platform.host.run([&] { random_accesses<VCoreNarrow>(narrow(), platform, 6000); });
}
TEST(HwHost, AnyAccessToACoreWithAllOptionsIsTheSameOnAllMachines) {
  sim::Platform& platform = platforms().wide_platform;
  platform.host.run([&] { random_accesses<VCoreWide>(wide(), platform, 7000); });
}
