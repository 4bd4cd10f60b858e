// SPDX-License-Identifier: Apache-2.0
// Whether a simulator runs the core at all: registers over AXI4-Lite, memories cleared, words through the window, a
// tick of no operation, one that is refused. What a core computes is checked by `apical verify` and by bundles.
module apical_smoke;
`include "apical_isa.svh"
  localparam logic [31:0] Tick = 32'd1, Clear = 32'd2;  // of CONTROL
  localparam logic [31:0] BadOperation = 32'd1;         // of ERRORS
  localparam int Patience = 5000;                       // clocks

  logic        clk = 0, rst_n = 0;
  logic        awvalid = 0, awready, wvalid = 0, wready, bvalid, arvalid = 0, arready, rvalid, done;
  logic [7:0]  awaddr = 0, araddr = 0;
  logic [31:0] wdata = 0, rdata;
  int          errors = 0, ticks = 0;

  always #5 clk = !clk;
  always @(posedge clk) if (rst_n && done) ticks <= ticks + 1;

  apical u_apical (
    .clk_i(clk), .rst_ni(rst_n), .awvalid_i(awvalid), .awready_o(awready), .awaddr_i(awaddr), .wvalid_i(wvalid),
    .wready_o(wready), .wdata_i(wdata), .bvalid_o(bvalid), .bready_i(1'b1), .bresp_o(), .arvalid_i(arvalid),
    .arready_o(arready), .araddr_i(araddr), .rvalid_o(rvalid), .rready_i(1'b1), .rdata_o(rdata), .rresp_o(),
    .input_tvalid_i(1'b0), .input_tready_o(), .input_tdata_i(32'd0), .target_tvalid_i(1'b0), .target_tready_o(),
    .target_tdata_i(32'd0), .target_tlast_i(1'b0), .observation_tvalid_o(), .observation_tready_i(1'b1),
    .observation_tdata_o(), .observation_tlast_o(), .done_o(done), .interrupt_o(), .retire_tick_o(),
    .retire_operation_o(), .retire_valid_o(), .retire_signal_o(), .retire_addr_o(), .retire_old_o(), .retire_new_o(),
    .retire_random_o(), .retire_sent_o(), .retire_weight_valid_o(), .retire_weight_projection_o(),
    .retire_weight_row_o(), .retire_weight_column_o(), .retire_weight_old_o(), .retire_weight_new_o(),
    .retire_weight_random_o()
  );

  // Signals change at falling edges; what is ready shortly after one is taken at the rising edge.
  task automatic write(input logic [7:0] address, input logic [31:0] value);
    logic took_address, took_value;
    awaddr  = address;
    wdata   = value;
    awvalid = 1;
    wvalid  = 1;
    while (awvalid || wvalid) begin
      #1;
      took_address = awready;
      took_value   = wready;
      @(negedge clk);
      if (took_address) awvalid = 0;
      if (took_value) wvalid = 0;
    end
    while (!bvalid) @(negedge clk);
    @(negedge clk);
  endtask

  task automatic read(input logic [7:0] address, output logic [31:0] value);
    logic took;
    araddr  = address;
    arvalid = 1;
    while (arvalid) begin
      #1;
      took = arready;
      @(negedge clk);
      if (took) arvalid = 0;
    end
    while (!rvalid) @(negedge clk);
    value = rdata;
    @(negedge clk);
  endtask

  task automatic expect_register(input logic [7:0] address, input logic [31:0] expected);
    logic [31:0] value;
    read(address, value);
    if (value !== expected) begin
      $display("apical_smoke: register %h is %h, not %h", address, value, expected);
      errors = errors + 1;
    end
  endtask

  task automatic idle;
    logic [31:0] value;
    read(REG_STATUS, value);
    while (value != 0) read(REG_STATUS, value);
  endtask

  task automatic operation(input logic [3:0] code);
    write(REG_WINDOW_SELECT, {26'd0, WINDOW_OPERATIONS});
    write(REG_WINDOW_ADDRESS, 0);
    write(REG_WINDOW_DATA, {28'd0, code});
  endtask

  initial begin
    repeat (4) @(negedge clk);
    rst_n = 1;
    @(negedge clk);
    expect_register(REG_ID, RESET_ID);
    write(REG_CONTROL, Clear);
    idle;
    write(REG_SEED, 32'h1234abcd);
    expect_register(REG_SEED, 32'h1234abcd);
    operation(OP_END);
    write(REG_CONTROL, Tick);
    idle;
    expect_register(REG_TICK, 1);
    expect_register(REG_ERRORS, 0);
    operation(4'hf);
    write(REG_TICK, 0);  // begins with operation 0 again
    write(REG_CONTROL, Tick);
    idle;
    expect_register(REG_TICK, 0);
    expect_register(REG_ERRORS, BadOperation);
    if (ticks == 0) begin
      $display("apical_smoke: no tick was done");
      errors = errors + 1;
    end
    if (errors != 0) $fatal(1, "apical_smoke: %0d wrong", errors);
    $display("apical_smoke: ok");
    $finish;
  end

  initial begin
    repeat (Patience) @(posedge clk);
    $fatal(1, "apical_smoke: still waiting after %0d clocks", Patience);
  end
endmodule
