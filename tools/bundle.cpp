#include "tools/bundle.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <map>
#include <nlohmann/json.hpp>

#include "sim/core_map.hpp"
#include "sim/external_tools.hpp"
#include "tools/corner_stimulus.hpp"

namespace apical::tools {
namespace {

// Plain Verilog: any simulator runs it. %s stand for the parameters and the numbers of steps.
constexpr const char* testbench =
    R"(// Replays the scripts on the core: loads the program, then writes, waits and compares. Written by
// `apical vectors export`; manifest.json says from what.
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
  reg [47:0] step;
  integer i, errors, checks;

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

  // Nothing that others look at is ever unknown, nor any word that replaces state.
  integer lane;
  task unknown(input [8*16-1:0] what);
    begin $display("FAIL: %0s is unknown at %0t", what, $time); $finish; end
  endtask
  always @(negedge clk) if (rst_n) begin
    if (^{idle, done, retire_valid, retire_sent, retire_weight_valid} === 1'bx) unknown("a handshake");
    if (retire_valid && ^{retire_signal, retire_addr, retire_old, retire_new, retire_random} === 1'bx) unknown("a signal");
    for (lane = 0; lane < @LANES@; lane = lane + 1)
      if (retire_weight_valid[lane] &&
          ^{retire_weight_old[lane*@WW@+:@WW@], retire_weight_new[lane*@WW@+:@WW@]} === 1'bx) unknown("a weight");
  end

  // Called just after a falling edge, and ends there: away from the edge that the core looks at.
  task access(input is_write, input [7:0] offset, input [31:0] value);
    begin
      request = 1; write = is_write; addr = offset; wdata = value;
      #1;
      while (ack !== 1'b1) begin
        if (ack === 1'bx) begin $display("FAIL: ack is unknown"); $finish; end
        @(negedge clk);
        #1;
      end
      got = rdata;
      @(negedge clk);
      request = 0;
    end
  endtask

  task play(input [47:0] word, input integer number);
    begin
      case (word[47:44])
        4'h0: access(1'b1, word[39:32], word[31:0]);
        4'h1: begin
          access(1'b0, word[39:32], 32'h0);
          checks = checks + 1;
          if (got !== word[31:0]) begin
            errors = errors + 1;
            if (errors <= 10) $display("FAIL: step %0d: register %h: expected %h, got %h", number, word[39:32], word[31:0], got);
          end
        end
        4'h2: begin
          access(1'b0, 8'h@STATUS@, 32'h0);
          while (got[1:0] !== 2'b00) begin
            if (^got[1:0] === 1'bx) begin $display("FAIL: status is unknown"); $finish; end
            access(1'b0, 8'h@STATUS@, 32'h0);
          end
        end
        default: ;
      endcase
    end
  endtask

  initial begin
    $readmemh("load.memh", load);
    $readmemh("ticks.memh", ticks);
    errors = 0;
    checks = 0;
    repeat (3) @(negedge clk);
    rst_n = 1;
    @(negedge clk);
    for (i = 0; i <= @LOAD@; i = i + 1) play(load[i], i);
    for (i = 0; i <= @TICKS@; i = i + 1) play(ticks[i], i);
    if (errors == 0 && checks > 0) $display("PASS: %0d comparisons", checks);
    else $display("FAIL: %0d of %0d comparisons", errors, checks);
    $finish;
  end
endmodule
)";

constexpr const char* makefile =
    R"(# make: replays the vectors under Verilator and Icarus Verilog; succeeds only where everything is as expected.
SOURCES := $(wildcard apical_*.sv)

all: verilator iverilog

verilator: obj/Vtestbench
	obj/Vtestbench | tee verilator.log
	grep -q '^PASS' verilator.log

obj/Vtestbench: testbench.v $(SOURCES)
	verilator --binary --timing -O3 -j 2 -I. --top-module testbench -Mdir obj -Wno-fatal -Wno-lint -Wno-style $^ >verilator.build.log 2>&1

iverilog: testbench.vvp
	vvp -n testbench.vvp | tee iverilog.log
	grep -q '^PASS' iverilog.log

# Icarus Verilog 11.0 may run always_comb blocks for ever (its issue 508, mended later); always @* means the same here.
icarus/%.sv: %.sv
	mkdir -p icarus
	sed 's/always_comb begin/always @* begin/' $< >$@

testbench.vvp: testbench.v $(SOURCES:%=icarus/%)
	iverilog -g2012 -I. -s testbench -o $@ $^ >iverilog.build.log 2>&1

check:
	sha256sum --check --quiet SHA256SUMS

.PHONY: all verilator iverilog check
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

std::string script_text(const std::vector<sim::BusStep>& steps) {
  std::string text =
      "// kind (0 write, 1 read and compare, 2 wait until STATUS is 0, f end), 0, register offset, value\n";
  for (const sim::BusStep& step : steps) text += sim::memory_word(step) + "\n";
  return text;
}

// One matrix, row by row, one weight a line, as wide as its format.
std::string weights_text(const fixedpoint::Projection& p) {
  std::string text = fmt::format("// {} rows of {} columns, row by row; {} bits, frac {}\n", p.rows,
                                 p.columns, p.weight.bits, p.weight.frac);
  const std::uint64_t mask = (std::uint64_t{1} << p.weight.bits) - 1;
  for (const std::int64_t raw : p.image)
    text += fmt::format("{:0{}x}\n", static_cast<std::uint64_t>(raw) & mask, (p.weight.bits + 3) / 4);
  return text;
}

// $clog2.
int address_bits(int words) {
  int bits = 0;
  while ((1 << bits) < words) ++bits;
  return bits;
}

nlohmann::ordered_json in_json(const fixedpoint::Format& f) {
  return {{"bits", f.bits},
          {"frac", f.frac},
          {"signed", f.is_signed},
          {"rounding", fixedpoint::name_of(f.rounding)},
          {"overflow", fixedpoint::name_of(f.overflow)}};
}

}  // namespace

std::string sha256(const std::string& text) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), hash, &size, EVP_sha256(), nullptr);
  std::string hexadecimal;
  for (unsigned int i = 0; i < size; ++i) hexadecimal += fmt::format("{:02x}", hash[i]);
  return hexadecimal;
}

void write_bundle(const Bundle& b, const sim::CoreSources& sources, OutputFolder& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(sources.rtl))
    files[entry.path().filename().string()] = sim::content_of(entry.path());
  std::string parameters;
  nlohmann::ordered_json parameter_json;
  for (const std::string& argument : b.parameters.arguments()) {
    const std::size_t equals = argument.find('=');  // "-GLANES=4"
    const std::string name = argument.substr(2, equals - 2), value = argument.substr(equals + 1);
    parameters += fmt::format("{}.{}({})", parameters.empty() ? "" : ", ", name, value);
    parameter_json[name] = std::stoi(value);
  }
  std::string bench = replaced(testbench, "@PARAMETERS@", parameters);
  const sim::CoreParameters& core = b.parameters;
  for (const auto& [token, value] : std::map<std::string, int>{
           {"@LANES@", core.lanes}, {"@SW@", core.sw}, {"@WW@", core.ww}, {"@UA@", address_bits(core.units)}})
    bench = replaced(bench, token, std::to_string(value));
  bench = replaced(bench, "@LOAD@", std::to_string(b.script.load.size() - 1));
  bench = replaced(bench, "@TICKS@", std::to_string(b.script.ticks.size() - 1));
  bench = replaced(bench, "@STATUS@", fmt::format("{:02x}", sim::reg::status));
  files["testbench.v"] = bench;
  files["Makefile"] = makefile;
  files["load.memh"] = script_text(b.script.load);
  files["ticks.memh"] = script_text(b.script.ticks);
  files["configuration.toml"] = b.config.text;
  files["effective.txt"] = canonical(b.config);
  for (const fixedpoint::Projection& p : b.program->projections)
    if (p.shares < 0) files[fmt::format("weights_{}.memh", p.name)] = weights_text(p);

  nlohmann::ordered_json manifest;
  manifest["apical"] = b.version;
  manifest["profile"] = b.profile;
  manifest["config_digest"] = digest(b.config);
  manifest["seed"] = b.config.seed;
  manifest["ticks"] = b.script.digests.size();
  manifest["parameters"] = parameter_json;
  for (std::size_t k = 0; k < b.program->populations.size(); ++k) {
    const fixedpoint::Population& p = b.program->populations[k];
    nlohmann::ordered_json one = {{"name", p.name}, {"units", p.units}};
    for (std::size_t s = 0; s < fixedpoint::neuron_signals; ++s)
      if (k > 0 || s == static_cast<std::size_t>(fixedpoint::Signal::rate))
        one["formats"][fixedpoint::name_of(static_cast<fixedpoint::Signal>(s))] = in_json(p.formats[s]);
    manifest["populations"].push_back(one);
  }
  for (const fixedpoint::Projection& p : b.program->projections)
    manifest["projections"].push_back({{"name", p.name},
                                       {"rows", p.rows},
                                       {"columns", p.columns},
                                       {"weight", in_json(p.weight)},
                                       {"step", in_json(p.step)}});
  for (const auto& [quantiser, counts] : b.script.coverage.counts())
    for (std::size_t c = 0; c < fixedpoint::corner_count; ++c)
      manifest["coverage"][fmt::format("layer{}", quantiser.second)][fixedpoint::name_of(quantiser.first)]
              [name_of(static_cast<fixedpoint::Corner>(c))] = counts[c];
  for (const auto& [quantiser, why] : b.unreachable)
    for (std::size_t c = 0; c < why.size(); ++c)
      if (!why[c].empty())
        manifest["out_of_reach"][fmt::format("layer{}", quantiser.second)]
                [fixedpoint::name_of(quantiser.first)][name_of(static_cast<fixedpoint::Corner>(c))] = why[c];
  if (!b.unreachable.empty()) manifest["missing"] = missing_corners(b.script.coverage, b.unreachable);
  manifest["first_step_of_tick"] = b.script.first_step;
  manifest["state_digest_after_tick"] = b.script.digests;
  std::string sums;
  for (const auto& [name, text] : files) {
    const std::string sum = sha256(text);
    manifest["sha256"][name] = sum;
    sums += fmt::format("{}  {}\n", sum, name);
  }
  for (const auto& [name, text] : files) folder.write(name, text);
  folder.write("SHA256SUMS", sums);
  folder.write("manifest.json", manifest.dump(2) + "\n");
  folder.commit();
}

}  // namespace apical::tools
