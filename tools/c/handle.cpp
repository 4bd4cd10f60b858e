// SPDX-License-Identifier: Apache-2.0
#include "tools/c/handle.hpp"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <new>
#include <shared_mutex>
#include <unordered_map>

#include "sim/isa/pass_words.hpp"
#include "sim/machines/integer_machine.hpp"
#include "tools/report/messages.hpp"

namespace apical::c {

using tools::InputError;

namespace {

constexpr std::size_t longest_line = 1500;

struct Registry {
  std::shared_mutex busy;
  std::unordered_map<std::uintptr_t, std::shared_ptr<OpenEmulator>> open;
  std::uintptr_t last = 0;
};

// Never destroyed: threads may still close handles while the process ends.
Registry& registry() {
  static auto* const all = new Registry;
  return *all;
}

// A handle is a number that is never used again, not an address: so one that was closed stays closed.
std::uintptr_t number_of(const apical_emulator* handle) {
  return reinterpret_cast<std::uintptr_t>(handle);
}

[[noreturn]] void not_open(const apical_emulator* handle) {
  throw InputError(fmt::format("handle: {}; accepted: one that apical_open() made and nobody closed",
                               handle == nullptr ? "null" : "not open"));
}

// What the language promises not to run out of memory for.
void keep(std::string& error, const char* text) noexcept {
  try {
    error = text;
  } catch (...) {
    error.clear();
  }
}

bool is_input(const std::exception& error) {
  if (dynamic_cast<const std::filesystem::filesystem_error*>(&error) != nullptr) return true;
  if (dynamic_cast<const std::system_error*>(&error) != nullptr) return false;
  return dynamic_cast<const std::invalid_argument*>(&error) != nullptr ||
         dynamic_cast<const std::runtime_error*>(&error) != nullptr;
}

}  // namespace

apical_status translated(std::string& error, void (*call)(void*), void* body) noexcept {
  try {
    try {
      call(body);
      return APICAL_OK;
    } catch (const std::exception& thrown) {
      error = tools::echoed(tools::explained(thrown), longest_line);
      return is_input(thrown) ? APICAL_BAD_INPUT : APICAL_INTERNAL;
    }
  } catch (const std::bad_alloc&) {
    keep(error, "not enough memory");
  } catch (...) {
    keep(error, "an exception of no known kind");
  }
  return APICAL_INTERNAL;
}

std::string& thread_error() {
  thread_local std::string error;
  return error;
}

apical_emulator* enter(std::shared_ptr<OpenEmulator> emulator) {
  Registry& all = registry();
  const std::unique_lock<std::shared_mutex> alone(all.busy);
  all.open.emplace(all.last + 1, std::move(emulator));
  ++all.last;
  apical_emulator* handle = nullptr;
  static_assert(sizeof(void*) == sizeof(std::uintptr_t));
  std::memcpy(&handle, &all.last, sizeof(std::uintptr_t));
  return handle;
}

std::shared_ptr<OpenEmulator> find(const apical_emulator* handle) {
  Registry& all = registry();
  const std::shared_lock<std::shared_mutex> reading(all.busy);
  const auto found = all.open.find(number_of(handle));
  if (found == all.open.end()) not_open(handle);
  return found->second;
}

void close(const apical_emulator* handle) {
  std::shared_ptr<OpenEmulator> closed;  // freed outside of the lock, or by the last call that uses it
  Registry& all = registry();
  const std::unique_lock<std::shared_mutex> alone(all.busy);
  const auto found = all.open.find(number_of(handle));
  if (found == all.open.end()) not_open(handle);
  closed = std::move(found->second);
  all.open.erase(found);
}

OpenEmulator::OpenEmulator(std::shared_ptr<const fixedpoint::Program> program,
                           fixedpoint::EmulatorOptions options, std::string said)
    : machine(std::move(program), options), notes(std::move(said)) {
  const fixedpoint::Program& all = machine.program();
  const sim::Listing listing = sim::listing(all);
  for (const sim::Listed& one : listing.operations) {
    const auto index = static_cast<std::size_t>(one.operation.index);
    operations.push_back({one.operation, one.decay,
                          one.decay ? fmt::format("DECAY    {} mismatch", all.populations[index].name)
                                    : describe(all, one.operation)});
  }
  start = listing.start;
  next = first();
}

void OpenEmulator::execute_next() {
  const Listed& one = operations[next];
  if (one.decay)
    machine.decay_mismatch(one.operation.index);
  else
    machine.execute(one.operation);
  ++next;
}

void OpenEmulator::end_tick() {
  machine.end_tick();
  next = first();
}

void OpenEmulator::between_ticks(const char* what) const {
  if (under_way())
    throw InputError(
        fmt::format("{}: a tick is under way; accepted: between ticks (apical_tick() ends one)", what));
}

void there(const void* pointer, const char* what) {
  if (pointer == nullptr) throw InputError(fmt::format("{}: null; accepted: a pointer to it", what));
}

void shaped(const void* array, std::size_t count, std::size_t wanted, const char* what) {
  there(array, what);
  if (count != wanted) throw InputError(fmt::format("{}: {} values; accepted: {}", what, count, wanted));
}

namespace {

template <class All>
std::size_t index_in(const All& all, std::int32_t index, const char* what) {
  if (index < 0 || static_cast<std::size_t>(index) >= all.size())
    throw InputError(fmt::format("{} {}; accepted: 0..{}", what, index, all.size() - 1));
  return static_cast<std::size_t>(index);
}

}  // namespace

std::size_t layer_index(const OpenEmulator& e, std::int32_t layer) {
  return index_in(e.program().populations, layer, "layer");
}

std::size_t projection_index(const OpenEmulator& e, std::int32_t projection) {
  return index_in(e.program().projections, projection, "projection");
}

int field_index(const OpenEmulator& e, std::int32_t signal, std::int32_t layer) {
  if (layer_index(e, layer) == 0 && signal != APICAL_RATE && signal != APICAL_SENT_RATE)
    throw InputError(fmt::format("signal {} of layer 0; accepted: {} (rate), {} (sent_rate)", signal,
                                 int{APICAL_RATE}, int{APICAL_SENT_RATE}));
  if (signal < 0 || signal >= sim::state_fields)
    throw InputError(fmt::format("signal {}; accepted: 0 ({}) .. {} ({})", signal, sim::field_name(0),
                                 sim::state_fields - 1, sim::field_name(sim::state_fields - 1)));
  return signal;
}

}  // namespace apical::c

using namespace apical;

// A copy of this thread's own, since another thread may have the handle fail meanwhile.
static std::string& said() {
  thread_local std::string text;
  return text;
}

const char* apical_last_error(apical_emulator* handle) {
  std::string failed;
  const apical_status status = c::call(failed, [&] {
    try {
      const auto emulator = c::find(handle);
      const std::lock_guard<std::mutex> alone(emulator->busy);
      said() = emulator->error;
    } catch (const tools::InputError&) {
      said() = c::thread_error();
    }
  });
  return status == APICAL_OK ? said().c_str() : "not enough memory";
}
