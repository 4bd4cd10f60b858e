// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <memory>
#include <systemc>
#include <tlm>
#include <vector>

namespace apical::sim {

/// Routes transactions by address; what no target has is answered with TLM_ADDRESS_ERROR_RESPONSE. Takes no
/// time.
class Bus : public sc_core::sc_module {
 public:
  tlm_utils::multi_passthrough_target_socket<Bus> from{"from"};  ///< any number of initiators

  explicit Bus(const sc_core::sc_module_name&);
  /// Another target for addresses first .. first + bytes - 1, which it sees from 0 on. To be bound.
  tlm_utils::simple_initiator_socket<Bus>& target(const char* name, std::uint64_t first, std::uint64_t bytes);

 private:
  struct Target {
    std::unique_ptr<tlm_utils::simple_initiator_socket<Bus>> socket;
    std::uint64_t first, bytes;
  };
  void transport(int from, tlm::tlm_generic_payload&, sc_core::sc_time& delay);
  unsigned debug(int from, tlm::tlm_generic_payload&);
  Target* find(std::uint64_t address);

  std::vector<Target> targets_;
};

/// Bytes; a word of 32 bits per clock, bursts too.
class Memory : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<Memory> port{"port"};

  Memory(const sc_core::sc_module_name&, std::size_t bytes, const sc_core::sc_time& clock_period);

  unsigned char* data() { return bytes_.data(); }

 private:
  void transport(tlm::tlm_generic_payload&, sc_core::sc_time& delay);

  std::vector<unsigned char> bytes_;
  sc_core::sc_time period_;
};

/// Moves words from memory to a stream. Registers: 0 SOURCE, address of the first byte; 4 COUNT, words; 8
/// START, any write; 12 DONE, 1 after the last word has been taken, which raises the line; writing clears it.
class Dma : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<Dma> registers{"registers"};
  tlm_utils::simple_initiator_socket<Dma> memory{"memory"};
  tlm_utils::simple_initiator_socket<Dma> stream{"stream"};
  sc_core::sc_out<bool> done{"done"};

  static constexpr std::uint64_t source_register = 0, count_register = 4, start_register = 8,
                                 done_register = 12;

  explicit Dma(const sc_core::sc_module_name&);

 private:
  void transport(tlm::tlm_generic_payload&, sc_core::sc_time& delay);
  void move();
  void drive();

  std::uint32_t source_ = 0, count_ = 0;
  bool done_ = false;
  std::vector<unsigned char> words_;
  tlm::tlm_generic_payload payload_;
  sc_core::sc_event start_, changed_;
};

}  // namespace apical::sim
