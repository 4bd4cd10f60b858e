// SPDX-License-Identifier: Apache-2.0
// mix32, Bob Jenkins' integer hash: six add/shift/xor steps, two per register stage. No multiplier.
module apical_mix #(
  parameter int LAST = 1     // 0: the last stage has no register, a_o comes two clocks later
) (
  input  logic        clk_i,
  input  logic        enable_i,
  input  logic [31:0] a_i,
  output logic [31:0] a_o  // three enabled clocks later
);
  logic [31:0] first_d, first_q, second_d, second_q, third_d, third_q, s1, s3, s5;

  assign s1       = (a_i + 32'h7ed55d16) + {a_i[19:0], 12'b0};
  assign first_d  = (s1 ^ 32'hc761c23c) ^ {19'b0, s1[31:19]};
  assign s3       = (first_q + 32'h165667b1) + {first_q[26:0], 5'b0};
  assign second_d = (s3 + 32'hd3a2646c) ^ {s3[22:0], 9'b0};
  assign s5       = (second_q + 32'hfd7046c5) + {second_q[28:0], 3'b0};
  assign third_d  = (s5 ^ 32'hb55a4f09) ^ {16'b0, s5[31:16]};

  always_ff @(posedge clk_i) begin
    if (enable_i) begin
      first_q  <= first_d;
      second_q <= second_d;
      third_q  <= third_d;
    end
  end
  assign a_o = LAST != 0 ? third_q : third_d;
endmodule
