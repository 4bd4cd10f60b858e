// SPDX-License-Identifier: Apache-2.0
// AXI4-Lite and the stream: answers stay until they are taken, one per access, in order; a request stays until its
// acknowledge.
module bus (
  input logic        clk_i,
  input logic        awvalid_i, wvalid_i, bready_i, arvalid_i, rready_i, input_tvalid_i, idle_i, ack_i,
  input logic [7:0]  awaddr_i, araddr_i,
  input logic [31:0] wdata_i, input_tdata_i, rdata_i
);
  logic rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;
  logic awready, wready, bvalid, arready, rvalid, tready, request, write;
  logic [1:0] bresp, rresp;
  logic [7:0] addr;
  logic [31:0] rdata, wdata;
  apical_bus dut (
    .clk_i, .rst_ni(rst_n), .awvalid_i, .awready_o(awready), .awaddr_i, .wvalid_i, .wready_o(wready), .wdata_i,
    .bvalid_o(bvalid), .bready_i, .bresp_o(bresp), .arvalid_i, .arready_o(arready), .araddr_i, .rvalid_o(rvalid),
    .rready_i, .rdata_o(rdata), .rresp_o(rresp), .input_tvalid_i, .input_tready_o(tready), .input_tdata_i, .idle_i,
    .request_o(request), .write_o(write), .addr_o(addr), .wdata_o(wdata), .ack_i, .rdata_i
  );

  // An inner signal: after flattening it carries this name.
  (* hierconn *) wire [2:0] \dut.state_q ;
  logic        was = 1'b0, bheld, rheld, held, write_was;
  logic [31:0] rdata_was, wdata_was;
  logic [7:0]  addr_was;
  logic [1:0]  writes = '0, reads = '0;  // accepted and not answered
  always @(posedge clk_i) begin
    was <= rst_n;
    bheld <= bvalid && !bready_i;
    rheld <= rvalid && !rready_i;
    rdata_was <= rdata;
    held <= request && !ack_i;
    {write_was, addr_was, wdata_was} <= {write, addr, wdata};
    if (rst_n) begin
      writes <= writes + 2'(awvalid_i && awready) - 2'(bvalid && bready_i);
      reads  <= reads + 2'(arvalid_i && arready) - 2'(rvalid && rready_i);
    end
  end
  always @* begin
    if (rst_n) begin
      assert (awready == wready);
      assert (!awready || (awvalid_i && wvalid_i));
      assert (writes <= 1 && reads <= 1 && !(writes == 1 && reads == 1));
      assert (!bvalid || writes == 1);
      assert (!rvalid || reads == 1);
      assert (!(awready || arready || tready) || (writes == 0 && reads == 0));
      assert ((writes == 1) == (\dut.state_q  == 3'd1 || \dut.state_q  == 3'd4));
      assert ((reads == 1) == (\dut.state_q  == 3'd2 || \dut.state_q  == 3'd5));
      assert (\dut.state_q  <= 3'd5);
      assert (bresp == 2'b00 && rresp == 2'b00);
    end
    if (rst_n && was) begin
      if (bheld) assert (bvalid);
      if (rheld) assert (rvalid && rdata == rdata_was);
      if (held) assert (request && write == write_was && addr == addr_was && (!write || wdata == wdata_was));
    end
  end
endmodule
