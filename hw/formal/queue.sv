// SPDX-License-Identifier: Apache-2.0
// The queue neither loses, duplicates nor reorders, and holds what it offers: the n-th value that leaves is the
// n-th that entered, for every n.
module queue (
  input logic       clk_i,
  input logic       valid_i,
  input logic       ready_i,
  input logic [3:0] data_i
);
  localparam int DEPTH = 4;
  logic rst_n = 1'b0;
  logic valid, ready;
  logic [3:0] data;
  always @(posedge clk_i) rst_n <= 1'b1;

  apical_queue #(.W(4), .DEPTH(DEPTH)) dut (
    .clk_i, .rst_ni(rst_n), .valid_i, .ready_o(ready), .data_i, .valid_o(valid), .ready_i, .data_o(data)
  );

  (* anyconst *) logic [7:0] watched;  // number of the value that is followed
  // Inner signals: after flattening they carry these names.
  (* hierconn *) wire [2:0] \dut.tail_q ;
  (* hierconn *) wire [2:0] \dut.head_q ;
  (* hierconn *) wire [3:0] \dut.memory[0] ;
  (* hierconn *) wire [3:0] \dut.memory[1] ;
  (* hierconn *) wire [3:0] \dut.memory[2] ;
  (* hierconn *) wire [3:0] \dut.memory[3] ;
  logic [3:0] slot;
  always @* begin
    case (watched[1:0])
      2'd0: slot = \dut.memory[0] ;
      2'd1: slot = \dut.memory[1] ;
      2'd2: slot = \dut.memory[2] ;
      default: slot = \dut.memory[3] ;
    endcase
  end

  logic [7:0] entered = '0, left = '0;
  logic [3:0] value = '0;
  logic       offered = 1'b0;
  logic [3:0] offer = '0;
  wire  [7:0] inside = entered - left;
  wire        watching = inside != 0 && (watched - left) < inside;  // the followed value is inside

  always @(posedge clk_i) begin
    if (rst_n) begin
      if (valid_i && ready) begin
        entered <= entered + 1'b1;
        if (entered == watched) value <= data_i;
      end
      if (valid && ready_i) left <= left + 1'b1;
      offered <= valid && !ready_i;
      offer   <= data;
    end
  end
  always @* begin
    if (rst_n) begin
      assert (inside <= DEPTH);
      assert (valid == (inside != 0));
      assert (ready == (inside != DEPTH));
      assert (3'(\dut.tail_q - \dut.head_q ) == inside[2:0]);
      assert (\dut.head_q == left[2:0]);
      if (watching) assert (slot == value);
      if (valid && left == watched) assert (data == value);
      if (offered) assert (valid && data == offer);
    end
  end
endmodule
