// SPDX-License-Identifier: Apache-2.0
// Sixty-four pixels, sixteen hidden units, ten outputs, learning all the time. One unit after the other, four of its
// weights in a clock. Units fire on their drive itself (rho = 1): voltage = basal + nudge and error = nudge, so nothing
// here has a membrane. Each output, as soon as it is known, is nudged, sends its error down the rows of its weights and
// changes these in the same visit; the hidden units learn one by one behind that. The numbers are those of digits.toml.
module neuron_array #(
    parameter logic [31:0] SEED = 32'd1
) (
    input  logic         clk,
    input  logic         rst,
    input  logic         pixel_write,
    input  logic [5:0]   pixel_number,
    input  logic [4:0]   pixel_value,   // unsigned, 4 fraction bits
    input  logic [79:0]  targets,       // of ten outputs, 8 bits with 6 fraction bits each, output 0 lowest
    input  logic [15:0]  beta,          // strength of the nudge, 14 fraction bits
    input  logic [15:0]  eta_hidden,    // learning rates, 19 and 20 fraction bits
    input  logic [15:0]  eta_output,
    input  logic         go,            // for one clock: begins a tick
    output logic         done           // no tick is under way
);
  `include "arithmetic.svh"

  localparam int PIXELS = 64, HIDDEN = 16, OUTPUTS = 10, LANES = 4;
  localparam int HIDDEN_GROUPS = 17, OUTPUT_GROUPS = 5;  // of four columns, the bias among them
  // Fraction bits.
  localparam int PIXEL_FRAC = 4, WEIGHT_FRAC = 7, BASAL_FRAC = 8, RATE_FRAC = 7, APICAL_FRAC = 11, NUDGE_FRAC = 11;
  localparam int TARGET_FRAC = 6, ERROR_FRAC = 10, BETA_FRAC = 14, ETA_HIDDEN_FRAC = 19, ETA_OUTPUT_FRAC = 20;
  localparam int STEP_HIDDEN_FRAC = 14, STEP_OUTPUT_FRAC = 15;
  localparam int WEIGHT_BITS = 10, VOLTAGE_BITS = 12, ERROR_BITS = 11;
  localparam logic [31:0] HIDDEN_STREAM = 32'd27, OUTPUT_STREAM = 32'd43;

  localparam logic [2:0] IDLE = 0, SUM_HIDDEN = 1, FIRE = 2, SUM_OUTPUT = 3, NUDGE = 4, TEACH_OUTPUT = 5, RECEIVE = 6,
      TEACH_HIDDEN = 7;
  logic [2:0] state;
  logic [3:0] unit;   // that is served
  logic [4:0] group;  // four of its columns
  logic [31:0] tick;

  logic [4:0]         pixel[0:PIXELS-1];
  logic signed [11:0] basal_hidden[0:HIDDEN-1], voltage_hidden[0:HIDDEN-1];
  logic [7:0]         rate_hidden[0:HIDDEN-1];
  logic               slope_hidden[0:HIDDEN-1];
  logic signed [11:0] apical_hidden[0:HIDDEN-1], nudge_hidden[0:HIDDEN-1];
  logic signed [10:0] error_hidden[0:HIDDEN-1];
  logic signed [11:0] basal_output[0:OUTPUTS-1], voltage_output[0:OUTPUTS-1], nudge_output[0:OUTPUTS-1];
  logic signed [10:0] error_output[0:OUTPUTS-1];
  logic signed [25:0] apical_sum[0:HIDDEN-1];
  logic signed [25:0] sum;
  logic signed [11:0] step;  // of the unit that teaches

  // ---- Four columns of a row ----
  wire of_hidden = state == SUM_HIDDEN || state == TEACH_HIDDEN;
  wire teaches = state == TEACH_HIDDEN || state == TEACH_OUTPUT;
  wire last_group = group == (of_hidden ? 5'(HIDDEN_GROUPS - 1) : 5'(OUTPUT_GROUPS - 1));
  wire [8:0] address = of_hidden ? 9'(unit) * 9'(HIDDEN_GROUPS) + 9'(group)
      : 9'(HIDDEN * HIDDEN_GROUPS) + 9'(unit) * 9'(OUTPUT_GROUPS) + 9'(group);
  wire [31:0] row_key = mix(mix(mix(SEED) + tick) + ((of_hidden ? HIDDEN_STREAM : OUTPUT_STREAM) << 20) + 32'(unit));

  logic signed [25:0] product[0:LANES-1];   // of the weight with the rate of its source
  logic signed [25:0] returned[0:LANES-1];  // of the weight with the error of its output
  genvar lane;
  generate
    for (lane = 0; lane < LANES; lane = lane + 1) begin : quarter
      logic signed [WEIGHT_BITS-1:0] weight;
      logic signed [47:0] change, changed;
      wire [6:0] column = {group, 2'(lane)};
      wire [7:0] source = of_hidden ?
          (column < 7'(PIXELS) ? 8'(pixel[column[5:0]]) : column == 7'(PIXELS) ? 8'd16 : 8'd0) :
          (column < 7'(HIDDEN) ? rate_hidden[column[3:0]] : column == 7'(HIDDEN) ? 8'd128 : 8'd0);
      assign change = step * $signed({1'b0, source});
      assign changed = limited(48'(weight) + round_by_chance(change, of_hidden ?
          STEP_HIDDEN_FRAC + PIXEL_FRAC - WEIGHT_FRAC : STEP_OUTPUT_FRAC + RATE_FRAC - WEIGHT_FRAC,
          drawn(row_key, 32'(column))), WEIGHT_BITS);
      assign product[lane] = weight * $signed({1'b0, source});
      assign returned[lane] = weight * error_output[unit];
      weight_lane #(.WORDS(HIDDEN * HIDDEN_GROUPS + OUTPUTS * OUTPUT_GROUPS), .BITS(WEIGHT_BITS)) store (
          .clk(clk), .address(address), .write(teaches && change != 0),
          .changed(changed[WEIGHT_BITS-1:0]), .weight(weight));
    end
  endgenerate
  wire signed [25:0] total = sum + product[0] + product[1] + product[2] + product[3];

  // ---- What a unit makes of its sums ----
  wire signed [47:0] basal = limited(round_even(48'(sum), state == FIRE ?
      PIXEL_FRAC + WEIGHT_FRAC - BASAL_FRAC : RATE_FRAC + WEIGHT_FRAC - BASAL_FRAC), VOLTAGE_BITS);
  wire signed [11:0] nudge_before = state == FIRE ? nudge_hidden[unit] : nudge_output[unit];
  wire signed [47:0] voltage = limited(round_even((basal <<< (NUDGE_FRAC - BASAL_FRAC)) + 48'(nudge_before),
      NUDGE_FRAC - BASAL_FRAC), VOLTAGE_BITS);
  wire signed [47:0] one = 48'sd1 <<< BASAL_FRAC;
  wire signed [47:0] clipped = voltage < 0 ? 48'sd0 : voltage > one ? one : voltage;

  wire signed [47:0] target = 48'($signed(targets[8*unit+:8]));
  wire signed [47:0] pull = $signed({32'd0, beta}) * ((target <<< (BASAL_FRAC - TARGET_FRAC)) - voltage);
  wire signed [47:0] apical = limited(48'(apical_sum[unit]) >>> (WEIGHT_FRAC + ERROR_FRAC - APICAL_FRAC), VOLTAGE_BITS);
  wire signed [47:0] nudge = state == NUDGE ?
      limited(round_even(pull, BASAL_FRAC + BETA_FRAC - NUDGE_FRAC), VOLTAGE_BITS) :
      slope_hidden[unit] ? apical : 48'sd0;
  wire signed [47:0] error = limited(round_even(nudge, NUDGE_FRAC - ERROR_FRAC), ERROR_BITS);
  wire signed [47:0] wanted = state == NUDGE ?
      round_even($signed({32'd0, eta_output}) * error, ETA_OUTPUT_FRAC + ERROR_FRAC - STEP_OUTPUT_FRAC) :
      round_even($signed({32'd0, eta_hidden}) * error, ETA_HIDDEN_FRAC + ERROR_FRAC - STEP_HIDDEN_FRAC);

  assign done = state == IDLE && !go;
  always_ff @(posedge clk) begin
    if (pixel_write) pixel[pixel_number] <= pixel_value;
    sum <= total;
    group <= last_group ? '0 : group + 1'b1;
    case (state)
      IDLE: begin
        sum <= '0;
        group <= '0;
        unit <= '0;
        for (int i = 0; i < HIDDEN; i = i + 1) apical_sum[i] <= '0;
        if (go) state <= SUM_HIDDEN;
      end
      SUM_HIDDEN: if (last_group) state <= FIRE;
      FIRE: begin
        basal_hidden[unit] <= basal[11:0];
        voltage_hidden[unit] <= voltage[11:0];
        rate_hidden[unit] <= 8'(round_even(clipped, BASAL_FRAC - RATE_FRAC));
        slope_hidden[unit] <= voltage >= 0 && voltage < one;
        sum <= '0;
        group <= '0;
        unit <= unit == 4'(HIDDEN - 1) ? '0 : unit + 1'b1;
        state <= unit == 4'(HIDDEN - 1) ? SUM_OUTPUT : SUM_HIDDEN;
      end
      SUM_OUTPUT: if (last_group) state <= NUDGE;
      NUDGE: begin
        basal_output[unit] <= basal[11:0];
        voltage_output[unit] <= voltage[11:0];
        nudge_output[unit] <= nudge[11:0];
        error_output[unit] <= error[10:0];
        step <= 12'(limited(wanted, 12));
        group <= '0;
        state <= TEACH_OUTPUT;
      end
      TEACH_OUTPUT: begin
        for (int i = 0; i < LANES; i = i + 1)
          if (group < 5'(HIDDEN / LANES)) apical_sum[{group[1:0], 2'(i)}] <= apical_sum[{group[1:0], 2'(i)}] + returned[i];
        if (last_group) begin
          sum <= '0;
          unit <= unit == 4'(OUTPUTS - 1) ? '0 : unit + 1'b1;
          state <= unit == 4'(OUTPUTS - 1) ? RECEIVE : SUM_OUTPUT;
        end
      end
      RECEIVE: begin
        apical_hidden[unit] <= apical[11:0];
        nudge_hidden[unit] <= nudge[11:0];
        error_hidden[unit] <= error[10:0];
        step <= 12'(limited(wanted, 12));
        group <= '0;
        state <= TEACH_HIDDEN;
      end
      TEACH_HIDDEN:
        if (last_group) begin
          unit <= unit + 1'b1;
          if (unit == 4'(HIDDEN - 1)) begin
            tick <= tick + 1'b1;
            state <= IDLE;
          end else state <= RECEIVE;
        end
      default: state <= IDLE;
    endcase
    if (rst) begin
      state <= IDLE;
      tick <= '0;
      for (int i = 0; i < PIXELS; i = i + 1) pixel[i] <= '0;
      for (int i = 0; i < HIDDEN; i = i + 1) nudge_hidden[i] <= '0;
      for (int i = 0; i < OUTPUTS; i = i + 1) nudge_output[i] <= '0;
    end
  end
endmodule
