// SPDX-License-Identifier: Apache-2.0
#include "sim/platform/tlm_core.hpp"

#include <algorithm>
#include <cstring>

#include "sim/platform/responses.hpp"

namespace apical::sim {

using sc_core::sc_time;
using tlm::tlm_generic_payload;

namespace {

constexpr unsigned word_bytes = 4;

}  // namespace

TlmCore::TlmCore(const sc_core::sc_module_name& name, const CoreParameters& parameters,
                 const sc_time& clock_period, fixedpoint::EmulatorOptions options)
    : sc_module(name), model_(parameters, options), period_(clock_period), phases_(this, &TlmCore::phase) {
  registers.register_b_transport(this, &TlmCore::transport);
  registers.register_nb_transport_fw(this, &TlmCore::forward);
  registers.register_transport_dbg(this, &TlmCore::debug);
  inputs.register_b_transport(this, &TlmCore::stream);
  SC_HAS_PROCESS(TlmCore);
  SC_METHOD(drive_interrupt);
  sensitive << changed_;
  dont_initialize();
}

// The first clock that begins then or later, and not before that of an earlier access: initiators that run
// ahead of time by different amounts don't reach the core in order.
std::uint64_t TlmCore::clock_at(const sc_time& delay) {
  const sc_time time = sc_core::sc_time_stamp() + delay;
  const std::uint64_t clock = (time.value() + period_.value() - 1) / period_.value();
  clock_ = std::max(clock_, clock);
  return clock_;
}

// From now until the clock begins.
sc_time TlmCore::until(std::uint64_t clock) const {
  const std::uint64_t then = clock * period_.value(), now = sc_core::sc_time_stamp().value();
  return sc_time::from_value(then > now ? then - now : 0);
}

// One access over AXI4-Lite whose address is offered in `clock`; returns the clock in which the next may be.
std::uint64_t TlmCore::serve(tlm_generic_payload& access, std::uint64_t clock) {
  const int offset = static_cast<int>(access.get_address());
  std::uint32_t value = 0;
  if (access.is_write()) std::memcpy(&value, access.get_data_ptr(), word_bytes);
  const CoreModel::Access done = model_.access(offset, access.is_write() ? Request::write : Request::read,
                                               value, clock + clocks::bus_request);
  if (access.is_read()) std::memcpy(access.get_data_ptr(), &done.data, word_bytes);
  if (access.is_write()) {
    if (!model_.trouble().empty() && offset == reg::control)
      SC_REPORT_WARNING("apical/core", model_.trouble().c_str());
    changed_.notify(until(done.done + 1));
  }
  clock_ = done.done + 1 + clocks::bus_answer;
  return clock_;
}

void TlmCore::transport(tlm_generic_payload& access, sc_time& delay) {
  if (refuse_register_access(access) || access.get_command() == tlm::TLM_IGNORE_COMMAND) return;
  delay = until(serve(access, clock_at(delay)));
}

void TlmCore::stream(tlm_generic_payload& access, sc_time& delay) {
  if (refuse_stream(access)) return;
  clock_ = model_.stream(access.get_data_ptr(), access.get_data_length() / word_bytes, clock_at(delay));
  changed_.notify(until(clock_));
  delay = until(clock_);
}

// Registers can be looked at without effect, and not written.
unsigned TlmCore::debug(tlm_generic_payload& access) {
  if (refuse_register_access(access) || !access.is_read()) return 0;
  const std::uint32_t value =
      model_.peek(static_cast<int>(access.get_address()), clock_at(sc_core::SC_ZERO_TIME));
  std::memcpy(access.get_data_ptr(), &value, word_bytes);
  return word_bytes;
}

// ---- Approximately timed: BEGIN_REQ, END_REQ when the bus takes the address, BEGIN_RESP when it has the
// answer, END_RESP (IEEE 1666-2011, 15.2).
tlm::tlm_sync_enum TlmCore::forward(tlm_generic_payload& access, tlm::tlm_phase& phase, sc_time& delay) {
  phases_.notify(access, phase, delay);
  return tlm::TLM_ACCEPTED;
}

void TlmCore::phase(tlm_generic_payload& access, const tlm::tlm_phase& phase) {
  sc_time none = sc_core::SC_ZERO_TIME;
  if (phase == tlm::BEGIN_REQ) {
    access.acquire();
    waiting_.push_back(&access);
    if (waiting_.size() == 1) begin();
  } else if (phase == tlm::END_REQ) {  // our own: time for the answer
    tlm::tlm_phase answer = tlm::BEGIN_RESP;
    if (registers->nb_transport_bw(access, answer, none) != tlm::TLM_COMPLETED) {
      if (answer != tlm::END_RESP) return;
    }
    this->phase(access, tlm::END_RESP);
  } else if (phase == tlm::END_RESP) {
    waiting_.pop_front();
    access.release();
    if (!waiting_.empty()) begin();
  }
}

void TlmCore::begin() {
  tlm_generic_payload& access = *waiting_.front();
  sc_time none = sc_core::SC_ZERO_TIME;
  std::uint64_t clock = clock_at(none);
  if (!refuse_register_access(access) && access.get_command() != tlm::TLM_IGNORE_COMMAND)
    clock = serve(access, clock);
  tlm::tlm_phase taken = tlm::END_REQ;
  registers->nb_transport_bw(access, taken, none);
  phases_.notify(access, tlm::END_REQ, until(clock));
}

void TlmCore::drive_interrupt() {
  const std::uint64_t now = sc_core::sc_time_stamp().value() / period_.value();
  interrupt.write(model_.interrupt(now));
  if (model_.running(now)) changed_.notify(until(model_.ends()));
}

}  // namespace apical::sim
