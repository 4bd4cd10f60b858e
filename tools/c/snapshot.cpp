// SPDX-License-Identifier: Apache-2.0
#include "sim/machines/snapshot.hpp"

#include <fmt/format.h>

#include <cstring>

#include "tools/c/handle.hpp"
#include "tools/report/messages.hpp"

using namespace apical;
using namespace apical::c;
using tools::InputError;

apical_status apical_snapshot_size(apical_emulator* handle, size_t* bytes) {
  return call(handle, [&](const OpenEmulator& e) {
    there(bytes, "bytes");
    *bytes = sim::snapshot_bytes(e.program());
  });
}

apical_status apical_snapshot(apical_emulator* handle, void* buffer, size_t size) {
  return call(handle, [&](const OpenEmulator& e) {
    e.between_ticks("snapshot");
    there(buffer, "snapshot");
    const std::size_t needed = sim::snapshot_bytes(e.program());
    if (size < needed)
      throw InputError(fmt::format("snapshot: a buffer of {} bytes; accepted: {} or more", size, needed));
    std::memcpy(buffer, sim::snapshot(e.machine).data(), needed);
  });
}

apical_status apical_restore(apical_emulator* handle, const void* buffer, size_t size) {
  return call(handle, [&](OpenEmulator& e) {
    there(buffer, "snapshot");
    sim::restore(e.machine, buffer, size);
    e.next = e.first();
  });
}
