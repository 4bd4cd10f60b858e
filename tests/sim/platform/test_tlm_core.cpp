// SPDX-License-Identifier: Apache-2.0
// The TLM core as a target (IEEE 1666-2011): error responses, temporal decoupling, the four phases, the
// interrupt.
#include <gtest/gtest.h>
#include <tlm_utils/peq_with_get.h>

#include <array>
#include <cstring>

#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/program/compiler.hpp"
#include "fixedpoint/program/random_network.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/platform/platform_integers.hpp"

namespace apical::sim {
namespace {

const sc_core::sc_time period(10, sc_core::SC_NS);

std::shared_ptr<const fixedpoint::Program> small() {
  static const auto program = std::make_shared<const fixedpoint::Program>(
      fixedpoint::compile(fixedpoint::plain_network({7, 6, 3}, 3)));
  return program;
}

// An initiator of the approximately timed style: one access at a time, all four phases.
class PhasedHost : public sc_core::sc_module, public tlm::tlm_mm_interface {
 public:
  tlm_utils::simple_initiator_socket<PhasedHost> bus{"bus"};
  std::vector<tlm::tlm_phase_enum> phases;
  int freed = 0;

  explicit PhasedHost(const sc_core::sc_module_name& name) : sc_module(name) {
    bus.register_nb_transport_bw(this, &PhasedHost::backward);
    SC_HAS_PROCESS(PhasedHost);
    SC_THREAD(work);
  }
  void run(const std::function<void()>& job) {
    job_ = &job;
    start_.notify(sc_core::SC_ZERO_TIME);
    sc_core::sc_start();
    ASSERT_EQ(job_, nullptr);
  }
  std::uint32_t access(tlm::tlm_command command, std::uint64_t address, std::uint32_t value,
                       tlm::tlm_response_status expected = tlm::TLM_OK_RESPONSE) {
    tlm::tlm_generic_payload payload(this);
    payload.acquire();
    payload.set_command(command);
    payload.set_address(address);
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    payload.set_data_length(4);
    payload.set_streaming_width(4);
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    EXPECT_EQ(bus->nb_transport_fw(payload, phase, delay), tlm::TLM_ACCEPTED);
    wait(answered_);
    EXPECT_EQ(payload.get_response_status(), expected);
    phase = tlm::END_RESP;
    bus->nb_transport_fw(payload, phase, delay);
    wait(2 * period);  // the target lets go of the payload
    EXPECT_EQ(payload.get_ref_count(), 1);
    payload.release();
    return value;
  }

 private:
  void free(tlm::tlm_generic_payload*) override { ++freed; }
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload&, tlm::tlm_phase& phase, sc_core::sc_time&) {
    phases.push_back(phase == tlm::END_REQ ? tlm::END_REQ : tlm::BEGIN_RESP);
    if (phase == tlm::BEGIN_RESP) answered_.notify(sc_core::SC_ZERO_TIME);
    return tlm::TLM_ACCEPTED;
  }
  void work() {
    for (;;) {
      while (job_ == nullptr) wait(start_);
      (*job_)();
      job_ = nullptr;
      sc_core::sc_pause();
    }
  }
  const std::function<void()>* job_ = nullptr;
  sc_core::sc_event start_, answered_;
};

struct Unused : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<Unused> socket{"socket"};
  explicit Unused(const sc_core::sc_module_name& name) : sc_module(name) {}
};

struct Design {
  TlmIntegers machine{"tlm", small(), required_parameters(*small(), 2)};
  Platform platform{"platform", period};
  TlmCore core{"core", required_parameters(*small(), 2), period};
  PhasedHost phased{"phased"};
  TlmCore phased_core{"phased_core", required_parameters(*small(), 2), period};
  Unused no_stream{"no_stream"};
  sc_core::sc_signal<bool> phased_interrupt{"phased_interrupt"};
  Design() {
    platform.attach(core);
    phased.bus.bind(phased_core.registers);
    no_stream.socket.bind(phased_core.inputs);
    phased_core.interrupt(phased_interrupt);
  }
};

Design& design() {
  static Design everything;
  return everything;
}

tlm::tlm_response_status respond(std::uint64_t address, unsigned length, unsigned width, bool enables,
                                 tlm::tlm_command command = tlm::TLM_READ_COMMAND) {
  std::array<unsigned char, 16> data{}, enabled{};
  enabled.fill(0xff);
  tlm::tlm_generic_payload payload;
  payload.set_command(command);
  payload.set_address(address);
  payload.set_data_ptr(data.data());
  payload.set_data_length(length);
  payload.set_streaming_width(width);
  if (enables) {
    payload.set_byte_enable_ptr(enabled.data());
    payload.set_byte_enable_length(length);
  }
  payload.set_dmi_allowed(true);
  Host& host = design().platform.host;
  host.run([&] { host.transport(payload); });
  EXPECT_FALSE(payload.is_dmi_allowed());
  return payload.get_response_status();
}

constexpr std::uint64_t at = Platform::core_address;

TEST(TlmCore, AnswersBadAccessesWithTheirErrorsAndDoesNothing) {
  EXPECT_EQ(respond(at + reg::id, 4, 4, false), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(respond(at + reg::interrupt, 4, 4, false), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(respond(at + reg::id, 4, 4, false, tlm::TLM_IGNORE_COMMAND), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(respond(at + reg::observed_memory + 4, 4, 4, false), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(respond(at + reg::id + 2, 4, 4, false), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(respond(at + 0x1000, 4, 4, false), tlm::TLM_ADDRESS_ERROR_RESPONSE);  // of the bus
  EXPECT_EQ(respond(at + reg::id, 4, 4, true), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  EXPECT_EQ(respond(at + reg::id, 8, 8, false), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(respond(at + reg::id, 8, 4, false), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(respond(at + reg::id, 2, 2, false), tlm::TLM_BURST_ERROR_RESPONSE);
  // A tick that is refused doesn't run.
  EXPECT_EQ(respond(at + reg::control, 4, 4, true, tlm::TLM_WRITE_COMMAND),
            tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  Host& host = design().platform.host;
  host.run([&] {
    EXPECT_EQ(host.read32(at + reg::status), 0u);
    EXPECT_EQ(host.read32(at + reg::tick), 0u);
    EXPECT_THROW(host.read32(at + 0x1000), std::runtime_error);
    EXPECT_THROW(host.write32(Platform::dma_address + 0x20, 0), std::runtime_error);
  });
}

TEST(TlmCore, APlatformTicksLikeTheEmulator) {
  TlmIntegers& machine = design().machine;
  fixedpoint::Emulator emulator(small());
  const std::vector<double> input{0.1, 0.9, 0.3, 0.0, 0.5, 0.7, 1.0}, target{1.0, 0.0, 0.0};
  machine.write_input(to_raw(input.data(), 7, small()->populations[0][fixedpoint::Signal::rate]));
  machine.write_target(to_raw(target.data(), 3, small()->populations[2][fixedpoint::Signal::target]));
  machine.set_beta(beta_register(machine.program(), 0.5));
  emulator.write_input(input.data());
  emulator.write_target(target.data());
  emulator.set_beta(0.5);
  for (int t = 0; t < 30; ++t) {
    machine.tick();
    emulator.tick();
    ASSERT_EQ(state_digest(machine), emulator.digest()) << "tick " << t;
  }
}

// The line rises when the tick's clocks have passed, not before, and falls when it is taken note of.
TEST(TlmCore, TheInterruptRisesWhenTheTicksClocksHavePassed) {
  Design& d = design();
  Host& host = d.platform.host;
  host.run([&] {
    host.write32(at + reg::interrupt, reg::Interrupt::enable_done_mask);
    host.write32(at + reg::control, reg::Control::tick_mask);  // no program: an empty tick of 9 clocks
    const sc_core::sc_time start = host.now();
    EXPECT_EQ(host.read32(at + reg::status), reg::Status::busy_mask);
    EXPECT_FALSE(host.interrupt.read());
    host.wait_for(host.interrupt);
    EXPECT_EQ(host.now() - start, 9 * period - period);  // the answer to CONTROL took a clock of the nine
    EXPECT_EQ(host.read32(at + reg::tick), 1u);
    EXPECT_EQ(host.read32(at + reg::cycles), 9u);
    host.write32(at + reg::interrupt, reg::Interrupt::enable_done_mask | reg::Interrupt::done_mask);
    EXPECT_EQ(host.read32(at + reg::interrupt), reg::Interrupt::enable_done_mask);
    // An error that is enabled keeps it up.
    host.write32(at + reg::window_select, 0);
    host.write32(at + reg::window_address, 0xffff);
    host.write32(at + reg::window_data, 1);
    host.write32(at + reg::interrupt, reg::Interrupt::enable_error_mask);
    host.wait_for(host.interrupt);
    EXPECT_EQ(host.read32(at + reg::errors), reg::Errors::access_mask);
    host.write32(at + reg::errors, reg::Errors::access_mask);
    EXPECT_EQ(host.read32(at + reg::errors), 0u);
  });
}

TEST(TlmCore, ServesTheFourPhasesOneAccessAtATime) {
  PhasedHost& host = design().phased;
  host.run([&] {
    EXPECT_EQ(host.access(tlm::TLM_READ_COMMAND, reg::id, 0), reg::Id{}.encode());
    host.access(tlm::TLM_WRITE_COMMAND, reg::seed, 77);
    EXPECT_EQ(host.access(tlm::TLM_READ_COMMAND, reg::seed, 0), 77u);
    host.access(tlm::TLM_READ_COMMAND, 0x80, 0, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    host.access(tlm::TLM_WRITE_COMMAND, reg::control, reg::Control::tick_mask);
    int polls = 0;
    while (reg::Status::decode(host.access(tlm::TLM_READ_COMMAND, reg::status, 0)).busy) ++polls;
    EXPECT_GT(polls, 0);
    EXPECT_EQ(host.access(tlm::TLM_READ_COMMAND, reg::cycles, 0), 9u);
  });
  ASSERT_GE(host.phases.size(), 4u);
  for (std::size_t i = 0; i < host.phases.size(); ++i)
    EXPECT_EQ(host.phases[i], i % 2 == 0 ? tlm::END_REQ : tlm::BEGIN_RESP);
  EXPECT_EQ(host.freed, static_cast<int>(host.phases.size() / 2));
}

}  // namespace
}  // namespace apical::sim
