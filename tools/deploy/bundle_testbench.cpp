// SPDX-License-Identifier: Apache-2.0
#include "tools/deploy/bundle_testbench.hpp"

#include <fmt/format.h>

#include <map>

#include "sim/isa/core_map.hpp"

namespace apical::tools {
namespace {

// Plain Verilog: any simulator runs it. Names between @ stand for the parameters and the numbers of steps.
constexpr const char* testbench =
    R"(// Replays the scripts on the core: loads the program, then writes, waits and compares, and does
// what a host must not do. Written by
// `apical vectors export`; manifest.json says from what. A failure ends the simulation by $fatal, so that the
// simulator's exit status says so, too. +apical_dir=FOLDER: where the scripts are, if not here; +dump: writes a
// waveform, testbench.vcd.
`timescale 1ns/1ps
module testbench;
  reg clk = 0, rst_n = 0, request = 0, write = 0;
  reg [7:0] addr = 0;
  reg [31:0] wdata = 0, got = 0;
  wire ack;
  wire [31:0] rdata;
  wire idle, done, retire_valid, retire_sent;
  wire [3:0] retire_signal;
  wire [@UA@-1:0] retire_addr;
  wire [@SW@-1:0] retire_old, retire_new;
  wire [15:0] retire_random;
  wire [@LANES@-1:0] retire_weight_valid;
  wire [@LANES@*@WW@-1:0] retire_weight_old, retire_weight_new;
  reg [47:0] load [0:@LOAD@];
  reg [47:0] ticks [0:@TICKS@];
  reg [47:0] refused [0:@ERRORS@];
  reg [31:0] window_memory = 0, window_word = 0;
  reg [8*1024-1:0] folder, script;
  integer i, errors, checks, ticked, played;

  apical_core #(@PARAMETERS@) dut (
    .clk_i(clk), .rst_ni(rst_n), .request_i(request), .write_i(write), .addr_i(addr), .wdata_i(wdata),
    .ack_o(ack), .rdata_o(rdata), .idle_o(idle), .done_o(done), .retire_tick_o(), .retire_operation_o(),
    .retire_valid_o(retire_valid), .retire_signal_o(retire_signal), .retire_addr_o(retire_addr),
    .retire_old_o(retire_old), .retire_new_o(retire_new), .retire_random_o(retire_random),
    .retire_sent_o(retire_sent), .retire_weight_valid_o(retire_weight_valid), .retire_weight_projection_o(),
    .retire_weight_row_o(), .retire_weight_column_o(), .retire_weight_old_o(retire_weight_old),
    .retire_weight_new_o(retire_weight_new), .retire_weight_random_o()
  );

  always #5 clk = ~clk;

  task fail(input [8*32-1:0] what);
    begin
      $display("FAIL: %0s at %0t", what, $time);
      $fatal(1, "not as expected");
    end
  endtask

  // Nothing that others look at is ever unknown, nor any word that replaces state.
  integer lane;
  always @(negedge clk) if (rst_n) begin
    if (^{idle, done, retire_valid, retire_sent, retire_weight_valid} === 1'bx) fail("a handshake is unknown");
    if (retire_valid && ^{retire_signal, retire_addr, retire_old, retire_new, retire_random} === 1'bx)
      fail("a retired signal is unknown");
    for (lane = 0; lane < @LANES@; lane = lane + 1)
      if (retire_weight_valid[lane] &&
          ^{retire_weight_old[lane*@WW@+:@WW@], retire_weight_new[lane*@WW@+:@WW@]} === 1'bx)
        fail("a retired weight is unknown");
  end

  // Called just after a falling edge, and ends there: away from the edge that the core looks at.
  integer waited;
  task access(input is_write, input [7:0] offset, input [31:0] value);
    begin
      request = 1; write = is_write; addr = offset; wdata = value;
      waited = 0;
      #1;
      while (ack !== 1'b1) begin
        if (ack === 1'bx) fail("ack is unknown");
        if (waited == @PATIENCE@) fail("no acknowledge comes");
        waited = waited + 1;
        @(negedge clk);
        #1;
      end
      got = rdata;
      @(negedge clk);
      request = 0;
    end
  endtask

  integer reads;
  task play(input [8*12-1:0] name, input [47:0] word, input integer number);
    begin
      case (word[47:44])
        4'h0: begin
          access(1'b1, word[39:32], word[31:0]);
          if (word[39:32] == 8'h@SELECT@) window_memory = word[31:0];
          if (word[39:32] == 8'h@ADDRESS@) window_word = word[31:0];
          if (word[39:32] == 8'h@CONTROL@ && (word[31:0] & 32'h@COMMANDS@) == 32'h@TICK@) ticked = ticked + 1;
        end
        4'h1: begin
          access(1'b0, word[39:32], 32'h0);
          checks = checks + 1;
          if (got !== word[31:0]) begin
            errors = errors + 1;
            if (errors <= 10) begin
              $display("FAIL: %0s step %0d, tick %0d: register %h: expected %h, got %h, bits %h", name, number,
                       ticked - 1, word[39:32], word[31:0], got, word[31:0] ^ got);
              if (word[39:32] == 8'h@DATA@) $display("  memory %0d, word %0d", window_memory, window_word);
            end
          end
        end
        4'h2: begin
          reads = 0;
          access(1'b0, 8'h@STATUS@, 32'h0);
          while ((got & 32'h@OCCUPIED@) !== 32'h0) begin
            if (^(got & 32'h@OCCUPIED@) === 1'bx) fail("STATUS is unknown");
            if (reads == @PATIENCE@) fail("the core stays busy");
            reads = reads + 1;
            access(1'b0, 8'h@STATUS@, 32'h0);
          end
        end
        default: fail("a script has no such step");
      endcase
      if (word[47:44] < 4'h2 && word[39:32] == 8'h@DATA@) window_word = window_word + 1;
    end
  endtask

  initial begin
    if (!$value$plusargs("apical_dir=%s", folder)) folder = ".";
    $sformat(script, "%0s/load.memh", folder);
    $readmemh(script, load);
    $sformat(script, "%0s/ticks.memh", folder);
    $readmemh(script, ticks);
    $sformat(script, "%0s/errors.memh", folder);
    $readmemh(script, refused);
    if ($test$plusargs("dump")) begin
      $dumpfile("testbench.vcd");
      $dumpvars(0, testbench);
    end
    errors = 0;
    checks = 0;
    ticked = 0;
    repeat (3) @(negedge clk);
    rst_n = 1;
    @(negedge clk);
    if (load[@LOAD@][47:44] !== 4'hf || ticks[@TICKS@][47:44] !== 4'hf || refused[@ERRORS@][47:44] !== 4'hf)
      fail("a script was cut");
    for (i = 0; i < @LOAD@; i = i + 1) play("load.memh", load[i], i);
    for (i = 0; i < @TICKS@; i = i + 1) play("ticks.memh", ticks[i], i);
    played = ticked;  // without those of the last script
    for (i = 0; i < @ERRORS@; i = i + 1) play("errors.memh", refused[i], i);
    if (errors != 0) $display("FAIL: %0d of %0d comparisons", errors, checks);
    else if (checks != @CHECKS@ || played != @TICKED@)
      $display("FAIL: %0d of @CHECKS@ comparisons and %0d of @TICKED@ ticks were made", checks, played);
    else $display("PASS: %0d comparisons", checks);
    if (errors != 0 || checks != @CHECKS@ || played != @TICKED@) $fatal(1, "not as expected");
    $finish;
  end
endmodule
)";

constexpr const char* makefile =
    R"make(# make: checks the files, then replays the vectors under Verilator and Icarus Verilog; succeeds only where
# every file is there as it was written and everything is as expected.
export LC_ALL := C
SOURCES := @SOURCES@

all: check verilator iverilog

# The second line sees what is no longer in the list.
check:
	sha256sum --check --strict --quiet SHA256SUMS
	test "$$(sha256sum --check --strict SHA256SUMS | grep -c ': OK$$')" -eq @FILES@

verilator: check verilated
	./verilated >verilator.log 2>&1; status=$$?; cat verilator.log; exit $$status
	grep -qx 'PASS: @CHECKS@ comparisons' verilator.log

# In a folder of its own: Verilator's makefiles refuse names with spaces.
verilated: files.f testbench.v $(SOURCES)
	obj=$$(mktemp -d) && \
	{ verilator --binary --timing --trace -O3 -j 2 --top-module testbench -Mdir "$$obj" -Wno-fatal -Wno-lint \
	    -Wno-style -f files.f >verilator.build.log 2>&1 && cp "$$obj/Vtestbench" $@; \
	  status=$$?; rm -rf "$$obj"; exit $$status; }

iverilog: check testbench.vvp
	vvp -n testbench.vvp >iverilog.log 2>&1; status=$$?; cat iverilog.log; exit $$status
	grep -qx 'PASS: @CHECKS@ comparisons' iverilog.log

# Icarus Verilog 11.0 may run always_comb blocks for ever (its issue 508, mended later); always @* means the same here.
icarus/%.sv: %.sv
	mkdir -p icarus
	sed 's/always_comb begin/always @* begin/' $< >$@

testbench.vvp: testbench.v $(SOURCES:%=icarus/%)
	iverilog -g2012 -I. -s testbench -o $@ testbench.v $(SOURCES:%=icarus/%) >iverilog.build.log 2>&1

clean:
	rm -rf icarus verilated testbench.vvp verilator.log verilator.build.log iverilog.log iverilog.build.log testbench.vcd

.PHONY: all check verilator iverilog clean
)make";

// $clog2.
int address_bits(int words) {
  int bits = 0;
  while ((1 << bits) < words) ++bits;
  return bits;
}

std::string filled(std::string text, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    const std::string token = "@" + name + "@";
    for (std::size_t at = text.find(token); at != std::string::npos; at = text.find(token, at + value.size()))
      text.replace(at, token.size(), value);
  }
  return text;
}

constexpr const char* readme = R"(# Reference vectors of an apical core
Written by `apical vectors export`; `manifest.json` says by which version and from what. `testbench.v` loads the
program of `load.memh` into `apical_core` by its register port, then plays `ticks.memh`, @TICKED@ ticks,
and `errors.memh`, what a host must not do and what the core then answers; @CHECKS@ comparisons in all. It ends with `PASS` and status 0, or by `$fatal` with what differs.

    make                                                    # checks the files; Verilator and Icarus Verilog
    xrun -sv -f files.f                                     # Xcelium
    vcs -sverilog -full64 -f files.f && ./simv              # VCS
    vlog -sv -f files.f && vsim -c testbench -do 'run -all' # Questa

`+apical_dir=FOLDER` says where the scripts are, if not in the current folder; `+dump` writes `testbench.vcd`.
`coverage.txt` says what all of it exercises, and what it doesn't. What the files hold, bit by bit: hw/ARCHITECTURE.md of apical, "Bundles".
)";

}  // namespace

std::string readme_text(const Bundle& b) {
  return filled(readme, {{"TICKED", std::to_string(b.script.digests.size())},
                         {"CHECKS", std::to_string(comparisons(b.script))}});
}

std::string files_text(const std::vector<std::string>& sources) {
  return fmt::format("+incdir+.\n{}\ntestbench.v\n", fmt::join(sources, "\n"));
}

std::string testbench_text(const Bundle& b) {
  // Far beyond the clocks of any access and the polls of any tick; verify bounds them by the exact clocks.
  constexpr int patience = 100'000'000;
  const sim::CoreParameters& core = b.parameters;
  std::string parameters;
  for (const auto& [name, value] : named(core))
    parameters += fmt::format("{}.{}({})", parameters.empty() ? "" : ", ", name, value);
  const auto number = [](auto value) { return std::to_string(value); };
  const auto offset = [](int value) { return fmt::format("{:02x}", value); };
  const auto mask = [](std::uint32_t value) { return fmt::format("{:x}", value); };
  return filled(testbench,
                {{"PARAMETERS", parameters},
                 {"LANES", number(core.lanes)},
                 {"SW", number(core.sw)},
                 {"WW", number(core.ww)},
                 {"UA", number(address_bits(core.units))},
                 {"LOAD", number(b.script.load.size() - 1)},
                 {"TICKS", number(b.script.ticks.size() - 1)},
                 {"ERRORS", number(b.script.errors.size() - 1)},
                 {"CHECKS", number(comparisons(b.script))},
                 {"TICKED", number(b.script.digests.size())},
                 {"PATIENCE", number(patience)},
                 {"SELECT", offset(sim::reg::window_select)},
                 {"ADDRESS", offset(sim::reg::window_address)},
                 {"DATA", offset(sim::reg::window_data)},
                 {"CONTROL", offset(sim::reg::control)},
                 {"STATUS", offset(sim::reg::status)},
                 {"COMMANDS", mask(sim::reg::Control::tick_mask | sim::reg::Control::clear_mask)},
                 {"TICK", mask(sim::reg::Control::tick_mask)},
                 {"OCCUPIED", mask(sim::reg::Status::busy_mask | sim::reg::Status::clearing_mask)}});
}

std::string makefile_text(const Bundle& b, const std::vector<std::string>& sources, std::size_t files) {
  return filled(makefile, {{"SOURCES", fmt::format("{}", fmt::join(sources, " "))},
                           {"FILES", std::to_string(files)},
                           {"CHECKS", std::to_string(comparisons(b.script))}});
}

}  // namespace apical::tools
