// SPDX-License-Identifier: Apache-2.0
// Stage 8 of the neuron unit: what moved by more than theta since it was last sent becomes an event, a clock after
// it was written, for the comparison is long.
module apical_send #(
  parameter int SW = 16,
  parameter int UA = 8
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 valid_i,
  input  logic                 rate_i,   // it is a rate
  input  logic                 error_i,  // it is an error
  input  logic [SW-1:0]        theta_rate_i,
  input  logic [SW-1:0]        theta_error_i,
  input  logic [UA-1:0]        addr_i,
  input  logic signed [SW-1:0] value_i,
  input  logic signed [SW-1:0] sent_i,   // what was last sent of it
  output logic                 valid_o,  // an event
  output logic [UA-1:0]        addr_o,
  output logic [SW-1:0]        sent_o,
  output logic [SW:0]          delta_o
);
  logic signed [SW:0]   moved;
  logic signed [SW+1:0] theta, above, below;
  logic                 passes;
  assign moved  = (SW+1)'(value_i) - (SW+1)'(sent_i);
  // |moved| > theta as two comparisons side by side: shorter than taking the magnitude first.
  assign theta  = $signed({2'b0, error_i ? theta_error_i : theta_rate_i});
  assign above  = (SW+2)'(moved) - theta;
  assign below  = (SW+2)'(moved) + theta;
  assign passes = (!above[SW+1] && above != '0) || below[SW+1];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= valid_i && (rate_i || error_i) && passes;
  end
  always_ff @(posedge clk_i) begin
    addr_o  <= addr_i;
    sent_o  <= value_i;
    delta_o <= moved;
  end
endmodule
