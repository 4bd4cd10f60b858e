// SPDX-License-Identifier: Apache-2.0
// The C interface called in any order with anything: never a crash, always a status and a message. And by
// threads.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <limits>
#include <random>

#include "tests/tools/c/open_emulator.hpp"

using namespace apical;
using test::last_error;

namespace {

constexpr std::uint64_t seed = 20261130;
constexpr std::size_t room = 16384;  // bytes of every array, more than anything asks for

// A caller that draws its calls, handles, pointers and numbers.
class Caller {
 public:
  explicit Caller(std::uint64_t from) : random_(from) {}
  ~Caller() {
    for (apical_emulator* handle : handles_) apical_close(handle);
  }

  void call() {
    used_ = nullptr;
    const int which = below(44);
    const apical_status status = one(which);
    ++statuses[static_cast<std::size_t>(status)];
    ASSERT_TRUE(status == APICAL_OK || status == APICAL_BAD_INPUT)
        << "call " << which << ": " << last_error(used_);
    if (status == APICAL_OK) {
      accepted |= std::uint64_t{1} << which;
      return;
    }
    const std::string said = last_error(used_);
    ASSERT_NE(said.find("; accepted: "), std::string::npos) << "call " << which << ": " << said;
    ASSERT_EQ(said.find('\n'), std::string::npos) << said;
  }

  std::array<int, 4> statuses{};
  std::uint64_t accepted = 0;  ///< one bit per call that was ever accepted

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  bool one_in(int n) { return below(n) == 0; }

  // Mostly one that is open; what was closed, null, or no handle at all.
  apical_emulator* handle() {
    if (handles_.empty() || one_in(12)) {
      const std::uintptr_t nothing = one_in(2) ? 0 : one_in(2) ? random_() : random_() % 64;
      std::memcpy(&used_, &nothing, sizeof used_);
    } else {
      used_ = handles_[static_cast<std::size_t>(below(static_cast<int>(handles_.size())))];
    }
    return used_;
  }
  template <class T>
  T* array(int which = 0) {
    auto& bytes = arrays_[static_cast<std::size_t>(which)];
    return one_in(20) ? nullptr : reinterpret_cast<T*>(bytes.data());
  }
  template <class T>
  T* filled(int which, T (Caller::*draw)()) {
    T* const values = array<T>(which);
    for (std::size_t i = 0; values != nullptr && i < 64; ++i) values[i] = (this->*draw)();
    return values;
  }
  std::int32_t small() {
    return one_in(8) ? static_cast<std::int32_t>(random_()) : one_in(2) ? 1 + below(2) : below(14);
  }
  std::size_t count() {
    constexpr std::size_t shapes[] = {6, 5, 3, 35, 18};
    return one_in(5) ? static_cast<std::size_t>(below(60)) : shapes[below(5)];
  }
  std::int64_t integer() { return one_in(20) ? static_cast<std::int64_t>(random_()) : below(4000) - 2000; }
  double real() {
    constexpr double odd[] = {std::numeric_limits<double>::quiet_NaN(),
                              std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::max(),
                              std::numeric_limits<double>::denorm_min(), -0.0};
    return one_in(400) ? odd[below(5)] : std::ldexp(below(4096) - 1024, -10);
  }
  std::uint16_t word() { return static_cast<std::uint16_t>(random_()); }
  const apical_format* format() {
    format_ = {1 + below(32), below(40) - 8, below(2), below(8), below(4), 1 + below(16)};
    std::int32_t* const fields[] = {&format_.bits,     &format_.frac,     &format_.is_signed,
                                    &format_.rounding, &format_.overflow, &format_.random_bits};
    if (one_in(4)) *fields[below(6)] = small();
    return one_in(20) ? nullptr : &format_;
  }
  const apical_counter* counter() {
    counter_ = {static_cast<std::uint32_t>(random_()), static_cast<std::uint32_t>(random_()),
                static_cast<std::uint32_t>(random_() >> (one_in(4) ? 32 : 52)),
                static_cast<std::uint32_t>(random_() >> (one_in(4) ? 32 : 44)),
                static_cast<std::uint32_t>(random_())};
    return one_in(2) ? nullptr : &counter_;
  }
  const char* text() {
    constexpr const char* texts[] = {"",
                                     "[network]\nlayers = [6, 5, 3]\n",
                                     "[network]\nlayers = [6, 5, 3]\n[dynamics]\nflow = \"lagrangian\"\n",
                                     "{ bits = 8, frac = 4 }",
                                     "{ bits = 8, frac = \"x\" }",
                                     "[[[[[[",
                                     "\xff\xfe\x01",
                                     "a = 1\n\nb",
                                     "network.layers=[6, 5, 3]",
                                     "run.threads=2",
                                     "=",
                                     "/nowhere"};
    return one_in(12) ? nullptr : texts[below(12)];
  }
  apical_status open() {
    if (handles_.size() > 12) {
      used_ = handles_.front();
      handles_.erase(handles_.begin());
      const apical_status status = apical_close(used_);
      used_ = one_in(2) ? used_ : nullptr;
      return status;
    }
    const char* overrides[] = {text(), "network.layers=[6, 5, 3]", text()};
    apical_emulator* made = nullptr;
    const std::size_t first = one_in(2) ? 1 : 0, all = first == 1 ? 1 : static_cast<std::size_t>(below(4));
    const char* const weights = one_in(6) ? text() : nullptr;
    apical_emulator** const into = one_in(12) ? nullptr : &made;
    const apical_status status =
        one_in(6) ? apical_open(text(), weights, overrides + first, all, into)
                  : apical_open_text(one_in(2) ? "" : text(), weights, overrides + first, all, into);
    if (status == APICAL_OK) {
      EXPECT_NE(made, nullptr);
      handles_.push_back(made);
    }
    return status;
  }

  apical_status one(int which) {
    auto* const i32 = array<std::int32_t>(1);
    auto* const text_into = array<const char*>(2);
    switch (which) {
      case 0:
        return apical_format_parse(text(), array<apical_format>());
      case 1:
        return apical_quantise(integer(), small(), format(), word(), array<std::int64_t>(), i32);
      case 2:
        return apical_quantise_real(real(), format(), word(), array<std::int64_t>(), i32);
      case 3:
        return apical_quantise_array(filled(0, &Caller::integer), count(), small(), format(),
                                     one_in(2) ? nullptr : filled(3, &Caller::word), counter(),
                                     array<std::int64_t>(2), array<std::uint8_t>(1));
      case 4:
        return apical_quantise_reals(filled(0, &Caller::real), count(), format(),
                                     one_in(2) ? nullptr : filled(3, &Caller::word), counter(),
                                     array<std::int64_t>(2), array<std::uint8_t>(1));
      case 5:
        return apical_random(counter(), count(), array<std::uint16_t>());
      case 6:
        return one_in(100) ? open() : apical_notes(handle(), text_into);
      case 7:
        return apical_close(one_in(100) ? handle() : nullptr);
      case 8:
        return apical_notes(handle(), text_into);
      case 9:
        return apical_layers(handle(), i32, array<std::int32_t>(2));
      case 10:
        return apical_units(handle(), small(), i32);
      case 11:
        return apical_layer_name(handle(), small(), text_into);
      case 12:
        return apical_projections(handle(), i32);
      case 13:
        return apical_projection_name(handle(), small(), text_into);
      case 14:
        return apical_projection_ends(handle(), small(), i32, array<std::int32_t>(2));
      case 15:
        return apical_rows(handle(), small(), i32);
      case 16:
        return apical_columns(handle(), small(), i32);
      case 17:
        return apical_format_of(handle(), small(), small(), array<apical_format>());
      case 18:
        return apical_weight_format(handle(), small(), array<apical_format>(), array<apical_format>(1));
      case 19:
        return apical_set_input(handle(), filled(0, &Caller::real), count());
      case 20:
        return apical_set_input_raw(handle(), filled(0, &Caller::integer), count());
      case 21:
        return apical_set_target(handle(), filled(0, &Caller::real), count());
      case 22:
        return apical_set_target_raw(handle(), filled(0, &Caller::integer), count());
      case 23:
        return apical_set_nudge(handle(), real());
      case 24:
        return apical_set_learning_scale(handle(), real());
      case 25:
        return apical_tick(handle());
      case 26:
        return apical_ticks(handle(), array<std::uint32_t>());
      case 27:
        return apical_operations(handle(), i32, array<std::int32_t>(2));
      case 28:
        return apical_operation_at(handle(), small(), array<apical_operation>(), text_into);
      case 29:
        return apical_next_operation(handle(), i32);
      case 30:
        return apical_execute(handle(), small());
      case 31:
        return execute_next();
      case 32:
        return end_tick();
      case 33:
        return apical_read_raw(handle(), small(), small(), array<std::int64_t>(), count());
      case 34:
        return apical_read_real(handle(), small(), small(), array<double>(), count());
      case 35:
        return apical_read_weights_raw(handle(), small(), array<std::int64_t>(), count());
      case 36:
        return apical_read_weights_real(handle(), small(), array<double>(), count());
      case 37:
        return apical_set_weights_raw(handle(), small(), filled(0, &Caller::integer), count());
      case 38:
        return apical_digest(handle(), array<char>(), static_cast<std::size_t>(below(50)));
      case 39:
        return apical_snapshot_size(handle(), array<std::size_t>());
      case 40:
        return take();
      case 41:
        return apical_restore(handle(), one_in(2) ? snapshot_.data() : array<char>(),
                              one_in(4) ? static_cast<std::size_t>(below(room)) : size_);
      case 42:
        return apical_restore(handle(), snapshot_.data(), size_);
      default:
        return apical_execute(handle(), small());
    }
  }
  apical_status execute_next() {
    std::int32_t next = 0;
    apical_emulator* const handle = this->handle();
    apical_next_operation(handle, &next);
    return apical_execute(handle, next);
  }
  apical_status end_tick() {
    apical_emulator* const handle = this->handle();
    std::int32_t next = -1;
    if (one_in(2))
      for (apical_next_operation(handle, &next); next >= 0; apical_next_operation(handle, &next))
        if (apical_execute(handle, next) != APICAL_OK) break;
    return apical_end_tick(handle);
  }
  apical_status take() {
    apical_emulator* const handle = this->handle();
    std::size_t size = size_;
    apical_snapshot_size(handle, &size);
    const apical_status status =
        apical_snapshot(handle, one_in(20) ? nullptr : snapshot_.data(), one_in(8) ? size - 1 : room);
    if (status == APICAL_OK) size_ = size;
    return status;
  }

  std::mt19937_64 random_;
  std::vector<apical_emulator*> handles_;
  apical_emulator* used_ = nullptr;
  alignas(64) std::array<std::array<char, room>, 4> arrays_{};
  alignas(64) std::array<char, room> snapshot_{};
  std::size_t size_ = 0;
  apical_format format_{};
  apical_counter counter_{};
};

}  // namespace

// 300,000 calls, unless the environment asks for more.
TEST(CallsInC, InAnyOrderHaveAStatusAndAMessage) {
  const char* const asked = std::getenv("APICAL_C_CALLS");
  const int calls = asked == nullptr ? 300000 : std::atoi(asked);
  std::cout << "seed " << seed << '\n';
  Caller caller(seed);
  for (int n = 0; n < calls; ++n) {
    SCOPED_TRACE(n);
    ASSERT_NO_FATAL_FAILURE(caller.call());
  }
  EXPECT_EQ(caller.accepted, (std::uint64_t{1} << 44) - 1);  // each of them works, too
  EXPECT_GT(caller.statuses[APICAL_OK], calls / 8);
  EXPECT_GT(caller.statuses[APICAL_BAD_INPUT], calls / 5);
}
