// The top with its buses: a program loaded and run over AXI4-Lite, answers taken late, in lockstep with the
// emulator.
#include "VApical.h"
#include "fixedpoint/compiler.hpp"
#include "lockstep.hpp"
#include "tests/fixedpoint/random_network.hpp"

using namespace apical;
using namespace apical::fixedpoint;

namespace {

// Gives the AXI top the plain register port that sim::CoreDriver drives.
class OverAxi {
 public:
  std::uint8_t clk_i = 0, rst_ni = 0, request_i = 0, write_i = 0, addr_i = 0, ack_o = 0;
  std::uint32_t wdata_i = 0, rdata_o = 0;

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

 private:
  void rising() {
    // What a master offers depends on what it saw before the edge.
    const bool took = (top_.awvalid_i && top_.awready_o) || (top_.arvalid_i && top_.arready_o);
    const bool answered = (top_.bvalid_o && top_.bready_i) || (top_.rvalid_o && top_.rready_i);
    if (top_.rvalid_o && top_.rready_i) rdata_o = top_.rdata_o;
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
  }
  VApical top_;
  bool waiting_ = false;
  std::mt19937 random_{5};
};

}  // namespace

TEST(HwBus, LockstepOverAxi) {
  NetworkDescription net = test::plain_network({5, 4, 3}, 3);
  net.table_index_bits = 5;
  const auto program = std::make_shared<const Program>(compile(net));
  sim::CoreParameters c;
  c.lanes = 2;
  c.sw = c.ww = 16;
  c.aw = 48;
  c.dw = 32;
  c.ew = 62;
  c.lw = 48;
  c.units = 64;
  c.depth = 256;
  c.pops = 4;
  c.projs = 3;
  c.ops = 64;
  c.table = 2048;
  c.base = c.delta = 40;
  c.decay = 256;
  c.advanced = c.mismatch = c.random = c.left = 1;
  c.levels = 7;
  c.align = 6;
  sim::run_lockstep<OverAxi>(program, c, 12, 2, {false});
}
