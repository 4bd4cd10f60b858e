// SPDX-License-Identifier: Apache-2.0
#include "tools/deploy/signal_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "fixedpoint/numeric/counter_random.hpp"
#include "sim/machines/emulator_integers.hpp"
#include "sim/verify/retiring_emulator.hpp"
#include "sim/verify/writing_order.hpp"
#include "tools/config/formats.hpp"
#include "tools/deploy/pass_operands.hpp"
#include "tools/deploy/records.hpp"

namespace apical::tools {
namespace {

using namespace apical::fixedpoint;
using nlohmann::ordered_json;

const Field tick_field{"tick", 32, 0, false}, random_field{"random16", 16, 0, false};
constexpr int number_bits = 32, exact_bits = 64;

Field number(const char* name) {
  return {name, number_bits, 0, false};
}

// Of a pass: what follows its signal's name in that of the file, where two passes write one.
const char* moment_of(PassSlot slot) {
  return slot == PassSlot::start_error || slot == PassSlot::start_mismatch ? "start_" : "";
}

// Takes down every quantisation of one emulator.
class Recorder final : public Watcher {
 public:
  /// To be called once, before the first tick.
  void attach(const Emulator& emulator) {
    emulator_ = &emulator;
    for (const Population& p : program().populations)
      membranes_.emplace_back(static_cast<std::size_t>(p.units), 0);
  }

  void quantised(const QuantisedRun& run) override {
    if (!run.slot) return steps(run);
    Pass& pass = pass_of_run(run);
    const Population& p = program().populations[static_cast<std::size_t>(run.layer)];
    const std::uint32_t stream = stream_number(run.signal, program().first_layer + run.layer);
    pass.file.described["stream"] = stream;
    for (std::ptrdiff_t i = 0; i < run.count; ++i) {
      const auto unit = static_cast<std::size_t>(run.first + i);
      std::vector<std::int64_t> row{emulator_->ticks(), static_cast<std::int64_t>(unit)};
      for (const PassOperands::Operand& operand : pass.operands.operands) row.push_back(operand.value(unit));
      finish(pass.file.records, row, run, i, stream, p.first_unit + static_cast<int>(unit));
    }
    if (run.slot == PassSlot::membrane)
      std::copy_n(run.values, run.count, membranes_[static_cast<std::size_t>(run.layer)].begin() + run.first);
  }

  void changes(const WeightChange& c) override {
    const Projection& p = program().projections[static_cast<std::size_t>(c.projection)];
    auto found = weights_.find(c.projection);
    if (found == weights_.end()) {
      const Field weight = field_of("before", p.weight);
      const Format& rate = program().populations[static_cast<std::size_t>(p.source)][Signal::rate];
      File file{Records({tick_field,
                         number("row"),
                         number("column"),
                         field_of("step", p.step),
                         field_of("rate", rate),
                         weight,
                         {"exact", exact_bits, c.frac, true},
                         random_field,
                         {"change", exact_bits, p.weight.frac, true},
                         field_of("result", p.weight)}),
                {}};
      file.described = {{"signal", "weight"}, {"projection", without_spaces(p.name)}};
      file.described["formula"] = p.decay < 0 ? "step * rate"
                                              : fmt::format("step * rate - before / {}",
                                                            std::int64_t{1} << (p.learn_shift - p.decay));
      file.described["stream"] = stream_number(Signal::weight, program().first_layer + p.stream);
      file.described["format"] = in_json(p.weight);
      found = weights_.emplace(c.projection, std::move(file)).first;
    }
    found->second.records.add({emulator_->ticks(), c.row, c.column, c.step, c.rate, c.before, c.exact,
                               c.random16, c.change, c.after});
  }

  /// The files, each described in `all`.
  void write(std::map<std::string, std::string>& files, ordered_json& all) const {
    for (const auto& [key, pass] : passes_) put(pass.name, pass.file, files, all);
    for (const auto& [projection, file] : steps_) put("step_" + name_of(projection), file, files, all);
    for (const auto& [projection, file] : weights_) put("weight_" + name_of(projection), file, files, all);
  }

  static void put(const std::string& name, const Records& records, ordered_json described,
                  std::map<std::string, std::string>& files, ordered_json& all) {
    files[name + ".csv"] = records.csv();
    files[name + ".memh"] = records.memh();
    described["csv"] = name + ".csv";
    described["memh"] = name + ".memh";
    described["records"] = records.rows();
    described["fields"] = records.in_json();
    all.push_back(std::move(described));
  }

 private:
  struct File {
    Records records;
    ordered_json described;
  };
  struct Pass {
    std::string name;
    PassOperands operands;
    File file;
  };

  const Program& program() const { return emulator_->program(); }
  std::string name_of(int projection) const {
    return without_spaces(program().projections[static_cast<std::size_t>(projection)].name);
  }
  static void put(const std::string& name, const File& file, std::map<std::string, std::string>& files,
                  ordered_json& all) {
    put(name, file.records, file.described, files, all);
  }

  Pass& pass_of_run(const QuantisedRun& run) {
    const auto key = std::pair{run.layer, *run.slot};
    const auto found = passes_.find(key);
    if (found != passes_.end()) return found->second;
    const Population& p = program().populations[static_cast<std::size_t>(run.layer)];
    PassOperands operands =
        operands_of(*emulator_, *run.slot, run.layer, membranes_[static_cast<std::size_t>(run.layer)]);
    std::vector<Field> fields{tick_field, number("unit")};
    for (const PassOperands::Operand& operand : operands.operands) fields.push_back(operand.field);
    add_end(fields, run);
    File file{Records(std::move(fields)), {}};
    file.described = {{"signal", fixedpoint::name_of(run.signal)}, {"population", without_spaces(p.name)}};
    if (operands.formula.empty())
      file.described["sum_of"] = sums_into(run);
    else
      file.described["formula"] = operands.formula;
    file.described["format"] = in_json(run.format);
    std::string name =
        moment_of(*run.slot) + std::string(fixedpoint::name_of(run.signal)) + "_" + without_spaces(p.name);
    return passes_.emplace(key, Pass{std::move(name), std::move(operands), std::move(file)}).first->second;
  }

  // Which matrices meet what.
  ordered_json sums_into(const QuantisedRun& run) const {
    ordered_json all;
    const bool forward = run.signal == Signal::basal;
    for (const int k : forward ? forwards_into(program(), run.layer) : backwards_into(program(), run.layer)) {
      const Projection& p = program().projections[static_cast<std::size_t>(k)];
      const Population& other =
          program().populations[static_cast<std::size_t>(forward ? p.source : p.target)];
      all.push_back({{"weights", name_of(holder_of(program(), k))},
                     {forward ? "sent_rate_of" : "sent_error_of", without_spaces(other.name)}});
    }
    return all;
  }

  void steps(const QuantisedRun& run) {
    const Projection& p = program().projections[static_cast<std::size_t>(run.projection)];
    const Format& error = learning_signal_format(program(), p);
    auto found = steps_.find(run.projection);
    if (found == steps_.end()) {
      std::vector<Field> fields{
          tick_field, number("row"), field_of("error", error), {"eta", eta_bits, p.eta_frac, false}};
      add_end(fields, run);
      File file{Records(std::move(fields)), {}};
      file.described = {{"signal", "step"},
                        {"projection", name_of(run.projection)},
                        {"formula", "eta * error"},
                        {"format", in_json(run.format)}};
      found = steps_.emplace(run.projection, std::move(file)).first;
    }
    const auto& errors = emulator_->state(run.layer)[Signal::error];
    const std::uint32_t stream = stream_number(Signal::step, program().first_layer + p.stream);
    found->second.described["stream"] = stream;
    const int first_row = program().populations[static_cast<std::size_t>(p.target)].first_unit;
    for (std::ptrdiff_t i = 0; i < run.count; ++i)
      finish(found->second.records,
             {emulator_->ticks(), i, errors[static_cast<std::size_t>(i)], emulator_->eta(run.projection)},
             run, i, stream, first_row + static_cast<int>(i));
  }

  static void add_end(std::vector<Field>& fields, const QuantisedRun& run) {
    fields.push_back({"exact", exact_bits, run.frac, true});
    fields.push_back(random_field);
    fields.push_back(field_of("result", run.format));
  }

  void finish(Records& records, std::vector<std::int64_t> row, const QuantisedRun& run, std::ptrdiff_t i,
              std::uint32_t stream, int random_row) const {
    row.push_back(run.exact[i]);
    row.push_back(random16(
        row_key(program().seed, emulator_->ticks(), stream, static_cast<std::uint32_t>(random_row)), 0));
    row.push_back(run.values[i]);
    records.add(row);
  }

  const Emulator* emulator_ = nullptr;
  std::vector<std::vector<std::int64_t>> membranes_;  ///< as they were before the pass that is under way
  std::map<std::pair<int, PassSlot>, Pass> passes_;
  std::map<int, File> steps_, weights_;
};

// Every field of every population, a row per unit after every tick.
class States {
 public:
  explicit States(const Program& program) : program_(program) {
    for (int k = 0; k < static_cast<int>(program.populations.size()); ++k) {
      std::vector<Field> fields{tick_field, number("unit")};
      for (const int f : fields_of(k))
        fields.push_back(field_of(sim::field_name(f), sim::field_format(program, k, f)));
      records_.emplace_back(std::move(fields));
    }
  }
  void take(sim::IntegerMachine& machine) {
    for (int k = 0; k < static_cast<int>(records_.size()); ++k) {
      std::vector<std::vector<std::int64_t>> all;
      for (const int f : fields_of(k)) all.push_back(machine.read(k, f));
      for (std::size_t unit = 0; unit < all.front().size(); ++unit) {
        std::vector<std::int64_t> row{machine.ticks() - 1, static_cast<std::int64_t>(unit)};
        for (const auto& values : all) row.push_back(values[unit]);
        records_[static_cast<std::size_t>(k)].add(row);
      }
    }
  }
  void write(std::map<std::string, std::string>& files, ordered_json& all) const {
    for (std::size_t k = 0; k < records_.size(); ++k) {
      const std::string name = without_spaces(program_.populations[k].name);
      Recorder::put("state_" + name, records_[k], {{"state_of", name}}, files, all);
    }
  }

 private:
  std::vector<int> fields_of(int population) const {
    std::vector<int> all;
    for (int f = 0; f < sim::state_fields; ++f) {
      const bool of_input = f == sim::memory::rate || f == sim::memory::sent_rate;
      const bool decays = f == sim::memory::mismatch || f == sim::memory::first_mismatch;
      if (population == 0 ? of_input : !decays || !program_.decay.empty()) all.push_back(f);
    }
    return all;
  }
  const Program& program_;
  std::vector<Records> records_;
};

// Both words of every entry.
std::string table_text(const ActivationTable& t) {
  std::string text = t.piecewise ? "segment,base,delta\n" : "entry,base\n";
  for (std::size_t i = 0; i < t.base.size(); ++i)
    text += t.piecewise ? fmt::format("{},{},{}\n", i, t.base[i], t.delta[i])
                        : fmt::format("{},{}\n", i, t.base[i]);
  return text;
}

ordered_json write_tables(const Program& program, std::map<std::string, std::string>& files) {
  ordered_json all = ordered_json::array();
  for (std::size_t k = 1; k < program.populations.size(); ++k) {
    if (program.populations[k].compartment != Compartment::soma) continue;
    for (const bool slope : {false, true}) {
      const ActivationTable& t = (slope ? program.slope_tables : program.rate_tables)[k];
      const std::string of = slope ? "slope" : "rate",
                        population = without_spaces(program.populations[k].name);
      const std::string name = fmt::format("table_{}_{}.csv", of, population);
      files[name] = table_text(t);
      all.push_back({{"csv", name},
                     {"signal", of},
                     {"population", population},
                     {"read_with", program.advanced_response ? "membrane" : "u"},
                     {"lowest", t.lowest()},
                     {"low_bits", t.piecewise ? t.low_bits : 0}});
    }
  }
  return all;
}

// What a core's retire ports tell, in its order; operations by their numbers in `apical compile`.
std::string retired(const std::shared_ptr<const Program>& program, const sim::Stimulus& stimulus,
                    std::uint64_t ticks) {
  sim::RetiringEmulator machine("emulator", program, {});
  std::string text = "tick,operation,signal,of,row,column,old,new,random16\n";
  for (std::uint64_t t = 0; t < ticks; ++t) {
    advance(machine, stimulus());
    for (const sim::Write& w : *machine.writes()) {
      const bool weight = w.projection >= 0;
      text += fmt::format(
          "{},{},{},{},{},{},{},{},{}\n", w.tick,
          w.operation == sim::Write::host ? "" : std::to_string(w.operation),
          weight ? "weight" : sim::field_name(w.signal),
          without_spaces(weight ? program->projections[static_cast<std::size_t>(w.projection)].name
                                : program->populations[static_cast<std::size_t>(w.layer)].name),
          w.row, weight ? std::to_string(w.column) : "", w.old_value, w.new_value, w.random);
    }
  }
  return text;
}

}  // namespace

SignalRecords::SignalRecords(const std::shared_ptr<const Program>& program,
                             const std::function<sim::Stimulus()>& stimulus, std::uint64_t ticks,
                             const std::vector<std::string>& digests) {
  Recorder recorder;
  EmulatorOptions options;
  options.schedule = Schedule::dense;
  options.statistics = false;
  options.watchers = {&recorder};
  sim::EmulatorIntegers machine("emulator", program, options);
  recorder.attach(std::as_const(machine).emulator());
  States states(*program);
  const sim::Stimulus play = stimulus();
  for (std::uint64_t t = 0; t < ticks; ++t) {
    advance(machine, play());
    states.take(machine);
    if (state_digest(machine) != digests[t])
      throw std::logic_error(fmt::format("tick {}: the schedules don't agree", t));
  }
  ordered_json described;
  described["format"] = signals_format;
  described["ticks"] = ticks;
  described["operations"] =
      sim::operations_until(*program, static_cast<int>(sim::listing(*program).operations.size()) - 1);
  described["records"] = ordered_json::array();
  recorder.write(files_, described["records"]);
  states.write(files_, described["records"]);
  described["tables"] = write_tables(*program, files_);
  described["retired"] = "retired.csv";
  files_["retired.csv"] = retired(program, stimulus(), ticks);
  files_["signals.json"] = described.dump(2) + "\n";
}

}  // namespace apical::tools
