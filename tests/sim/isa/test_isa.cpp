// SPDX-License-Identifier: Apache-2.0
// The words of the core in C++: every bit that has a meaning survives, and what doesn't fit is refused.
#include <gtest/gtest.h>

#include <random>

#include "sim/isa/core_map.hpp"

namespace {

using namespace apical::sim;

// Bits that have a meaning in the words of a block: those that come back.
template <class Block>
std::array<std::uint32_t, Block::words> meaning() {
  std::array<std::uint32_t, Block::words> ones;
  ones.fill(~0u);
  return Block::decode(ones.data()).encode();
}

template <class Block>
void comes_back() {
  std::mt19937 random(20261130);
  const auto mask = meaning<Block>();
  for (int trial = 0; trial < 1'000; ++trial) {
    std::array<std::uint32_t, Block::words> all{}, expected{};
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = static_cast<std::uint32_t>(random());
      expected[i] = all[i] & mask[i];
    }
    ASSERT_EQ(Block::decode(all.data()).encode(), expected);
  }
}

TEST(Isa, WordsComeBack) {
  comes_back<isa::Pass>();
  comes_back<isa::Header>();
  comes_back<isa::Population>();
  comes_back<isa::Matrix>();
  comes_back<isa::Projection>();
  EXPECT_EQ((meaning<isa::Pass>()),
            (std::array<std::uint32_t, 4>{0x3fffffff, 0x3fffffff, 0x1fffffff, 0x00ffffff}));
  EXPECT_EQ((meaning<isa::Matrix>()),
            (std::array<std::uint32_t, 7>{~0u, ~0u, ~0u, 0xffffffff, 0x7fffffff, ~0u, 0xffff}));
}

// Written by hand, from the tables of format 4 of bundles: programs of hosts hold these numbers.
TEST(Isa, PlacesAreThoseOfProgramsThatExist) {
  isa::Pass pass;
  pass.result = {kind::relay, memory::step, 33, true, isa::mode::stochastic, isa::overflow::wrap, -2};
  EXPECT_EQ(pass.encode()[0], 15u | 14u << 5 | 33u << 9 | 1u << 15 | 7u << 16 | 3u << 20 | 0xfeu << 22);
  pass.align = {1, 2, 3, 4, 5};
  EXPECT_EQ(pass.encode()[1], 1u | 2u << 6 | 3u << 12 | 4u << 18 | 5u << 24);
  pass.terms = {0xabc, 21, 17, true, true, 11};
  EXPECT_EQ(pass.encode()[2], 0xabcu | 21u << 12 | 17u << 18 | 1u << 23 | 1u << 24 | 11u << 25);
  pass.lookup = {0x1234, 12, true, true};
  EXPECT_EQ(pass.encode()[3], 0x1234u | 12u << 16 | 1u << 22 | 1u << 23);
  isa::Matrix matrix;
  matrix.walk = {0x54321, true, 9, -127};
  EXPECT_EQ(matrix.encode()[3], 0x54321u | 1u << 19 | 9u << 20 | 0x81u << 24);
  matrix.weight = {8, true, 7, 2, 0x123, 9, true};
  EXPECT_EQ(matrix.encode()[4], 8u | 1u << 6 | 7u << 7 | 2u << 11 | 0x123u << 13 | 9u << 25 | 1u << 30);
  matrix.one.value = -1;
  EXPECT_EQ(matrix.encode()[5], ~0u);
  isa::Operation operation;
  operation.code = isa::op::update;
  operation.index = 5;
  operation.slots = 0xfff;
  EXPECT_EQ(operation.encode(), 3u | 5u << 4 | 0xfffu << 12);
  EXPECT_EQ(pass_address(3, 2), 200u);
  EXPECT_EQ(header_address(3), 252u);
  EXPECT_EQ(projection_address(4, 2), 288u);
  EXPECT_EQ(eta_address(4, 2), 298u);
  EXPECT_EQ(reg::Link::decode(0x03'04'05'06).target, 4);
  EXPECT_TRUE(reg::Link::decode(0x03'04'05'06).first_backward);
}

// Both ends of every width are held, what is beyond them is refused by its name.
TEST(Isa, RefusesWhatDoesNotFit) {
  const auto refusal = [](auto& word, auto& field, int value) {
    const auto before = field;
    field = value;
    std::string what;
    try {
      word.encode();
    } catch (const std::invalid_argument& e) {
      what = e.what();
    }
    field = before;
    return what;
  };
  isa::PassResult result;
  EXPECT_EQ(refusal(result, result.kind, 31), "");
  EXPECT_EQ(refusal(result, result.kind, 32), "the core's words hold kind of 0..31, not 32");
  EXPECT_EQ(refusal(result, result.kind, -1), "the core's words hold kind of 0..31, not -1");
  EXPECT_EQ(refusal(result, result.shift, -128), "");
  EXPECT_EQ(refusal(result, result.shift, 127), "");
  EXPECT_EQ(refusal(result, result.shift, 128), "the core's words hold shift of -128..127, not 128");
  EXPECT_EQ(refusal(result, result.shift, -129), "the core's words hold shift of -128..127, not -129");
  isa::Place place;
  EXPECT_EQ(refusal(place, place.units, 65'535), "");
  EXPECT_EQ(refusal(place, place.units, 65'536), "the core's words hold units of 0..65535, not 65536");
  isa::MatrixWalk walk;
  EXPECT_EQ(refusal(walk, walk.columns, 1 << 19), "the core's words hold columns of 0..524287, not 524288");
}

}  // namespace
