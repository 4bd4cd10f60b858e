// SPDX-License-Identifier: Apache-2.0
// LEARN: the changes of the weights, and of the sums that they feed.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/emulator/emulator_blocks.hpp"
#include "fixedpoint/numeric/counter_random.hpp"
#include "fixedpoint/numeric/quantise.hpp"

namespace apical::fixedpoint {
namespace {

// LEARN's roundings are counted on every 61st tick, on every 32nd row: 1% of the time.
constexpr std::uint32_t sampled_tick = 61;
constexpr int sampled_row = 32;

// What correcting the sums costs LEARN, in parts of a multiply-accumulate per weight.
constexpr double correction_work = 0.8;

std::uint64_t product(std::ptrdiff_t a, std::ptrdiff_t b) {
  return static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b);
}

}  // namespace

// step = quantise(eta · error), row by row. False where all steps are 0, which no rounding changes.
bool Emulator::quantise_steps(int index) {
  const Projection& p = projection(index);
  Route& r = routes_[static_cast<std::size_t>(index)];
  Layer& target = at(p.target);
  if (target.errors_are_zero || state_.eta[static_cast<std::size_t>(index)] == 0) return false;
  const auto& errors = target.state[Signal::error];
  const Affine scaled{{errors.data(), nullptr, nullptr, nullptr},
                      {state_.eta[static_cast<std::size_t>(index)], 0, 0, 0},
                      {},
                      nullptr,
                      target.narrow};
  kernels_->neurons->affine(scaled, p.rows, r.exact.data());
  const RandomRows random{program_->seed, state_.tick, stream(Signal::step, p.stream), first_row(p)};
  const int frac = p.eta_frac + learning_signal_format(*program_, p).frac;
  const Tally tally = kernels_->neurons->quantise[static_cast<std::size_t>(p.step.rounding)](
      r.exact.data(), p.rows, frac, p.step, random, observers_.counting(), r.steps.data());
  observers_.stepped(
      {std::nullopt, Signal::step, p.target, index, 0, p.rows, r.exact.data(), frac, p.step, r.steps.data()},
      tally);
  return tally.nonzero;
}

void Emulator::learn(int index) {
  const Projection& p = projection(index);
  Route& r = routes_[static_cast<std::size_t>(index)];
  if (!quantise_steps(index)) return;
  observed_.steps = true;
  const Layer& source = at(p.source);
  if (observers_.statistics() && state_.tick % sampled_tick == 0) sample_learning(index);
  if (!observers_.watchers().empty()) watch_learning(index);
  ColumnList columns = active_columns(p);
  const Narrowed steps = kernels_->neurons->narrow(r.steps.data(), p.rows, r.narrow_steps.data());
  std::ptrdiff_t rows = steps.nonzero;
  if (options_.schedule == Schedule::dense) {
    std::copy(source.state.sent_rate.begin(), source.state.sent_rate.end(), r.list_value.begin());
    if (p.bias) r.list_value[source.state.sent_rate.size()] = p.one;
    columns = {r.all_index.data(), r.list_value.data(), p.columns};
    rows = p.rows;
  }
  Activity& activity = observers_.work(p.target);
  observers_.traffic(index).learn_macs += product(rows, columns.count);
  observers_.traffic(index).weight_reads += product(rows, columns.count);
  observers_.traffic(index).weight_writes += product(rows, columns.count);
  activity.state_reads += static_cast<std::uint64_t>(rows + columns.count);

  const auto corrects = [&](Accumulator& acc, bool used, bool in_step) {
    // Where weights decay, most of them move: a sum anew costs less than following.
    if (!used || options_.schedule == Schedule::dense || p.decay >= 0) return acc.valid = false;
    if (options_.schedule == Schedule::automatic) {
      acc.following += correction_work * static_cast<double>(columns.count) / 16;
      acc.valid = acc.valid && acc.keep;
    }
    return acc.valid = acc.valid && in_step;
  };
  const bool basal = corrects(r.basal, true, r.basal.version == source.rate_version);
  const bool apical = corrects(r.apical, p.backward, true);
  if (memory_of(index).wide() || p.accumulator_bits > 0)
    learn_singly(index, columns, basal && options_.correct_sums, apical && options_.correct_sums);
  else
    learn_weights(index, columns, steps.largest, basal && options_.correct_sums,
                  apical && options_.correct_sums);
  if (basal) mark(p.target, part::basal);
  if (apical) mark(p.source, part::error);
  if (p.shares >= 0) routes_[static_cast<std::size_t>(p.shares)].basal.valid = false;
}

void Emulator::learn_weights(int index, const ColumnList& columns, std::int64_t largest, bool basal,
                             bool apical) {
  const Projection& p = projection(index);
  WeightMemory& w = memory_of(index);
  Route& r = routes_[static_cast<std::size_t>(index)];
  const std::int64_t largest_error =
      apical ? kernels_->neurons->narrow(r.apical.known.data(), p.rows, r.narrow_errors.data()).largest : 0;
  if (p.weight.rounding == Rounding::stochastic)
    kernels_->neurons->keys({program_->seed, state_.tick, stream(Signal::weight, p.stream), first_row(p)},
                            p.rows, r.low_keys.data(), r.high_keys.data());
  const Layer& source = at(p.source);
  const auto rounding = static_cast<std::size_t>(p.weight.rounding);
  const int parts = workers_.parts(columns.count * p.rows);
  workers_.run(parts, [&](int part) {
    auto& partial = r.partial[static_cast<std::size_t>(part)];
    std::uint8_t& moved = r.moved[static_cast<std::size_t>(part)];
    moved = 0;
    if (apical && parts > 1) std::fill(partial.begin(), partial.end(), 0);
    LearnBlock k{};
    k.stride = w.stride();
    k.columns = columns;
    k.a = source.key_a.data();
    k.b = source.key_b.data();
    k.low_keys = r.low_keys.data();
    k.high_keys = r.high_keys.data();
    k.steps = r.narrow_steps.data();
    k.shift = p.learn_shift;
    k.decay = p.decay;
    k.weight = p.weight;
    k.largest_step = static_cast<std::int32_t>(largest);
    k.basal_sums = basal ? r.basal.sums.data() : nullptr;
    k.errors = r.narrow_errors.data();
    k.largest_error = static_cast<std::int32_t>(largest_error);
    k.apical_sums = !apical ? nullptr : parts > 1 ? partial.data() : r.apical.sums.data();
    k.scratch = r.scratch.data();
    const RowRange rows(w.stride(), p.rows, *kernels_, part, parts);
    // Runs of blocks with a step that isn't 0.
    const auto still = [&](std::ptrdiff_t first) {
      return std::all_of(r.narrow_steps.begin() + first, r.narrow_steps.begin() + first + row_block,
                         [](std::int16_t step) { return step == 0; });
    };
    for (k.first = rows.first; k.first < rows.last; k.first = k.last) {
      k.last = k.first + row_block;
      if (options_.schedule != Schedule::dense && still(k.first)) continue;
      while (k.last < rows.last && (options_.schedule == Schedule::dense || !still(k.last)))
        k.last += row_block;
      k.last = std::min(k.last, rows.last);
      w.visit([&](auto* weights) {
        const auto move = [&] {
          if constexpr (sizeof(*weights) == 1)
            kernels_->bytes.learn[rounding](weights, k);
          else
            kernels_->words.learn[rounding](weights, k);
        };
        // While it isn't known that a weight moved: a few columns, and a look at them.
        using Word = std::remove_pointer_t<decltype(weights)>;
        const auto height = static_cast<std::size_t>(k.last - k.first);
        Word* const before = reinterpret_cast<Word*>(r.before.data() + part * watched_columns * w.stride());
        k.columns = columns;
        while (options_.watch_weights && !moved && k.columns.count > 0) {
          const ColumnList rest = k.columns;
          k.columns.count = std::min(watched_columns, rest.count);
          const auto at_column = [&](std::ptrdiff_t c) {
            return weights + rest.index[c] * w.stride() + k.first;
          };
          for (std::ptrdiff_t c = 0; c < k.columns.count; ++c)
            std::copy_n(at_column(c), height, before + static_cast<std::size_t>(c) * height);
          move();
          for (std::ptrdiff_t c = 0; c < k.columns.count && !moved; ++c)
            moved = std::memcmp(at_column(c), before + static_cast<std::size_t>(c) * height,
                                height * sizeof(Word)) != 0;
          k.columns = {rest.index + k.columns.count, rest.value + k.columns.count,
                       rest.count - k.columns.count};
        }
        if (k.columns.count > 0) move();
      });
    }
  });
  observed_.weights_moved = std::find(r.moved.begin(), r.moved.begin() + parts, 1) != r.moved.begin() + parts;
  const Format& rate = population(p.source)[Signal::rate];
  const std::int64_t largest_rate = std::max(-rate.minimum_raw(), rate.maximum_raw());
  w.moved(((largest_rate * largest) >> p.learn_shift) + 1, *kernels_);
  if (apical && parts > 1)
    for (const auto& partial : r.partial)
      for (std::size_t j = 0; j < source.state.sent_rate.size(); ++j) r.apical.sums[j] += partial[j];
}

namespace {

// W + round(change): the change is rounded on its own, so that a mode's treatment of ties and signs is about
// the change and not about the weight it meets.
std::int64_t rounded_change(std::int64_t change, int change_frac, const Format& weight,
                            std::uint32_t random) {
  return quantise(change, change_frac, weight.wide(), random).raw;  // enough by the compiler's proof
}

Quantised moved(std::int64_t weight, std::int64_t change, const Format& format) {
  return quantise(weight + change, format.frac, format);
}

}  // namespace

// Weight by weight, in 64 bits; accumulators where there are some, and the weights that follow from them.
void Emulator::learn_singly(int index, const ColumnList& columns, bool basal, bool apical) {
  const Projection& p = projection(index);
  const Format learned = p.learned();
  WeightMemory& w = memory_of(index);
  Route& r = routes_[static_cast<std::size_t>(index)];
  const int frac = p.step.frac + population(p.source)[Signal::rate].frac;
  const bool stochastic = p.weight.rounding == Rounding::stochastic;
  const std::uint32_t weights_stream = stream(Signal::weight, p.stream);
  const auto first_column = static_cast<std::uint32_t>(population(p.source).first_unit);
  for (int row = 0; row < p.rows; ++row) {
    const auto i = static_cast<std::size_t>(row);
    if (r.steps[i] == 0) continue;  // every rounding mode leaves an exact zero
    const std::uint32_t key =
        row_key(program_->seed, state_.tick, weights_stream, first_row(p) + static_cast<std::uint32_t>(row));
    std::int64_t* const fine = accumulators_of(index, row);
    for (std::ptrdiff_t c = 0; c < columns.count; ++c) {
      const std::int32_t j = columns.index[c];
      const std::int64_t rate = columns.value[c];
      if (rate == 0) continue;
      const std::uint32_t random =
          stochastic ? random16(key, first_column + static_cast<std::uint32_t>(j)) : 0;
      const std::int64_t weight = w.at(row, j), before = fine == nullptr ? weight : fine[j];
      const std::int64_t change = rounded_change(p.change(r.steps[i], rate, before), frac, learned, random);
      const std::int64_t moved_to = moved(before, change, learned).raw;
      const std::int64_t after = fine == nullptr ? moved_to : p.read(moved_to);
      if (fine != nullptr) fine[j] = moved_to;
      observed_.weights_moved |= moved_to != before;
      if (after == weight) continue;
      if (basal) r.basal.sums[i] += (after - weight) * rate;
      if (apical) r.apical.sums[static_cast<std::size_t>(j)] += (after - weight) * r.apical.known[i];
      w.set(row, j, after);
    }
  }
}

void Emulator::watch_learning(int index) {
  const Projection& p = projection(index);
  const Format format = p.learned();
  const Route& r = routes_[static_cast<std::size_t>(index)];
  const ColumnList columns = active_columns(p);
  const int frac = p.step.frac + population(p.source)[Signal::rate].frac;
  const std::uint32_t weights_stream = stream(Signal::weight, p.stream);
  const auto first_column = static_cast<std::uint32_t>(population(p.source).first_unit);
  for (int row = 0; row < p.rows; ++row) {
    const std::int64_t step = r.steps[static_cast<std::size_t>(row)];
    if (step == 0) continue;
    const std::uint32_t key =
        row_key(program_->seed, state_.tick, weights_stream, first_row(p) + static_cast<std::uint32_t>(row));
    for (std::ptrdiff_t c = 0; c < columns.count; ++c) {
      const int column = columns.index[c];
      const std::int64_t rate = columns.value[c], before = learned(index, row, column);
      const std::int64_t exact = p.change(step, rate, before);
      const std::uint32_t random = random16(key, first_column + static_cast<std::uint32_t>(column));
      const std::int64_t change = rounded_change(exact, frac, format, random);
      const WeightChange seen{index,
                              p.target,
                              row,
                              column,
                              step,
                              rate,
                              before,
                              exact,
                              frac,
                              format,
                              random,
                              change,
                              moved(before, change, format).raw};
      for (Watcher* watcher : observers_.watchers()) watcher->changes(seen);
    }
  }
}

void Emulator::sample_learning(int index) {
  const Projection& p = projection(index);
  const Format format = p.learned();
  const Route& r = routes_[static_cast<std::size_t>(index)];
  const int holder = holder_of(*program_, index);
  const Layer& source = at(p.source);
  const int frac = p.step.frac + population(p.source)[Signal::rate].frac;
  const std::uint32_t weights_stream = stream(Signal::weight, p.stream);
  const auto first_column = static_cast<std::uint32_t>(population(p.source).first_unit);
  for (int row = static_cast<int>(state_.tick / sampled_tick) % sampled_row; row < p.rows;
       row += sampled_row) {
    const std::int64_t step = r.steps[static_cast<std::size_t>(row)];
    if (step == 0) continue;
    const std::uint32_t key =
        row_key(program_->seed, state_.tick, weights_stream, first_row(p) + static_cast<std::uint32_t>(row));
    for (std::size_t j = 0; j < source.state.sent_rate.size(); ++j) {
      if (source.state.sent_rate[j] == 0) continue;
      const std::int64_t before = learned(index, row, static_cast<int>(j));
      const std::int64_t change =
          rounded_change(p.change(step, source.state.sent_rate[j], before), frac, format,
                         random16(key, first_column + static_cast<std::uint32_t>(j)));
      observers_.changed(holder, change, moved(before, change, format));
    }
  }
}

}  // namespace apical::fixedpoint
