// SPDX-License-Identifier: Apache-2.0
// First in, first out, with valid/ready on both sides; what is offered stays until it is taken.
module apical_queue #(
  parameter int W     = 32,
  parameter int DEPTH = 4,  // a power of two
  parameter int A     = $clog2(DEPTH)
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         valid_i,
  output logic         ready_o,
  input  logic [W-1:0] data_i,
  output logic         valid_o,
  input  logic         ready_i,
  output logic [W-1:0] data_o
);
  logic [W-1:0] memory[DEPTH];
  logic [A:0]   head_q, tail_q;

  assign valid_o = head_q != tail_q;
  assign ready_o = !(head_q[A-1:0] == tail_q[A-1:0] && head_q[A] != tail_q[A]);
  assign data_o  = memory[head_q[A-1:0]];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      head_q <= '0;
      tail_q <= '0;
    end else begin
      if (valid_i && ready_o) tail_q <= tail_q + 1'b1;
      if (valid_o && ready_i) head_q <= head_q + 1'b1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (valid_i && ready_o) memory[tail_q[A-1:0]] <= data_i;
  end
endmodule
