// SPDX-License-Identifier: Apache-2.0
// neuron_array.sv behind two pipes, for learns_digits.py: a line of numbers comes in on standard input, a line goes out.
//   0 NUMBER VALUE       writes a pixel
//   1 NUMBER VALUE       writes a target
//   2 LANE PLACE VALUE   writes a weight
//   3                    runs a tick
//   4                    tells all signals, then all weights, lane by lane
module piped;
  localparam int WORDS = 16 * 17 + 10 * 5;
  reg clk = 0, rst = 1, pixel_write = 0, go = 0;
  reg [5:0] pixel_number = 0;
  reg [4:0] pixel_value = 0;
  reg [79:0] targets = 0;
  wire done;
  neuron_array dut (.clk(clk), .rst(rst), .pixel_write(pixel_write), .pixel_number(pixel_number),
      .pixel_value(pixel_value), .targets(targets), .beta(16'd8192), .eta_hidden(16'd52429), .eta_output(16'd41943),
      .go(go), .done(done));

  reg load = 0;
  int got, what, first, second, third, i, k;
  wire signed [9:0] held[0:3];
  genvar lane;
  generate
    for (lane = 0; lane < 4; lane = lane + 1) begin : reach
      assign held[lane] = dut.quarter[lane].store.held[k];
      always @(posedge load) if (first == lane) dut.quarter[lane].store.held[second] = third;
    end
  endgenerate

  task clock;
    begin
      #1 clk = 1;
      #1 clk = 0;
    end
  endtask

`define TELL(variable, units) for (i = 0; i < units; i = i + 1) $write("%0d ", dut.variable[i]);

  initial begin
    clock;
    clock;
    rst = 0;
    got = $fscanf(32'h8000_0000, "%d", what);
    while (got == 1) begin
      case (what)
        0: begin
          got = $fscanf(32'h8000_0000, "%d %d", first, second);
          pixel_number = first;
          pixel_value = second;
          pixel_write = 1;
          clock;
          pixel_write = 0;
        end
        1: begin
          got = $fscanf(32'h8000_0000, "%d %d", first, second);
          targets[8*first+:8] = second;
        end
        2: begin
          got = $fscanf(32'h8000_0000, "%d %d %d", first, second, third);
          #1 load = 1;
          #1 load = 0;
        end
        3: begin
          go = 1;
          clock;
          go = 0;
          clock;
          while (!done) clock;
        end
        default: begin
          `TELL(basal_hidden, 16) `TELL(voltage_hidden, 16) `TELL(slope_hidden, 16) `TELL(rate_hidden, 16)
          `TELL(basal_output, 10) `TELL(voltage_output, 10) `TELL(nudge_output, 10) `TELL(error_output, 10)
          `TELL(apical_hidden, 16) `TELL(nudge_hidden, 16) `TELL(error_hidden, 16)
          for (first = 0; first < 4; first = first + 1)
            for (k = 0; k < WORDS; k = k + 1) begin
              #1 $write("%0d ", held[first]);
            end
          $write("\n");
          $fflush;
        end
      endcase
      got = $fscanf(32'h8000_0000, "%d", what);
    end
    $finish;
  end
endmodule
