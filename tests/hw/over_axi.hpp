// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

namespace apical::sim {

/// A word of an AXI4-Stream.
struct StreamBeat {
  std::int32_t data = 0;
  bool last = false;
  bool operator==(const StreamBeat& b) const { return data == b.data && last == b.last; }
};

/// Gives the AXI top the plain register port that sim::CoreDriver drives, with answers taken late, and plays
/// the other sides of its streams, at random times too. `Top` is the class that Verilator made of apical.sv.
template <class Top>
class OverAxi {
 public:
  std::uint8_t clk_i = 0, rst_ni = 0, request_i = 0, write_i = 0, addr_i = 0, ack_o = 0;
  std::uint32_t wdata_i = 0, rdata_o = 0;
  std::deque<StreamBeat> inputs, targets;  ///< to be sent; `last` of inputs has no pin
  std::vector<StreamBeat> observed;        ///< what came
  bool eager = false;                      ///< offers whenever there is something, else in half of the clocks
  unsigned reader = 1;                     ///< takes an observation in one of so many clocks; 0: never

  void eval() {
    if (clk_i && !top_.clk_i) {
      rising();
    } else {
      top_.clk_i = clk_i;
      top_.rst_ni = rst_ni;
      top_.eval();
    }
  }
  void final() { top_.final(); }
  const Top& top() const { return top_; }

 private:
  void rising() {
    // What a master offers depends on what it saw before the edge.
    const bool took = (top_.awvalid_i && top_.awready_o) || (top_.arvalid_i && top_.arready_o);
    const bool answered = (top_.bvalid_o && top_.bready_i) || (top_.rvalid_o && top_.rready_i);
    if (top_.rvalid_o && top_.rready_i) rdata_o = top_.rdata_o;
    const bool input = top_.input_tvalid_i && top_.input_tready_o;
    const bool target = top_.target_tvalid_i && top_.target_tready_o;
    if (input) inputs.pop_front();
    if (target) targets.pop_front();
    if (top_.observation_tvalid_o && top_.observation_tready_i)
      observed.push_back(
          {static_cast<std::int32_t>(top_.observation_tdata_o), top_.observation_tlast_o != 0});
    top_.clk_i = 1;
    top_.eval();
    const bool was_acknowledged = ack_o;
    ack_o = answered;
    if (took) waiting_ = true;
    if (answered) waiting_ = false;
    const bool offer = request_i && !waiting_ && !ack_o && !was_acknowledged;
    top_.awvalid_i = top_.wvalid_i = offer && write_i;
    top_.arvalid_i = offer && !write_i;
    top_.awaddr_i = top_.araddr_i = addr_i;
    top_.wdata_i = wdata_i;
    top_.bready_i = random_() % 2;
    top_.rready_i = random_() % 3 == 0;
    // What was offered and not taken stays.
    const auto offers = [&] { return eager || streams_() % 2 != 0; };
    top_.input_tvalid_i = !inputs.empty() && ((top_.input_tvalid_i && !input) || offers());
    if (!inputs.empty()) top_.input_tdata_i = static_cast<std::uint32_t>(inputs.front().data);
    top_.target_tvalid_i = !targets.empty() && ((top_.target_tvalid_i && !target) || offers());
    if (!targets.empty()) {
      top_.target_tdata_i = static_cast<std::uint32_t>(targets.front().data);
      top_.target_tlast_i = targets.front().last;
    }
    top_.observation_tready_i = reader != 0 && streams_() % reader == 0;
  }
  Top top_;
  bool waiting_ = false;
  std::mt19937 random_{5}, streams_{7};
};

}  // namespace apical::sim
