// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <vector>

#include "fixedpoint/emulator/emulator.hpp"
#include "tools/c/apical.h"
#include "tools/config/config.hpp"

namespace apical::c {

/// One operation of sim::listing(), and what it is in words.
struct Listed {
  fixedpoint::Operation operation;
  bool decay = false;
  std::string text;
};

/// What an apical_emulator* stands for.
struct OpenEmulator {
  OpenEmulator(std::shared_ptr<const fixedpoint::Program>, fixedpoint::EmulatorOptions, std::string notes);

  const fixedpoint::Program& program() const { return machine.program(); }
  bool under_way() const { return next != first(); }  ///< a tick is
  /// The number of the first operation of the coming tick.
  std::size_t first() const { return machine.ticks() == 0 ? 0 : start; }
  void execute_next();
  void end_tick();
  /// Throws InputError unless it is between ticks.
  void between_ticks(const char* what) const;

  fixedpoint::Emulator machine;
  std::vector<Listed> operations;
  std::size_t start = 0;  ///< number of the first operation of every tick
  std::size_t next = 0;
  std::string notes;

  std::mutex busy;    ///< held by the call that uses it
  std::string error;  ///< of the last call that failed
};

/// The handle of an emulator, which the registry holds until close().
apical_emulator* enter(std::shared_ptr<OpenEmulator>);
/// Throws InputError for what isn't open.
std::shared_ptr<OpenEmulator> find(const apical_emulator*);
void close(const apical_emulator*);

/// This thread's last failure of a call without a handle.
std::string& thread_error();

/// Every call of the interface runs in here: what it throws becomes a status and one line in `error`.
apical_status translated(std::string& error, void (*call)(void*), void* body) noexcept;

/// body() of a call without a handle.
template <class Body>
apical_status call(std::string& error, Body&& body) noexcept {
  return translated(
      error, [](void* b) { (*static_cast<std::remove_reference_t<Body>*>(b))(); }, &body);
}
template <class Body>
apical_status call(Body&& body) noexcept {
  return call(thread_error(), body);
}

/// body(OpenEmulator&) of an open one, alone with it.
template <class Body>
apical_status call(const apical_emulator* handle, Body&& body) noexcept {
  std::shared_ptr<OpenEmulator> emulator;
  std::unique_lock<std::mutex> alone;
  const apical_status found = call([&] {
    emulator = find(handle);
    alone = std::unique_lock<std::mutex>(emulator->busy);
  });
  if (found != APICAL_OK) return found;
  return call(emulator->error, [&] { body(*emulator); });
}

/// Throws InputError for a null pointer. `what`: what should be there.
void there(const void* pointer, const char* what);
/// Throws InputError unless an array is there and has `wanted` values.
void shaped(const void* array, std::size_t count, std::size_t wanted, const char* what);
/// A layer as an index; throws InputError unless first <= layer < populations.
std::size_t layer_index(const OpenEmulator&, std::int32_t layer);
std::size_t projection_index(const OpenEmulator&, std::int32_t projection);
/// A field of a population (sim/machines/integer_machine.hpp); throws InputError for what it doesn't have.
int field_index(const OpenEmulator&, std::int32_t signal, std::int32_t layer);

fixedpoint::Format checked(const apical_format*);  ///< throws InputError, SettingsError
apical_format in_c(const fixedpoint::Format&);

}  // namespace apical::c
