// SPDX-License-Identifier: Apache-2.0
// The lists of events of every population, one of rates and one of errors: who sent, and by how much it changed.
// A list is as long as its population and starts anew with the first event after it was consumed.
module apical_events #(
  parameter int SW    = 16,
  parameter int UNITS = 256,
  parameter int POPS  = 4,
  parameter int UA    = $clog2(UNITS)
) (
  input  logic          clk_i,
  input  logic          rst_ni,
  input  logic          forget_i,       // all lists become empty
  // An event of a population of units_i units whose list starts at first_i.
  input  logic          valid_i,
  input  logic          error_i,
  input  logic [7:0]    population_i,
  input  logic [UA:0]   units_i,
  input  logic [UA-1:0] first_i,
  input  logic [UA-1:0] unit_i,
  input  logic [SW:0]   delta_i,
  output logic          renewed_o,      // this event starts the list anew
  output logic          overflow_o,     // no room: whoever listens must start from what was sent
  // A list was consumed.
  input  logic          consume_i,
  input  logic          consume_error_i,
  input  logic [7:0]    consume_population_i,
  // Reading.
  input  logic          read_error_i,
  input  logic [7:0]    read_population_i,
  output logic [UA:0]   count_o,
  input  logic          re_i,
  input  logic [UA-1:0] addr_i,
  output logic [UA-1:0] unit_o,
  output logic [SW:0]   delta_o
);
  localparam int LISTS = 2 * POPS;  // rates, then errors

  logic [LISTS*(UA+1)-1:0] count_q;
  logic [LISTS-1:0]        consumed_q;
  logic [UA:0]             place;
  logic                    write;

  always_comb begin
    place     = '0;
    count_o   = '0;
    renewed_o = 1'b0;
    for (int p = 0; p < LISTS; p++) begin
      if ({error_i, population_i} == {1'(p >= POPS), 8'(p % POPS)}) begin
        place     = consumed_q[p] ? '0 : count_q[p*(UA+1)+:UA+1];
        renewed_o = consumed_q[p] && valid_i;
      end
      if ({read_error_i, read_population_i} == {1'(p >= POPS), 8'(p % POPS)}) count_o = count_q[p*(UA+1)+:UA+1];
    end
  end
  assign overflow_o = valid_i && place >= units_i;
  assign write      = valid_i && !overflow_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q    <= '0;
      consumed_q <= '0;
    end else begin
      for (int p = 0; p < LISTS; p++) begin
        if (consume_i && {consume_error_i, consume_population_i} == {1'(p >= POPS), 8'(p % POPS)})
          consumed_q[p] <= 1'b1;
        if (write && {error_i, population_i} == {1'(p >= POPS), 8'(p % POPS)}) begin
          count_q[p*(UA+1)+:UA+1] <= place + 1'b1;
          consumed_q[p]           <= 1'b0;
        end
        if (forget_i) begin
          count_q[p*(UA+1)+:UA+1] <= '0;
          consumed_q[p]           <= 1'b0;
        end
      end
    end
  end

  // Lists of errors lie behind those of rates.
  apical_ram #(.DEPTH(2 << UA), .W(UA+SW+1)) u_lists (
    .clk_i, .we_i(write), .waddr_i({error_i, first_i + place[UA-1:0]}), .wdata_i({unit_i, delta_i}),
    .re_i, .raddr_i({read_error_i, addr_i}), .rdata_o({unit_o, delta_o})
  );
endmodule
