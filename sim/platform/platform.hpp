// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "sim/driver/apical_driver.h"
#include "sim/platform/bus.hpp"
#include "sim/platform/host.hpp"

namespace apical::sim {

/// A host with its bus, memory, and a DMA that streams inputs; a core of either kind is bound to it.
///   0x00000000  memory
///   0x40000000  the core's registers
///   0x40010000  the DMA's
class Platform : public sc_core::sc_module {
 public:
  static constexpr std::uint64_t core_address = 0x40000000, dma_address = 0x40010000;

  Host host{"host"};
  Memory memory;
  Dma dma{"dma"};

  Platform(const sc_core::sc_module_name&, const sc_core::sc_time& clock_period,
           std::size_t memory_bytes = 1 << 20);

  /// `core` has the sockets `registers` and `inputs` and the port `interrupt`, as TlmCore and AxiBridge.
  template <class Core>
  void attach(Core& core) {
    to_core_.bind(core.registers);
    dma.stream.bind(core.inputs);
    core.interrupt(interrupt_);
  }

  void trace(sc_core::sc_trace_file*) const override;  ///< the interrupt lines
  /// The driver's way to the core: registers, interrupt, and inputs by DMA from memory.
  const apical_bus& access_layer() const { return access_; }

 private:
  Bus bus_{"bus"};
  tlm_utils::simple_initiator_socket<Bus>& to_core_;
  sc_core::sc_signal<bool> interrupt_{"interrupt"}, dma_done_{"dma_done"};
  apical_bus access_{};
};

}  // namespace apical::sim
