// SPDX-License-Identifier: Apache-2.0
// FORWARD and BACKWARD under the three schedules: all of them lead to the same exact sums.
#include <algorithm>

#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/emulator/emulator_blocks.hpp"

namespace apical::fixedpoint {
namespace {

// Below one changed row in so many, BACKWARD picks single weights out of the columns.
constexpr std::ptrdiff_t sparse_rows = 64;

constexpr std::int64_t limit_32 = 2147483647;

std::uint64_t product(std::ptrdiff_t a, std::ptrdiff_t b) {
  return static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b);
}

std::int64_t largest_of(const std::int64_t* values, std::ptrdiff_t count) {
  std::int64_t largest = 0;
  for (std::ptrdiff_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(values[i]));
  return largest;
}

}  // namespace

// The sources that LEARN and a fresh FORWARD have to visit: all that aren't silent, and the bias.
ColumnList Emulator::active_columns(const Projection& p) {
  Layer& l = at(p.source);
  if (l.active_version != l.rate_version) {
    const auto units = static_cast<std::ptrdiff_t>(l.state.sent_rate.size());
    l.active = kernels_->neurons->differing(l.state.sent_rate.data(), nullptr, units, l.active_index.data(),
                                            l.active_rate.data());
    l.active_index[static_cast<std::size_t>(l.active)] = static_cast<std::int32_t>(units);
    l.active_version = l.rate_version;
  }
  // Projections from one source share the list, and only some have a bias.
  l.active_rate[static_cast<std::size_t>(l.active)] = p.one;
  return {l.active_index.data(), l.active_rate.data(), l.active + (p.bias && p.one != 0)};
}

// sums += Σ W[column] · value, over rows in parts.
void Emulator::add_columns(int index, const ColumnList& list) {
  if (list.count == 0) return;
  const Projection& p = projection(index);
  WeightMemory& w = memory_of(index);
  Route& r = routes_[static_cast<std::size_t>(index)];
  Activity& activity = observers_.work(p.target);
  observers_.traffic(index).forward_macs += product(p.rows, list.count);
  observers_.traffic(index).weight_reads += product(p.rows, list.count);
  activity.state_reads += static_cast<std::uint64_t>(list.count + p.rows);
  activity.state_writes += static_cast<std::uint64_t>(p.rows);
  const int parts = workers_.parts(list.count * p.rows);
  workers_.run(parts, [&](int part) {
    const RowRange rows(w.stride(), p.rows, *kernels_, part, parts);
    if (!w.wide()) {
      w.visit([&](auto* weights) {
        const auto& matrix = [&]() -> const auto& {
          if constexpr (sizeof(*weights) == 1)
            return kernels_->bytes;
          else
            return kernels_->words;
        }
        ();
        matrix.forward(weights, w.stride(), rows.first, rows.last, list, w.magnitude(), r.scratch.data(),
                       r.basal.sums.data());
      });
      return;
    }
    for (std::ptrdiff_t c = 0; c < list.count; ++c) {
      const std::int64_t* column = w.wide_column(list.index[c]);
      const std::int64_t value = list.value[c];
      for (std::ptrdiff_t row = rows.first; row < rows.last; ++row)
        r.basal.sums[static_cast<std::size_t>(row)] += column[row] * value;
    }
  });
}

void Emulator::forward(int index) {
  const Projection& p = projection(index);
  Route& r = routes_[static_cast<std::size_t>(index)];
  Accumulator& acc = r.basal;
  const Layer& source = at(p.source);
  const auto units = static_cast<std::ptrdiff_t>(source.state.sent_rate.size());
  const bool dense = options_.schedule == Schedule::dense;
  if (!dense && acc.valid && acc.version == source.rate_version) {
    acc.weigh(0.0, static_cast<double>(active_columns(p).count));
    return;
  }
  ColumnList list{r.list_index.data(), r.list_value.data(), 0};
  if (dense) {
    std::copy(source.state.sent_rate.begin(), source.state.sent_rate.end(), r.list_value.begin());
    if (p.bias) r.list_value[static_cast<std::size_t>(units)] = p.one;
    list = {r.all_index.data(), r.list_value.data(), p.columns};
    acc.valid = false;
  } else {
    const ColumnList active = active_columns(p);
    const std::ptrdiff_t fresh = active.count;
    std::ptrdiff_t changed = fresh;
    if (acc.valid || options_.schedule == Schedule::automatic)
      changed = kernels_->neurons->differing(source.state.sent_rate.data(), acc.known.data(), units,
                                             r.list_index.data(), r.list_value.data());
    acc.weigh(static_cast<double>(changed), static_cast<double>(fresh));
    if (acc.valid && options_.schedule == Schedule::automatic && changed > fresh) acc.valid = false;
    if (acc.valid)
      list.count = changed;
    else
      list = active;
  }
  if (!acc.valid) std::fill(acc.sums.begin(), acc.sums.end(), 0);
  add_columns(index, list);
  std::copy(source.state.sent_rate.begin(), source.state.sent_rate.end(), acc.known.begin());
  acc.version = source.rate_version;
  acc.valid = true;
  mark(p.target, part::basal);
}

// sums += Σ list.value · W[·][row] for all columns that are units.
void Emulator::add_rows(int index, std::ptrdiff_t count) {
  if (count == 0) return;
  const Projection& p = projection(index);
  WeightMemory& w = memory_of(index);
  Route& r = routes_[static_cast<std::size_t>(index)];
  const auto units = static_cast<std::ptrdiff_t>(at(p.source).state.sent_rate.size());
  Activity& activity = observers_.work(p.target);
  observers_.traffic(index).backward_macs += product(units, count);
  observers_.traffic(index).weight_reads += product(units, count);
  activity.state_reads += static_cast<std::uint64_t>(count + units);
  activity.state_writes += static_cast<std::uint64_t>(units);
  const int parts = workers_.parts(count * units);
  const auto pick = [&](auto column, std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t j = first; j < last; ++j) {
      const auto* weights = column(j);
      std::int64_t sum = 0;
      for (std::ptrdiff_t c = 0; c < count; ++c)
        sum += std::int64_t{weights[r.list_index[static_cast<std::size_t>(c)]]} *
               r.list_value[static_cast<std::size_t>(c)];
      r.apical.sums[static_cast<std::size_t>(j)] += sum;
    }
  };
  const bool sparse = count * sparse_rows < p.rows;
  const std::int64_t largest = largest_of(r.list_value.data(), count);
  const bool split =
      largest > 32767 || std::min<std::int64_t>(w.stride(), 1024) / 8 * w.magnitude() * largest > limit_32;
  if (!w.wide() && !sparse) {
    std::fill(r.low.begin(), r.low.end(), std::int16_t{0});
    if (split) std::fill(r.high.begin(), r.high.end(), std::int16_t{0});
    for (std::size_t c = 0; c < static_cast<std::size_t>(count); ++c) {
      const auto row = static_cast<std::size_t>(r.list_index[c]);
      const std::int64_t value = r.list_value[c];
      r.low[row] = static_cast<std::int16_t>(split ? value & 255 : value);
      if (split) r.high[row] = static_cast<std::int16_t>(value >> 8);
    }
  }
  workers_.run(parts, [&](int part) {
    const std::ptrdiff_t first = units * part / parts, last = units * (part + 1) / parts;
    if (w.wide())
      return pick([&](std::ptrdiff_t j) { return w.wide_column(static_cast<int>(j)); }, first, last);
    w.visit([&](auto* weights) {
      if (sparse) return pick([&](std::ptrdiff_t j) { return weights + j * w.stride(); }, first, last);
      const std::int16_t* high = split ? r.high.data() : nullptr;
      if constexpr (sizeof(*weights) == 1)
        kernels_->bytes.backward(weights, w.stride(), first, last, high, r.low.data(), r.apical.sums.data());
      else
        kernels_->words.backward(weights, w.stride(), first, last, high, r.low.data(), r.apical.sums.data());
    });
  });
}

void Emulator::backward(int index) {
  const Projection& p = projection(index);
  Route& r = routes_[static_cast<std::size_t>(index)];
  Accumulator& acc = r.apical;
  const Layer& upper = at(p.target);
  const bool automatic = options_.schedule == Schedule::automatic;
  if (options_.schedule != Schedule::dense && acc.valid && acc.version == upper.error_version) {
    acc.weigh(0.0, upper.errors_are_zero ? 0.0 : static_cast<double>(p.rows));
    return;
  }
  const auto differing = [&](const std::int64_t* from) {
    return kernels_->neurons->differing(upper.state.sent_error.data(), from, p.rows, r.list_index.data(),
                                        r.list_value.data());
  };
  std::ptrdiff_t count = 0;
  if (options_.schedule == Schedule::dense) acc.valid = false;
  if (acc.valid) {
    count = differing(acc.known.data());
    acc.weigh(static_cast<double>(count), static_cast<double>(p.rows));
  } else {
    count = differing(nullptr);
    if (automatic) acc.weigh(static_cast<double>(p.rows), static_cast<double>(count));
    std::fill(acc.sums.begin(), acc.sums.end(), 0);
  }
  if (options_.schedule == Schedule::dense && count > 0) {
    count = p.rows;
    for (std::ptrdiff_t row = 0; row < count; ++row) {
      r.list_index[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(row);
      r.list_value[static_cast<std::size_t>(row)] = upper.state.sent_error[static_cast<std::size_t>(row)];
    }
  }
  add_rows(index, count);
  std::copy(upper.state.sent_error.begin(), upper.state.sent_error.end(), acc.known.begin());
  acc.version = upper.error_version;
  acc.valid = true;
  mark(p.source, part::error);
}

// The sums of all projections into a population, which have one binary point (proofs.hpp).
const std::int64_t* Emulator::gathered(const std::vector<int>& projections, Accumulator Route::*direction,
                                       std::ptrdiff_t first, std::ptrdiff_t count,
                                       std::int64_t* scratch) const {
  const auto sums = [&](int index) {
    return (routes_[static_cast<std::size_t>(index)].*direction).sums.data() + first;
  };
  if (projections.size() == 1) return sums(projections.front());
  std::fill_n(scratch, count, 0);
  for (const int index : projections)
    for (std::ptrdiff_t i = 0; i < count; ++i) scratch[i] += sums(index)[i];
  return scratch;
}

}  // namespace apical::fixedpoint
