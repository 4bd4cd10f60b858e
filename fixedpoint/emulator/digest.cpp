// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/emulator/digest.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <new>

namespace apical::fixedpoint {
namespace {

XXH3_state_t* native(void* state) {
  return static_cast<XXH3_state_t*>(state);
}

}  // namespace

void StateDigest::Free::operator()(void* state) const {
  XXH3_freeState(native(state));
}

StateDigest::StateDigest() : state_(XXH3_createState()) {
  if (!state_ || XXH3_128bits_reset(native(state_.get())) != XXH_OK) throw std::bad_alloc();
}

void StateDigest::add(std::int64_t value) {
  XXH3_128bits_update(native(state_.get()), &value, sizeof value);
}

void StateDigest::add(const std::int64_t* values, std::size_t count) {
  XXH3_128bits_update(native(state_.get()), values, count * sizeof(std::int64_t));
}

std::string StateDigest::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(native(state_.get()));
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace apical::fixedpoint
