// SPDX-License-Identifier: Apache-2.0
// The quantiser is its specification (fixedpoint/README.md), for every input: written with divisions of wide
// integers instead of a shifter with guard bits.
module quantise #(
  parameter int W = 8,
  parameter int Y = 6
) (
  input logic signed [W-1:0] x_i,
  input logic signed [7:0]   shift_i,
  input logic        [2:0]   mode_i,
  input logic        [3:0]   dropped_i,  // low random bits that do not count
  input logic        [15:0]  random_i,
  input logic        [5:0]   bits_i,
  input logic                signed_i,
  input logic        [1:0]   overflow_i
);
  localparam int V = W + 20;  // holds every intermediate value
  localparam int MOST = W + 2;  // shifts beyond this only repeat

  logic signed [Y-1:0] y;
  logic                limited;
  apical_quantise #(.W(W), .Y(Y), .RANDOM(2)) dut (
    .x_i, .shift_i, .mode_i({dropped_i, 1'b0, mode_i}), .random_i, .bits_i, .signed_i, .overflow_i, .y_o(y), .limited_o(limited)
  );

  logic signed [V-1:0] x, floor, rest, half, rounded, fraction, low, high, expected, wrapped, span;
  logic [7:0] s, kept;
  assign kept = 8'd16 - {4'd0, dropped_i};
  always_comb begin
    x        = V'(x_i);
    s        = shift_i;
    floor    = x >>> s;
    rest     = x - (floor <<< s);
    half     = (shift_i > 0) ? $signed(V'(1)) <<< (s - 8'd1) : '0;
    fraction = '0;
    rounded  = floor;
    if (shift_i < 0) begin
      rounded = x <<< (8'd0 - s);
    end else if (shift_i == 0) begin
      rounded = x;
    end else begin
      case (mode_i)
        3'd0: if (rest >= half) rounded = floor + 1;
        3'd1: if (rest > half || (rest == half && x < 0)) rounded = floor + 1;
        3'd2: if (rest > half) rounded = floor + 1;
        3'd3: if (rest > half || (rest == half && x > 0)) rounded = floor + 1;
        3'd4: if (rest > half || (rest == half && floor[0])) rounded = floor + 1;
        3'd6: if (rest != 0 && x < 0) rounded = floor + 1;
        3'd7: begin
          if (s <= kept) begin
            rounded = (x + $signed({{(V-16) {1'b0}}, random_i >> (8'd16 - s)})) >>> s;
          end else begin
            fraction = ((x >>> (s - kept - 8'd1)) + 1) >>> 1;
            rounded  = (fraction + $signed({{(V-16) {1'b0}}, random_i >> dropped_i})) >>> kept;
          end
        end
        default: rounded = floor;
      endcase
    end
    span = $signed(V'(1)) <<< bits_i;
    high = signed_i ? (span >>> 1) - 1 : span - 1;
    low  = signed_i ? -(span >>> 1) + (overflow_i == 2'd2 ? $signed(V'(1)) : $signed(V'(0))) : '0;
    wrapped = rounded & (span - 1);
    if (signed_i && wrapped >= (span >>> 1)) wrapped = wrapped - span;
    expected = rounded;
    if (rounded < low || rounded > high) begin
      case (overflow_i)
        2'd1:    expected = '0;
        2'd3:    expected = wrapped;
        default: expected = rounded < low ? low : high;
      endcase
    end
  end

  always_comb begin
    // What a format may be, and shifts after which nothing new happens.
    assume (bits_i >= 1);
    assume (32'(bits_i) + (signed_i ? 32'd0 : 32'd1) <= Y);
    assume (!(signed_i && overflow_i == 2'd2 && bits_i == 6'd1));
    assume (shift_i >= -8'sd12 && 32'(s + 8'd12) <= MOST + 12);
    assert (V'(y) == expected);
    assert (limited == (rounded < low || rounded > high));
  end
endmodule
