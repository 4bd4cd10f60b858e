// SPDX-License-Identifier: Apache-2.0
// The core's small modules, each by itself, against a few lines of C++: what they hold, not how.
#include <gtest/gtest.h>

#include <array>
#include <iostream>
#include <random>
#include <vector>

#include "VEvents.h"
#include "VScan.h"
#include "VTable.h"
#include "VWeights1.h"
#include "VWeights4.h"
#include "VWeights8.h"
#include "fixedpoint/numeric/counter_random.hpp"

namespace {

template <class Module>
void clock(Module& module) {
  module.eval();  // what hangs on inputs settles before the edge
  module.clk_i = 1;
  module.eval();
  module.clk_i = 0;
  module.eval();
}

template <class Module>
void reset(Module& module) {
  module.rst_ni = 0;
  module.eval();
  clock(module);
  module.rst_ni = 1;
  module.eval();
}

}  // namespace

// Every raw value of every input format of up to 7 bits, every cut into segments.
TEST(HwLeaves, TableFindsSegmentAndPlace) {
  constexpr int depth = 256;
  VTable module;
  std::mt19937 random(1);
  std::array<unsigned, depth> base{}, delta{};
  for (unsigned i = 0; i < depth; ++i) {
    module.window_addr_i = static_cast<std::uint8_t>(i);
    module.wbase_i = static_cast<std::uint16_t>(base[i] = random() % 4096);
    module.wdelta_i = static_cast<std::uint16_t>(delta[i] = random() % 512);
    module.we_base_i = module.we_delta_i = 1;
    clock(module);
  }
  module.we_base_i = module.we_delta_i = 0;
  for (int bits = 1; bits <= 7; ++bits)
    for (const bool is_signed : {false, true})
      for (int low_bits = 0; low_bits <= bits; ++low_bits) {
        if (!is_signed && bits == 7) continue;  // a word of 7 bits holds 6 without a sign
        const int lowest = is_signed ? -(1 << (bits - 1)) : 0;
        const int start = static_cast<int>(random() % (depth - 128));
        for (int n = 0; n < 1 << bits; ++n) {
          module.raw_i = static_cast<std::uint8_t>((lowest + n) & 127);
          module.in_bits_i = static_cast<std::uint8_t>(bits);
          module.in_signed_i = is_signed;
          module.low_bits_i = static_cast<std::uint8_t>(low_bits);
          module.start_i = static_cast<std::uint8_t>(start);
          module.eval();
          const int width = 1 << low_bits;
          ASSERT_EQ(module.low_o, n % width) << bits << " bits, " << low_bits << " low, raw " << lowest + n;
          clock(module);
          const auto entry = static_cast<std::size_t>(start) + static_cast<std::size_t>(n / width);
          ASSERT_EQ(module.base_o, base[entry])
              << bits << " bits, " << low_bits << " low, raw " << lowest + n;
          ASSERT_EQ(module.delta_o, delta[entry]);
        }
      }
}

namespace {

// A matrix of 4 x 3 blocks: what a host writes by the README's addresses is what rows and columns show.
template <class Module>
void rows_and_columns(int lanes) {
  Module module;
  std::mt19937 random(static_cast<unsigned>(lanes));
  const int rows = 4 * lanes, columns = 3 * lanes;
  std::vector<std::vector<std::uint64_t>> w(static_cast<std::size_t>(rows));
  const auto block = [&](int row, int column) { return ((row / lanes) * 3 + column / lanes) * lanes; };
  const auto at_window = [&](int row, int column) {
    module.window_addr_i = static_cast<std::uint8_t>(block(row, column) + row % lanes);
    module.window_bank_i = static_cast<std::uint8_t>((row + column) % lanes);
  };
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      w[static_cast<std::size_t>(row)].push_back(random() % 256);
      at_window(row, column);
      module.window_wdata_i = static_cast<std::uint8_t>(w[static_cast<std::size_t>(row)].back());
      module.window_we_i = 1;
      clock(module);
    }
  module.window_we_i = 0;
  const auto weight = [&](int row, int column) -> std::uint64_t& {
    return w[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
  };
  const auto expect_lanes = [&](bool down, int row, int column) {
    module.re_i = 1;
    module.column_i = down;
    module.raddr_i = static_cast<std::uint8_t>(block(row, column));
    module.rturn_i = static_cast<std::uint8_t>((down ? column : row) % lanes);
    clock(module);
    module.re_i = 0;
    for (int l = 0; l < lanes; ++l)
      ASSERT_EQ(std::uint64_t{module.rdata_o} >> (8 * l) & 255,
                down ? weight(row + l, column) : weight(row, column + l))
          << lanes << " lanes, " << (down ? "down" : "along") << " from " << row << ", " << column
          << ", lane " << l;
  };
  for (int round = 0; round < 3; ++round) {
    for (int row = 0; row < rows; ++row)
      for (int column = 0; column < columns; column += lanes) {
        expect_lanes(false, row, column);
        const unsigned enabled = random() % (1u << lanes);
        std::uint64_t written = 0;
        for (int l = 0; l < lanes; ++l) {
          const std::uint64_t value = random() % 256;
          written |= value << (8 * l);
          if ((enabled >> l & 1) != 0) weight(row, column + l) = value;
        }
        module.waddr_i = static_cast<std::uint8_t>(block(row, column));
        module.wturn_i = static_cast<std::uint8_t>(row % lanes);
        module.wdata_i = static_cast<decltype(+module.wdata_i)>(written);
        module.we_i = static_cast<std::uint8_t>(enabled);
        clock(module);
        module.we_i = 0;
      }
    for (int column = 0; column < columns; ++column)
      for (int row = 0; row < rows; row += lanes) expect_lanes(true, row, column);
    if (testing::Test::HasFatalFailure()) return;
  }
  module.window_i = 1;
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      at_window(row, column);
      clock(module);
      ASSERT_EQ(module.window_rdata_o, weight(row, column));
    }
}

}  // namespace

TEST(HwLeaves, WeightsByRowsAndByColumns) {
  rows_and_columns<VWeights1>(1);
  rows_and_columns<VWeights4>(4);
  rows_and_columns<VWeights8>(8);
}

TEST(HwLeaves, EventsAreListsThatStartAnew) {
  constexpr std::uint64_t seed = 7;
  std::cout << "seed " << seed << "\n";
  constexpr int populations = 3;
  constexpr int units[populations] = {5, 8, 3}, first[populations] = {0, 5, 13};
  struct List {
    std::vector<std::pair<int, int>> events;
    bool consumed = false;
  };
  List lists[2][populations];
  VEvents module;
  module.forget_i = module.valid_i = module.consume_i = module.re_i = 0;
  reset(module);
  std::mt19937_64 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  int overflows = 0, renewals = 0;
  for (int step = 0; step < 200000; ++step) {
    const int error = below(2), p = below(populations), of_error = below(2), of = below(populations);
    const int unit = below(16), delta = below(128);
    const bool valid = below(3) != 0, consume = below(8) == 0, forget = below(500) == 0;
    module.valid_i = valid;
    module.error_i = static_cast<std::uint8_t>(error);
    module.population_i = static_cast<std::uint8_t>(p);
    module.units_i = static_cast<std::uint8_t>(units[p]);
    module.first_i = static_cast<std::uint8_t>(first[p]);
    module.unit_i = static_cast<std::uint8_t>(unit);
    module.delta_i = static_cast<std::uint8_t>(delta);
    module.consume_i = consume;
    module.consume_error_i = static_cast<std::uint8_t>(of_error);
    module.consume_population_i = static_cast<std::uint8_t>(of);
    module.forget_i = forget;
    module.eval();
    List& list = lists[error][p];
    const bool renews = valid && list.consumed;
    const bool overflow = valid && !list.consumed && static_cast<int>(list.events.size()) >= units[p];
    ASSERT_EQ(module.renewed_o != 0, renews) << "step " << step;
    ASSERT_EQ(module.overflow_o != 0, overflow) << "step " << step;
    overflows += overflow;
    renewals += renews;
    if (consume) lists[of_error][of].consumed = true;
    if (valid && !overflow) {
      if (renews) list.events.clear();
      list.events.emplace_back(unit, delta);
      list.consumed = false;  // an event that comes as its list is consumed is the next reader's
    }
    if (forget)
      for (auto& kind : lists)
        for (List& l : kind) l = {};
    clock(module);
    module.valid_i = module.consume_i = module.forget_i = 0;
    const List& read = lists[of_error][of];
    module.read_error_i = static_cast<std::uint8_t>(of_error);
    module.read_population_i = static_cast<std::uint8_t>(of);
    module.eval();
    ASSERT_EQ(module.count_o, read.events.size()) << "step " << step;
    if (read.events.empty() || step % 4 != 0) continue;
    const int entry = below(static_cast<int>(read.events.size()));
    module.re_i = 1;
    module.addr_i = static_cast<std::uint8_t>(first[of] + entry);
    clock(module);
    module.re_i = 0;
    ASSERT_EQ(std::pair(int{module.unit_o}, int{module.delta_o}),
              read.events[static_cast<std::size_t>(entry)])
        << "step " << step;
  }
  EXPECT_GT(overflows, 1000);
  EXPECT_GT(renewals, 1000);
}

// Walks of random jobs, whose lanes are ready at random.
TEST(HwLeaves, ScanHandsOutWhatIsNotZero) {
  constexpr std::uint64_t seed = 8;
  std::cout << "seed " << seed << "\n";
  constexpr int lanes = 2, units = 16;
  struct Walk {
    bool fresh;
    int block, unit, factor;
    std::uint32_t key;
  };
  VScan module;
  module.start_i = module.ready_i = module.mixing_i = 0;
  reset(module);
  std::mt19937_64 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto value = [&] { return below(3) == 0 ? 0 : below(256) - 128; };
  int walks = 0;
  for (int job = 0; job < 3000; ++job) {
    int sent[3][units], event_unit[units], event_delta[units];  // rates, errors, steps
    for (int i = 0; i < units; ++i) {
      for (auto& memory : sent) memory[i] = value();
      event_unit[i] = below(units);
      event_delta[i] = below(4) == 0 ? 0 : below(512) - 256;
    }
    const bool events = below(2) != 0, learn = !events && below(2) != 0, error = below(2) != 0;
    const bool fresh = !events && !learn && below(2) != 0, bias = !events && !learn && below(2) != 0;
    const bool column = below(2) != 0;
    const int first = below(units), count = events ? below(units - first + 1) : 1 + below(units - first);
    const int one = below(4) == 0 ? 0 : 64, weights = 2 * below(32), row = 2 * below(8);
    const auto key = static_cast<std::uint32_t>(random());
    const auto block = [&](int unit) {
      return (weights + (column ? unit / lanes * lanes : unit / lanes * row)) % 256;
    };
    std::vector<Walk> expected;
    if (fresh) expected.push_back({true, block(0), 0, 0, 0});
    for (int i = 0; i < count; ++i) {
      const int unit = events ? event_unit[first + i] : i;
      const int factor = events ? event_delta[first + i] : sent[learn ? 2 : error ? 1 : 0][first + i];
      if (factor != 0)
        expected.push_back({false, block(unit), unit, factor,
                            apical::fixedpoint::mix32(key + static_cast<std::uint32_t>(i))});
    }
    if (bias && one != 0)
      expected.push_back({false, block(count), count, one,
                          apical::fixedpoint::mix32(key + static_cast<std::uint32_t>(count))});
    module.events_i = events;
    module.learn_i = learn;
    module.error_i = error;
    module.fresh_i = fresh;
    module.bias_i = bias;
    module.column_i = column;
    module.count_i = static_cast<std::uint8_t>(count);
    module.first_i = static_cast<std::uint8_t>(first);
    module.one_i = static_cast<std::uint8_t>(one);
    module.weights_i = static_cast<std::uint8_t>(weights);
    module.row_i = static_cast<std::uint8_t>(row);
    module.key_i = key;
    std::size_t next = 0;
    for (int clocks = 0;; ++clocks) {
      ASSERT_LT(clocks, 500) << "job " << job << " does not end";
      module.start_i = clocks == 0;
      module.ready_i = below(3) != 0;
      module.eval();
      if (clocks > 0 && !module.busy_o) break;
      if (module.valid_o && module.ready_i) {
        ASSERT_LT(next, expected.size()) << "job " << job;
        const Walk& w = expected[next++];
        ASSERT_EQ(module.fresh_o != 0, w.fresh) << "job " << job << " walk " << next;
        ASSERT_EQ(module.block_o, w.block) << "job " << job << " walk " << next;
        ASSERT_EQ(module.unit_o, w.unit) << "job " << job << " walk " << next;
        ASSERT_EQ(module.factor_o, w.factor & 511) << "job " << job << " walk " << next;
        ASSERT_TRUE(w.fresh || module.key_o == w.key) << "job " << job << " walk " << next;
      }
      const bool reads = module.re_o != 0;
      const int at = module.addr_o;
      clock(module);
      if (!reads) continue;
      module.sent_rate_i = static_cast<std::uint8_t>(sent[0][at]);
      module.sent_error_i = static_cast<std::uint8_t>(sent[1][at]);
      module.step_i = static_cast<std::uint8_t>(sent[2][at]);
      module.event_unit_i = static_cast<std::uint8_t>(event_unit[at]);
      module.event_delta_i = static_cast<std::uint16_t>(event_delta[at] & 511);
    }
    ASSERT_EQ(next, expected.size()) << "job " << job;
    walks += static_cast<int>(next);
  }
  EXPECT_GT(walks, 3000);
}
