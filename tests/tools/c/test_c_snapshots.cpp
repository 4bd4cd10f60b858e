// SPDX-License-Identifier: Apache-2.0
// Snapshots: a training goes on from one as if nothing had happened, and what isn't one is refused whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "fixedpoint/emulator/digest.hpp"
#include "tests/tools/c/open_emulator.hpp"
#include "tests/tools/random_configuration.hpp"

using namespace apical;
using test::last_error;
using test::OpenedInC;

namespace {

using Bytes = std::vector<std::uint8_t>;

// Inputs, targets, nudges and learning scales that are a function of the tick and of a seed.
void step(apical_emulator* handle, std::uint64_t seed, std::uint32_t tick) {
  std::mt19937_64 random(seed * 1000 + tick);
  std::int32_t layers = 0, inputs = 0, outputs = 0;
  ASSERT_EQ(apical_layers(handle, &layers, nullptr), APICAL_OK);
  ASSERT_EQ(apical_units(handle, 0, &inputs), APICAL_OK);
  ASSERT_EQ(apical_units(handle, layers - 1, &outputs), APICAL_OK);
  std::vector<double> input(static_cast<std::size_t>(inputs)), target(static_cast<std::size_t>(outputs));
  for (double& x : input) x = random() % 3 == 0 ? 0.0 : std::ldexp(static_cast<double>(random() >> 11), -53);
  for (double& x : target) x = std::ldexp(static_cast<double>(random() >> 11), -52) - 0.5;
  // Some ticks go on with what was shown before.
  if (random() % 3 != 0) {
    ASSERT_EQ(apical_set_input(handle, input.data(), input.size()), APICAL_OK) << last_error(handle);
  }
  if (random() % 3 != 0) {
    ASSERT_EQ(apical_set_target(handle, target.data(), target.size()), APICAL_OK) << last_error(handle);
  }
  if (random() % 4 == 0) {
    ASSERT_EQ(apical_set_nudge(handle, random() % 2 == 0 ? 0.0 : 1.0), APICAL_OK) << last_error(handle);
  }
  if (random() % 4 == 0) {
    ASSERT_EQ(apical_set_learning_scale(handle, random() % 3 == 0 ? 0.0 : 0.7), APICAL_OK)
        << last_error(handle);
  }
  ASSERT_EQ(apical_tick(handle), APICAL_OK) << last_error(handle);
}

std::vector<std::string> with(std::vector<std::string> assignments, const std::string& one) {
  assignments.push_back(one);
  return assignments;
}

// The last words of a snapshot, made right again: a forger can do that.
void sign(Bytes& bytes) {
  std::vector<std::int64_t> words(bytes.size() / 8 - 4);
  std::memcpy(words.data(), bytes.data(), words.size() * 8);
  fixedpoint::StateDigest digest;
  digest.add(words);
  std::memcpy(bytes.data() + words.size() * 8, digest.hex().data(), 32);
}

const std::vector<std::string> small = {"network.layers=[6, 5, 3]", "learning.eta=0.1"};

}  // namespace

TEST(SnapshotsInC, GoOnWithTheSameBitsInEveryConfigurationAndUnderEverySchedule) {
  constexpr std::uint64_t first = 7700, count = 300;
  int ran = 0;
  for (std::uint64_t number = first; number < first + count; ++number) {
    SCOPED_TRACE(number);
    const auto assignments = test::RandomConfiguration(number).assignments;
    const OpenedInC straight("", assignments);
    if (!straight.refused.empty()) continue;
    ++ran;
    const std::uint32_t before = number % 5 == 0 ? 0 : static_cast<std::uint32_t>(number % 9);
    for (std::uint32_t t = 0; t < before; ++t) ASSERT_NO_FATAL_FAILURE(step(straight, number, t));
    const Bytes bytes = straight.snapshot();
    // A fresh machine, and one that has been elsewhere.
    const OpenedInC fresh("", with(assignments, "run.schedule=dense"));
    const OpenedInC used("", with(assignments, "run.schedule=event"));
    for (std::uint32_t t = 0; t < 3; ++t) ASSERT_NO_FATAL_FAILURE(step(used, number + 1, t));
    for (apical_emulator* other :
         {static_cast<apical_emulator*>(fresh), static_cast<apical_emulator*>(used)}) {
      ASSERT_EQ(apical_restore(other, bytes.data(), bytes.size()), APICAL_OK) << last_error(other);
      std::uint32_t ticks = 99;
      ASSERT_EQ(apical_ticks(other, &ticks), APICAL_OK);
      ASSERT_EQ(ticks, before);
    }
    ASSERT_EQ(fresh.digest(), straight.digest());
    ASSERT_EQ(fresh.snapshot(), bytes);
    for (std::uint32_t t = before; t < before + 8; ++t) {
      for (const OpenedInC* one : {&straight, &fresh, &used}) ASSERT_NO_FATAL_FAILURE(step(*one, number, t));
      ASSERT_EQ(fresh.digest(), straight.digest()) << "tick " << t;
      ASSERT_EQ(used.digest(), straight.digest()) << "tick " << t;
    }
  }
  EXPECT_GT(ran, 50) << "of " << count;
}

TEST(SnapshotsInC, DontDependOnInitialWeightsButOnTheProgram) {
  const OpenedInC from("", small);
  for (std::uint32_t t = 0; t < 5; ++t) step(from, 1, t);
  const Bytes bytes = from.snapshot();
  const OpenedInC other_weights("", with(small, "network.gain=0.5"));
  ASSERT_NE(other_weights.digest(), from.digest());
  EXPECT_EQ(apical_restore(other_weights, bytes.data(), bytes.size()), APICAL_OK)
      << last_error(other_weights);
  EXPECT_EQ(other_weights.digest(), from.digest());
  for (const char* change :
       {"run.seed=2", "formats.u.rounding=TRN", "formats.weight.random_bits=3", "dynamics.tau=11",
        "dynamics.beta=0.2", "learning.eta=0.2", "events.theta_rate=1", "network.bias=false",
        "network.activation=tanh", "dynamics.order=parallel", "learning.enabled=false", "dynamics.gamma=0",
        "network.layers=[6, 5, 4]", "tables.index_bits=8", "dynamics.rho=0.5", "dynamics.flow=lagrangian"}) {
    const OpenedInC other("", with(small, change));
    ASSERT_EQ(other.refused, "");
    const std::string before = other.digest();
    EXPECT_EQ(apical_restore(other, bytes.data(), bytes.size()), APICAL_BAD_INPUT) << change;
    EXPECT_EQ(last_error(other).rfind("snapshot: of the program ", 0), 0u)
        << change << ": " << last_error(other);
    EXPECT_EQ(other.digest(), before) << change;
  }
}

TEST(SnapshotsInC, AreRefusedWhereABitOrAByteIsAnother) {
  const OpenedInC from("", small), to("", small);
  for (std::uint32_t t = 0; t < 5; ++t) step(from, 1, t);
  const Bytes bytes = from.snapshot();
  const std::string before = to.digest();
  const auto refused = [&](const Bytes& wrong, const std::string& what) {
    ASSERT_EQ(apical_restore(to, wrong.data(), wrong.size()), APICAL_BAD_INPUT) << what;
    ASSERT_EQ(last_error(to).rfind("snapshot: ", 0), 0u) << what << ": " << last_error(to);
    ASSERT_EQ(to.digest(), before) << what;
  };
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes wrong = bytes;
    wrong[i] ^= static_cast<std::uint8_t>(1u << i % 8);
    ASSERT_NO_FATAL_FAILURE(refused(wrong, "byte " + std::to_string(i)));
  }
  for (std::size_t size = 0; size < bytes.size(); size += size < 200 ? 1 : 37)
    ASSERT_NO_FATAL_FAILURE(refused(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)),
                                    "its first " + std::to_string(size) + " bytes"));
  Bytes longer = bytes;
  longer.push_back(0);
  refused(longer, "a byte more");
  longer.resize(bytes.size() + 8);
  refused(longer, "a word more");
}

// Whose checksum is right: every word is what its place may hold, or is refused.
TEST(SnapshotsInC, HoldOnlyValuesOfTheirFormats) {
  const OpenedInC from("", small), to("", small);
  for (std::uint32_t t = 0; t < 5; ++t) step(from, 1, t);
  const Bytes bytes = from.snapshot();
  int refusals = 0, restored = 0;
  for (std::size_t word = 1; word + 4 < bytes.size() / 8; ++word)
    for (const std::int64_t value :
         {INT64_MIN, INT64_MAX, std::int64_t{-1}, std::int64_t{32767}, std::int64_t{-32768}}) {
      Bytes forged = bytes;
      std::memcpy(forged.data() + word * 8, &value, 8);
      sign(forged);
      const apical_status status = apical_restore(to, forged.data(), forged.size());
      if (std::abs(static_cast<double>(value)) > 40000.0) {
        ASSERT_EQ(status, APICAL_BAD_INPUT) << word;
      }
      if (status == APICAL_OK) {
        ++restored;
        ASSERT_EQ(to.snapshot(), forged) << word;
        ASSERT_NO_FATAL_FAILURE(step(to, 2, 0));
      } else {
        ++refusals;
        ASSERT_EQ(last_error(to).rfind("snapshot: ", 0), 0u) << word << ": " << last_error(to);
      }
    }
  EXPECT_GT(refusals, 2 * 250);
  EXPECT_GT(restored, 2 * 250);
  Bytes again = bytes;
  sign(again);
  EXPECT_EQ(again, bytes);
}

TEST(SnapshotsInC, AreTakenBetweenTicksAndEndTheOneUnderWay) {
  const OpenedInC from("", small), to("", small);
  for (std::uint32_t t = 0; t < 5; ++t) step(from, 1, t);
  Bytes bytes = from.snapshot();
  std::int32_t next = 0;
  ASSERT_EQ(apical_next_operation(to, &next), APICAL_OK);
  ASSERT_EQ(apical_execute(to, next), APICAL_OK);
  EXPECT_EQ(apical_snapshot(to, bytes.data(), bytes.size()), APICAL_BAD_INPUT);
  EXPECT_EQ(last_error(to),
            "snapshot: a tick is under way; accepted: between ticks (apical_tick() ends one)");
  EXPECT_EQ(apical_restore(to, bytes.data(), bytes.size()), APICAL_OK);
  EXPECT_EQ(to.snapshot(), bytes);
  step(from, 1, 5);
  step(to, 1, 5);
  EXPECT_EQ(to.digest(), from.digest());
  EXPECT_EQ(apical_snapshot(to, bytes.data(), bytes.size() - 1), APICAL_BAD_INPUT);
}
