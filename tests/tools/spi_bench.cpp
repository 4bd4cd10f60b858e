// SPDX-License-Identifier: Apache-2.0
// The pins of a simulated apical_spi under tests/tools/firmware.c. Reads commands from standard input, prints
// what the firmware read; test_deploy.cpp writes the one and checks the other.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "Vapical_spi.h"
#include "firmware.h"
#include "verilated.h"

namespace {

constexpr int half_period = 2;  // clocks of the core; the port asks for at least 4 a period

Vapical_spi* chip;
std::uint64_t clocks, tick_clocks;
bool in_tick;

void clock() {
  chip->clk_i = 1;
  chip->eval();
  chip->clk_i = 0;
  chip->eval();
  ++clocks;
  if (in_tick && !chip->idle_o) ++tick_clocks;
}

void clock(int count) {
  while (count-- > 0) clock();
}

std::vector<std::int32_t> numbers(unsigned count) {
  std::vector<std::int32_t> values(count);
  for (std::int32_t& x : values) std::cin >> x;
  return values;
}

}  // namespace

// Mode 0: data is put while the clock is low and taken at its rising edge.
extern "C" void apical_spi_exchange(std::uint8_t* bytes, unsigned count) {
  chip->select_ni = 0;
  clock(half_period);
  for (unsigned i = 0; i < count; ++i) {
    std::uint8_t got = 0;
    for (int bit = 7; bit >= 0; --bit) {
      chip->mosi_i = bytes[i] >> bit & 1;
      clock(half_period);
      got = static_cast<std::uint8_t>(got << 1 | chip->miso_o);
      chip->sclk_i = 1;
      clock(half_period);
      chip->sclk_i = 0;
    }
    bytes[i] = got;
  }
  clock(half_period);
  chip->select_ni = 1;
  clock(half_period);
}

int main(int argc, char** argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  chip = new Vapical_spi(&context);
  chip->select_ni = 1;
  chip->sclk_i = 0;
  chip->mosi_i = 0;
  chip->rst_ni = 0;
  clock(3);
  chip->rst_ni = 1;
  clock(3);
  int status = 0;
  std::string command;
  while (status == 0 && std::cin >> command) {
    if (command == "start") status = firmware_start();
    if (command == "show") firmware_show(numbers(firmware_inputs).data());
    if (command == "targets") firmware_show_target(numbers(firmware_targets).data());
    if (command == "nudge") firmware_nudge(static_cast<std::uint32_t>(numbers(1)[0]));
    if (command == "learning") {
      const unsigned count = static_cast<unsigned>(numbers(1)[0]);
      const std::vector<std::int32_t> eta = numbers(count);
      firmware_learning(std::vector<std::uint32_t>(eta.begin(), eta.end()).data());
    }
    if (command == "tick") {
      in_tick = true;
      status = firmware_tick();
      in_tick = false;
    }
    std::vector<std::int32_t> read(65536);
    if (command == "signal") {
      const auto which = numbers(3);  // memory, population, its units
      firmware_read_signal(static_cast<std::uint32_t>(which[0]), static_cast<std::uint32_t>(which[1]),
                           read.data());
      for (int i = 0; i < which[2]; ++i) std::printf("%d\n", read[static_cast<std::size_t>(i)]);
    }
    if (command == "row") {
      const auto which = numbers(2);
      const unsigned columns = firmware_read_weight_row(static_cast<std::uint32_t>(which[0]),
                                                        static_cast<std::uint32_t>(which[1]), read.data());
      for (unsigned i = 0; i < columns; ++i) std::printf("%d\n", read[i]);
    }
    if (command == "clocks")
      std::printf("%llu %llu\n", static_cast<unsigned long long>(clocks),
                  static_cast<unsigned long long>(tick_clocks));
  }
  delete chip;
  if (status != 0) std::fprintf(stderr, "the firmware gave up: %d\n", status);
  return status == 0 ? 0 : 1;
}
