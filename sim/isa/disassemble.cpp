// SPDX-License-Identifier: Apache-2.0
#include "sim/isa/disassemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "sim/isa/disassemble_reader.hpp"
#include "sim/isa/format_words.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

namespace {

template <std::size_t n>
bool equal(const std::array<std::uint32_t, n>& expected, const std::uint32_t* words) {
  return std::equal(expected.begin(), expected.end(), words);
}

}  // namespace

CoreMemories::CoreMemories(const CoreParameters& c) {
  for (auto& memory : signals) memory.assign(static_cast<std::size_t>(c.units), 0);
  operations.assign(static_cast<std::size_t>(c.ops), 0);
  descriptors.assign(projection_address(c.pops, c.projs), 0);
  decay.assign(static_cast<std::size_t>(c.decay), 0);
  table_base.assign(static_cast<std::size_t>(c.table), 0);
  table_delta.assign(static_cast<std::size_t>(c.table), 0);
  weights.assign(static_cast<std::size_t>(c.depth) * static_cast<std::size_t>(c.lanes), 0);
  links.assign(static_cast<std::size_t>(c.projs), 0);
  always.assign(static_cast<std::size_t>(c.pops), 0);
}

std::size_t CoreMemories::size(int memory) const {
  if (memory < memory::count) return signals[memory].size();
  switch (memory) {
    case window::operations:
      return operations.size();
    case window::descriptors:
      return descriptors.size();
    case window::decay:
      return decay.size();
    case window::table_base:
      return table_base.size();
    case window::table_delta:
      return table_delta.size();
    case window::weights:
      return weights.size();
    default:
      return 0;
  }
}

Disassembly ProgramReader::read() {
  read_operations(0);
  read_operations(m_.tick_operation);
  if (used_.empty() && projections_ == 0) return std::move(d_);  // nothing but END or a bad operation
  program_ = std::make_shared<Program>();
  program_->seed = m_.seed;
  read_links();
  const int populations = static_cast<int>(used_.size());
  program_->populations.resize(used_.size());
  program_->rate_tables.resize(used_.size());
  program_->slope_tables.resize(used_.size());
  program_->decay.assign(m_.decay.begin(),
                         m_.decay.begin() + std::min<std::ptrdiff_t>(m_.decay_length, core_.decay));
  places_.resize(used_.size());
  for (int p = 0; p < populations; ++p) read_units(p);
  for (int p = 1; p < populations; ++p) read_compartment(p);
  for (int p = 1; p < populations; ++p) read_points(p);
  for (int p = 1; p < populations; ++p) read_copies(p);
  tie_drives();
  for (int k = 0; k < projections_; ++k) read_projection(k);
  for (int k = projections_ - 1; k >= 0; --k) read_apical(k);
  for (int p = 1; p < populations; ++p) read_tables(p);
  d_.program = program_;
  program_->learning = false;
  for (CoreOperation& op : d_.operations) translate(op);
  for (std::size_t pc = 0; pc < d_.operations.size(); ++pc)
    if (d_.operations[pc].kind == CoreOperation::execute)
      (pc < m_.tick_operation ? program_->start : program_->operations)
          .push_back(d_.operations[pc].operation);
  for (int k = 0; k < projections_; ++k) check_projection(k);
  return std::move(d_);
}

// Operations from one on to the END, or to one that a core stops at.
void ProgramReader::read_operations(std::uint32_t first) {
  for (std::size_t pc = first;; ++pc) {
    if (pc >= m_.operations.size()) refuse(fmt::format("a tick begins at operation {}", first));
    if (d_.operations.size() <= pc) d_.operations.resize(pc + 1);
    const isa::Operation word = isa::Operation::decode(m_.operations[pc]);
    CoreOperation& op = d_.operations[pc];
    op.kind = CoreOperation::execute;
    op.operation.index = word.index;
    op.slots = static_cast<std::uint32_t>(word.slots);
    const bool update = word.code == isa::op::update;
    if (word.code == isa::op::end)
      op.kind = CoreOperation::end;
    else if (word.code >= isa::op::count || word.index >= (update ? core_.pops : core_.projs) ||
             pc + 1 == m_.operations.size())
      op.kind = CoreOperation::bad;  // the last word can only be an END
    if (op.kind != CoreOperation::execute) return;
    if (word.code == isa::op::forward) op.operation.code = OpCode::forward;
    if (word.code == isa::op::backward) op.operation.code = OpCode::backward;
    if (word.code == isa::op::learn) op.operation.code = OpCode::learn;
    if (update) {
      op.operation.code = OpCode::update;
      used_.resize(std::max(used_.size(), static_cast<std::size_t>(word.index) + 1));
      used_[static_cast<std::size_t>(word.index)] |= op.slots;
    } else {
      projections_ = std::max(projections_, word.index + 1);
      if (word.code == isa::op::backward) backward_.insert(word.index);
    }
  }
}

void ProgramReader::read_links() {
  program_->projections.resize(static_cast<std::size_t>(projections_));
  for (int k = 0; k < projections_; ++k) {
    Projection& p = program_->projections[static_cast<std::size_t>(k)];
    const std::uint32_t word = m_.links[static_cast<std::size_t>(k)];
    const reg::Link link = reg::Link::decode(word);
    p.name = fmt::format("W{}", k + 1);
    p.source = link.source;
    p.target = link.target;
    p.stream = k + 1;
    p.backward = backward_.count(k) != 0;
    if (p.target == 0 || std::max(p.source, p.target) >= core_.pops)
      refuse(fmt::format("LINK {:#x} of projection {}", word, k));
    used_.resize(std::max(used_.size(), static_cast<std::size_t>(std::max(p.source, p.target)) + 1));
  }
}

// Parts of an UPDATE instead of slots; nothing to do for other codes but to look whether it can be.
void ProgramReader::translate(CoreOperation& op) const {
  if (op.kind != CoreOperation::execute) return;
  const int index = op.operation.index;
  if (op.operation.code == OpCode::backward && index == 0) refuse("BACKWARD to the input");
  program_->learning |= op.operation.code == OpCode::learn;
  if (op.operation.code != OpCode::update) return;
  if (index == 0) refuse("UPDATE of the input");
  for (int s = 0; s < slot::count; ++s)
    if (op.slots >> s & 1) check_pass(index, s);
  if (op.slots == 1u << slot::mismatch) {
    op.kind = CoreOperation::decay;
    return;
  }
  // In these the order of the parts is that of the slots.
  constexpr int usual = part::basal | part::soma | part::error | part::membrane;
  for (int parts = 1; parts < 2 * part::voltage; ++parts) {
    if ((parts & ~usual) != 0 && parts != part::start_mismatch && parts != part::voltage &&
        (parts & ~part::basal) != part::start_error)
      continue;
    op.operation.parts = parts;
    if (slots_of(*program_, op.operation) == op.slots) return;
  }
  refuse(fmt::format("UPDATE {} of slots {:#x}", index, op.slots));
}

void ProgramReader::check_pass(int index, int number) const {
  const auto at = static_cast<std::size_t>(index);
  PassWords expected;
  if (!sim::pass_words(*program_, index, number, places_[at], expected) ||
      !equal(expected.pass.encode(), pass_words(index, number)))
    refuse(fmt::format("the descriptor of population {}, slot {}", index, number));
  if (random_level(expected.pass) != 0 && (m_.always[at] >> number & 1) == 0)
    refuse(fmt::format("slot {} of population {} rounds stochastically, but not ALWAYS", number, index));
  if (copies(index, number) && (m_.always[at] >> number & 1) == 0)
    refuse(fmt::format("slot {} of population {} copies, but not ALWAYS", number, index));
  check_features(expected.pass, fmt::format("slot {} of population {}", number, index));
  const bool mismatch = number == slot::start_mismatch || number == slot::mismatch;
  const auto needs = [&](bool needed, int has, const char* parameter) {
    if (needed && has == 0)
      refuse(fmt::format("slot {} of population {} needs {}", number, index, parameter));
  };
  needs(copies(index, number), core_.relays, "RELAYS");
  needs(mismatch, core_.mismatch, "MISMATCH");
  needs(number == slot::scratch || expected.pass.result.kind == kind::advanced, core_.advanced, "ADVANCED");
}

// What a core was elaborated without, it would compute in another way.
void ProgramReader::check_features(const isa::Pass& pass, const std::string& where) const {
  CoreParameters need = core_;
  need.left = need.random = 0;
  need.levels = need.align = 1;
  widen_for_pass(need, pass);
  const bool fits = need.left <= core_.left && need.random <= core_.random && need.levels <= core_.levels &&
                    need.align <= core_.align && need.fixed >= core_.fixed;
  if (!fits) refuse(where + " needs more of RANDOM, LEFT, LEVELS, ALIGN, or formats that FIXED doesn't fix");
}

void ProgramReader::check_projection(int k) {
  Projection& p = program_->projections[static_cast<std::size_t>(k)];
  const isa::Projection expected = sim::projection_words(*program_, k, core_.lanes, d_.image);
  auto words = expected.encode();
  // A host moves the learning rate.
  constexpr int eta = isa::Projection::matrix_word + isa::Matrix::eta_word;
  words[eta] = projection_words(k)[eta];
  if (!equal(words, projection_words(k))) refuse(fmt::format("the descriptor of projection {}", k));
  if (p.decay >= 0 && core_.weight_decay == 0) refuse(fmt::format("projection {} needs WEIGHT_DECAY", k));
  if (program_->learning) {
    check_features(expected.step, fmt::format("the step of projection {}", k));
    if ((p.learn_shift < 0 && core_.left == 0) || std::abs(p.learn_shift) >= 1 << core_.levels ||
        random_level(expected.matrix) > core_.random)
      refuse(fmt::format("projection {} needs more of LEFT, LEVELS, RANDOM", k));
  }
  const std::uint32_t link = m_.links[static_cast<std::size_t>(k)];
  if (link != link_word(*program_, k))
    refuse(fmt::format("LINK {:#x}, where its operations make it {:#x}", link, link_word(*program_, k)));
  for (int row = 0; row < p.rows; ++row)
    for (int column = 0; column < p.columns; ++column) {
      const std::uint32_t address = weight_address(d_.image, *program_, core_.lanes, k, row, column);
      if (address >= m_.weights.size()) refuse(fmt::format("weights of projection {} beyond the memory", k));
      const std::int64_t raw = m_.weights[address];
      if (raw < p.weight.minimum_raw() || raw > p.weight.maximum_raw())
        refuse(fmt::format("weight [{}][{}] of projection {} is {}, beyond its format", row, column, k, raw));
      p.image.push_back(raw);
    }
}

Disassembly disassemble(const CoreMemories& memories, const CoreParameters& core) {
  return ProgramReader(memories, core).read();
}

}  // namespace apical::sim
